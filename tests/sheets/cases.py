"""What the sheets show: all that a slate has to cope with."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from r2vbatch import datafiles
from r2vbatch.emulator.slate.model import FPS, Picture, Slate

REFS = datafiles.folder("manifests") / "refs"
NAMES = ("ellen", "chelsea", "coffee", "rocket", "bunny")
CHINESE = ("艾伦", "小雪", "咖啡", "火箭", "兔子")
FILES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "bunny.mp4")


class Case(NamedTuple):
    """A slate in whatever size, and the seconds at which to look at it."""

    slate: Slate
    seconds: tuple[float, ...]

    def at(self, size: tuple[int, int]) -> tuple[Slate, set[int]]:
        """The slate in a size, and its frames to look at."""
        slate = replace(self.slate, width=size[0], height=size[1])
        return slate, {min(slate.seconds * FPS - 1, round(s * FPS)) for s in self.seconds}


def _case(
    prompt: str, *references: int, names: tuple[str, ...] = NAMES, seconds: int = 6, at: float = 5
) -> Case:
    pictures = tuple(
        Picture(
            f"character{number}",
            names[i],
            "video" if FILES[i].endswith(".mp4") else "image",
            REFS / FILES[i],
            FILES[i],
        )
        for number, i in enumerate(references, 1)
    )
    slate = Slate("sh010", 1, "m", prompt, 16, 16, seconds, True, False, None, pictures)
    return Case(slate, (at,))


def _cut(case: Case) -> Case:
    return case._replace(seconds=(1.5, *case.seconds))


def _changed(case: Case, **changes: object) -> Case:
    return case._replace(slate=replace(case.slate, **changes))  # type: ignore[arg-type]


WINDOW = (
    "character1 sits at the kitchen window in the soft light of a slow morning, character2 asleep "
    "on her knees and character3 steaming on the sill. The radio counts down; she reaches over "
    'and turns it off. character1 whispers to character2: "No launch today."'
)
WINDOW_CHINESE = (
    "character1坐在厨房窗边，清晨的柔光洒进来，character2睡在她的膝上，character3在窗台上冒着热气。"
    "收音机里传来倒计时，她伸手关掉了它。character1对character2轻声说：“今天不发射了。”"
)
MEADOW = (
    "A meadow behind the house on a summer day, birdsong. Shot 1 [0-3s] character2 climbs out of "
    "his burrow, stretches and sniffs at the air. Shot 2 [3-6s] character1 stops in tall grass, "
    'tail up: she has never seen anyone so large. character1 says: "Mrow?"'
)
MEADOW_CHINESE = (
    "夏日，屋后的草地，鸟鸣。第1个镜头[0-3秒]character2爬出洞穴，伸了个懒腰，嗅了嗅空气。"
    "第2个镜头[3-6秒]character1停在高高的草丛中，翘起尾巴。character1说：“你好大呀！”"
)
TALK = (
    "character1 and character2 share the garden bench, looking at the sky. character1 says: "
    '"You could see your meadow from up there, and the house, and the whole long valley, and the '
    'river behind it, all of it at once, if only you would come along with me one day." '
    'character2 says to character1: "I can see it from here."'
)
LONG = (
    "character1 walks slowly along the empty seafront at dawn while gulls wheel over the grey "
    "water, her collar turned up against the wind, thinking of the letter in her pocket. "
) * 8
LONG_CHINESE = (
    "清晨，character1沿着空无一人的海边慢慢走着，海鸥在灰色的水面上盘旋，她竖起衣领抵挡寒风。" * 34
)
ODD = (
    "character1 🚀 smiles 😀👩‍🚀 and waves; cafe\u0301 nai\u0308ve Z\u0324algo שלום עולם and "
    "مرحبا بالعالم, Привет, Ελλάδα, สวัสดี, हिन्दी. character2 says: “مرحبا 🚀 שלום”"
)
CASES = {
    "latin": _case(WINDOW, 0, 1, 2),
    "chinese": _case(WINDOW_CHINESE, 0, 1, 2, names=CHINESE),
    "ranges": _cut(_case(MEADOW, 1, 4, at=5.5)),
    "ranges-chinese": _cut(_case(MEADOW_CHINESE, 1, 4, names=CHINESE, at=5.5)),
    "dialogue": _cut(_case(TALK, 0, 4, seconds=10, at=9.5)),
    "long": _case((LONG + 'character2 says: "Then stay."')[-1500:], 0, 1, seconds=10, at=9.5),
    "long-chinese": _case(
        (LONG_CHINESE + "character2说：“那就留下来吧。”")[-1500:],
        0,
        1,
        names=CHINESE,
        seconds=10,
        at=9.5,
    ),
    "odd": _case(ODD, 0, 1),
    "missing": _changed(
        _case(WINDOW, 0, 1, 2),
        watermark=True,
        audio=False,
        seed=7,
        shot="the_long_way_home_through_the_garden-12",
        pictures=(
            Picture("character1", "ellen", "missing", None, "https://media.example/ellen.png"),
            Picture("character2", "chelsea", "image", REFS / "chelsea.png", ""),
        ),
    ),
    "alone-missing": _changed(
        _case(MEADOW, 1),
        pictures=(
            Picture("character1", "the lighthouse", "missing", None, "https://media.example/l.png"),
        ),
    ),
    **{f"references-{n}": _case(WINDOW, *range(n)) for n in (1, 2, 3, 4, 5)},
    "video": _case("character1 climbs out of his burrow and stretches.", 4, at=2),
}
