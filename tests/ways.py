"""How takes come to be where a run finds them: the scenes that the crash tests play.

A way brings a folder there; what must be true once a run has come to its end is written beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from PIL import Image
from scenes import KEYS, Scene

from r2vbatch.dashscope.client import Client
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Status
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.ledger import Ledger


@dataclass(frozen=True)
class Way:
    """How takes come to be where a run finds them."""

    name: str
    before: Callable[[Scene], None]
    """Brings the folder there."""
    paid: int
    """Tasks paid for in all, at the end."""
    clips: int = 2
    retired: int = 0
    buys: bool = False
    """The run to be killed pays for something: each death needs an account of its own."""
    kind: str = "live"
    sample: int = 2
    """Deaths in the default suite; 0: the way is for the long one."""
    most: int | None = None
    """Deaths in the long one; None: all there are."""


def two_new(scene: Scene) -> None:
    scene.studio.shots("a", "b")


def _at_the_service(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("after", "move submitted")


def _answer_not_read(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("before", "answer")


def _never_sent(scene: Scene) -> None:
    """The account has a task already: its list can be seen to be alive."""
    scene.studio.shots("a")
    scene.finish()
    scene.studio.shots("a", "b")
    scene.die("before", "post")


def _edited(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("after", "move submitted")
    scene.studio.shots({"id": "a", "prompt": "@chelsea instead."})


def _renamed(scene: Scene) -> None:
    """Two takes, one to a new name and one to that of the first."""
    first, second = ({"prompt": f"@ellen waves {how}."} for how in ("shyly", "wildly"))
    scene.studio.shots({"id": "a", **first}, {"id": "b", **second})
    scene.finish()
    scene.studio.shots({"id": "b", **first}, {"id": "c", **second})


def _removed(scene: Scene) -> None:
    scene.studio.shots("a", "b")
    scene.finish()
    scene.studio.shots("b")


def _brought_back(scene: Scene) -> None:
    _removed(scene)
    scene.finish()
    scene.studio.shots("a", "b")


_GOING_ON = {"id": "b", "prompt": "@previous, then @ellen sits.", "continues": "a"}


def _continued(scene: Scene) -> None:
    """b waits for a, so that another take must show that the account's list is alive."""
    scene.studio.shots("c")
    scene.finish()
    scene.studio.shots("a", _GOING_ON, "c")


def _stale(scene: Scene) -> None:
    """Another take is circled than the one that b goes on from, and b is to be made again."""
    scene.studio.shots({"id": "a", "prompt": "@ellen stands.", "takes": 2}, _GOING_ON)
    scene.finish()
    with closing(Ledger.open(scene.studio.output / "ledger.db", create=False)) as ledger:
        ledger.circle(next(row.key for row in ledger.wanted("live") if row.take == "a_t01"))
    scene.words_more = ("--stale",)


def _asked_again(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.finish()
    with closing(Ledger.open(scene.studio.output / "ledger.db", create=False)) as ledger:
        ledger.ask_again("a", "live")


def _lost(scene: Scene) -> None:
    """One clip has gone, and something else has been written into the other."""
    two_new(scene)
    scene.finish()
    (scene.studio.output / "clips" / "a_t01.mp4").unlink()
    os.truncate(scene.studio.output / "clips" / "b_t01.mp4", 1000)


def _strays(scene: Scene) -> None:
    """Two tasks have the prompt of a take that was never sent: one more than was asked for. Both
    have ended: what runs on when the take has got its own is another program's."""
    scene.studio.shots("a")
    scene.die("before", "post")
    [(text,)] = scene.studio.ledger("SELECT request FROM takes")
    body = json.loads(text)
    body["input"]["reference_urls"] = ["https://example.com/a.png"]

    async def another_program() -> None:
        key = Key(KEYS[scene.account])
        async with Client(find_endpoint(scene.stage.at.base_url), key) as client:
            for task in [await client.submit(body) for _ in range(2)]:
                while (await client.query(task.task_id)).status is not Status.SUCCEEDED:
                    await asyncio.sleep(0.05)

    asyncio.run(another_program())


def _collected(scene: Scene) -> None:
    """Its task is at the service, and nothing but `collect` brings it in."""
    scene.studio.shots("a")
    scene.die("after", "move submitted")
    scene.verb = "collect"


def _adopted_by_collect(scene: Scene) -> None:
    _answer_not_read(scene)
    scene.verb = "collect"


def _fitted(scene: Scene) -> None:
    """Its reference is larger than the model takes; the account has a task already."""
    other = {"id": "c", "prompt": "@chelsea stands."}
    scene.studio.shots(other)
    scene.finish()
    Image.new("RGB", (8200, 400), "#a33").save(scene.studio.folder / "refs" / "ellen.png")
    scene.studio.board["cast"]["ellen"]["fit"] = True
    scene.studio.shots("a", other)


def _filmed(scene: Scene) -> None:
    """Its film is there, of one shot less."""
    scene.studio.film = True
    scene.studio.shots("a")
    scene.finish()
    scene.studio.shots("a", "b")


WAYS_TO_BE = (
    Way("new", two_new, paid=2, buys=True, sample=5),
    Way("at-the-service", _at_the_service, paid=1, clips=1),
    Way("adopted", _answer_not_read, paid=1, clips=1),
    Way("sent-again", _never_sent, paid=2, buys=True),
    Way("edited", _edited, paid=2, clips=1, retired=1, buys=True, sample=3),
    Way("renamed", _renamed, paid=2),
    Way("retired", _removed, paid=2, clips=1, retired=1),
    Way("restored", _brought_back, paid=2),
    Way("continued", _continued, paid=3, clips=3, buys=True, sample=0, most=8),
    Way("stale", _stale, paid=4, clips=3, retired=1, buys=True, sample=0, most=4),
    Way("asked-again", _asked_again, paid=2, buys=True, sample=0, most=4),
    Way("lost", _lost, paid=2, retired=1, sample=0, most=8),
    Way("stray", _strays, paid=2, clips=1, retired=1, sample=0, most=6),
    Way("collected", _collected, paid=1, clips=1, sample=0, most=4),
    Way("adopted-by-collect", _adopted_by_collect, paid=1, clips=1, sample=0, most=4),
    Way("fitted", _fitted, paid=2, buys=True, sample=0, most=4),
    Way("preview", two_new, paid=0, kind="preview", sample=0),
)

FILMED = Way("filmed", _filmed, paid=2, buys=True)
"""Only to be looked at in the long tests: a film takes its time."""
