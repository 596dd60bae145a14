"""The contact sheet as a page: what stands in it, what never does, and when it is written."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from boards import KEY, LINK, Shot, folder_with
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.film.chart import WIDTH, chart
from r2vbatch.film.report import NAME, write_report
from r2vbatch.ledger import Ledger, State, Transition
from r2vbatch.storage import Folder

S = State
HOSTILE = (
    "</script><script>alert(1)</script>\"' onerror=alert(1) \u202egnp.exe 👩‍🚀 <!-- ]]> {{ 7*7 }} "
)


class Reader(HTMLParser):
    """What a browser would find: elements with their attributes, and the text without scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] not in ("script", "style"):
            self.text += data

    def all(self, name: str, **attributes: str) -> list[dict[str, str | None]]:
        """Elements of that class or tag."""
        return [
            found
            for tag, found in self.found
            if (tag == name or name in (found.get("class") or "").split())
            and attributes.items() <= found.items()
        ]


def opened(folder: Folder) -> Ledger:
    return Ledger.open(folder.path("ledger.db"))


def page_of(folder: Folder) -> str:
    """The page as it is written now."""
    ledger = opened(folder)
    try:
        write_report(ledger, folder)
    finally:
        ledger.close()
    return folder.path(NAME).read_text(encoding="utf-8")


SHOTS = [
    Shot("sh010", live=[S.DONE, S.DONE], preview=[S.DONE]),
    Shot("sh020", preview=[S.DONE], prompt="@ellen waits. An @@ stays."),
    Shot("sh030", live=[S.FAILED], columns={"error_message": "it shows a <b>hand</b>"}),
    Shot("sh040", live=[S.IN_DOUBT], preview=[S.DONE]),
    Shot("雪", live=[S.HELD]),
    Shot("sh060", live=[S.RUNNING]),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Six shots in as many states."""
    return folder_with(tmp_path / "out", SHOTS)


def test_every_take_stands_in_storyboard_order(folder: Folder) -> None:
    """With its state, and its picture where there is one; a slate stands in for a clip."""
    page = Reader(page_of(folder))
    takes = page.all("take")
    assert [(t["data-take"], t["data-state"], t.get("data-clip")) for t in takes] == [
        ("sh010_t01", "done", "clips/sh010_t01.mp4"),
        ("sh010_t02", "done", "clips/sh010_t02.mp4"),
        ("sh020_t01", "done", "preview/sh020_t01.mp4"),
        ("sh030_t01", "failed", None),
        ("sh040_t01", "in_doubt", "preview/sh040_t01.mp4"),
        ("雪_t01", "held", None),
        ("sh060_t01", "running", None),
    ]
    assert len(page.all("badge")) == 2


def test_links_are_relative_and_lead_to_files(folder: Folder) -> None:
    """It opens from disk: each picture and clip that it names lies beside it, and nothing else is
    loaded from anywhere."""
    page = Reader(page_of(folder))
    links = {unquote(str(f[a])) for _, f in page.found for a in ("src", "href") if a in f}
    files = {link for link in links if not link.startswith("#")}
    assert len(files) == 8
    assert all(folder.path(file).is_file() for file in files)
    assert all(image["loading"] == "lazy" for image in page.all("img"))


def test_the_names_of_the_cast_are_marked(folder: Folder) -> None:
    """As they were written, not as a model calls them."""
    text = page_of(folder)
    assert text.count(">@ellen</bdi></b>") == 6
    assert "An @ stays." in text


def test_what_failed_comes_first_with_what_to_do(folder: Folder) -> None:
    """Above the takes; its reason quoted, and one sentence of advice each."""
    text = page_of(folder)
    head = text[text.index('class="troubles"') : text.index('id="board"')]
    assert re.findall(r'href="#take-([^"]+)"', head) == ["sh030_t01", "sh040_t01", "雪_t01"]
    assert "it shows a &lt;b&gt;hand&lt;/b&gt;" in head
    assert "sends nothing twice" in head
    assert "Raise <code>budget:</code>" in head


def test_no_link_key_or_path_of_this_machine(folder: Folder) -> None:
    """A page is sent to clients."""
    text = page_of(folder)
    for secret in (LINK, "Signature", KEY, str(folder.root), str(folder.root.parent)):
        assert secret not in text


@pytest.mark.parametrize("where", ["title", "prompt", "reason", "note"])
def test_whatever_people_write_stays_text(tmp_path: Path, where: str) -> None:
    """Markup, quotes, marks of direction and templates are shown, and nothing of them is obeyed."""
    folder = folder_with(
        tmp_path / "out",
        [
            Shot("a", live=[S.DONE], prompt=HOSTILE if where == "prompt" else "A walk."),
            Shot("b", live=[S.FAILED], columns={"error_message": HOSTILE * (where == "reason")}),
        ],
        title=HOSTILE if where == "title" else "A film",
    )
    calm = Reader(page_of(folder_with(tmp_path / "calm", [*SHOTS[:0], Shot("a", live=[S.DONE])])))
    ledger = opened(folder)
    if where == "note":
        ledger.add_note(1, HOSTILE, 1.0)
    ledger.close()
    page = Reader(page_of(folder))
    assert len(page.all("script")) == len(calm.all("script")) == 1
    assert not any(name.startswith("on") for _, found in page.found for name in found)
    assert "alert(1)" in page.text


def test_the_page_allows_its_own_script_alone(folder: Folder) -> None:
    """By its hash, as it stands in the page; nothing inline beside it."""
    import base64
    import hashlib

    text = page_of(folder)
    policy = str(
        Reader(text).all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    )
    for tag in ("script", "style"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not Reader(text).all("a", style="")
    assert "style=" not in re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
    assert policy.startswith("default-src 'none'")
    assert "connect-src 'none'" in policy


def test_it_is_written_only_when_something_happened(folder: Folder) -> None:
    """Not a second time as it is; after an event, and when it is gone, it is. A page of that name
    that somebody else put there stays."""
    ledger = opened(folder)
    try:
        assert write_report(ledger, folder) == "written"
        assert write_report(ledger, folder) == "current"
        ledger.circle(1)
        assert write_report(ledger, folder) == "written"
        folder.remove(NAME)
        assert write_report(ledger, folder) == "written"
        folder.write(NAME, "<!doctype html><title>mine</title>")
        assert write_report(ledger, folder) == "foreign"
        assert "mine" in folder.path(NAME).read_text(encoding="utf-8")
    finally:
        ledger.close()


def test_a_folder_without_a_manifest_that_can_be_read(tmp_path: Path) -> None:
    """The prompt as it was sent has to do."""
    folder = folder_with(tmp_path / "out", SHOTS[:1])
    ledger = opened(folder)
    ledger.set_meta(**{"live manifest_text": "no: ["})
    ledger.close()
    assert "@ellen walks along the beach." in page_of(folder)


def test_the_circled_take(folder: Folder) -> None:
    """The newest of several is circled by itself; a person's circle is drawn as one."""

    def circles() -> dict[str, tuple[bool, bool]]:
        takes = [t for t in Reader(page_of(folder)).all("take") if t["data-shot"] == "sh010"]
        classes = {str(t["data-take"]): str(t["class"]).split() for t in takes}
        return {take: ("circled" in c, "chosen" in c) for take, c in classes.items()}

    assert circles() == {"sh010_t01": (False, False), "sh010_t02": (True, False)}
    ledger = opened(folder)
    ledger.circle(next(k.key for k in ledger.known("live") if k.take == "sh010_t01"))
    ledger.close()
    assert circles() == {"sh010_t01": (True, True), "sh010_t02": (False, False)}


# --- the chart ---------------------------------------------------------------------------------


def moves(*steps: tuple[int, str, float]) -> list[Transition]:
    """Transitions of takes: (key, state after, at)."""
    before: dict[int, State] = {}
    made = []
    for key, after, at in steps:
        made.append(Transition(key, before.get(key, S.SUBMITTING), S(after), at, ""))
        before[key] = S(after)
    return made


def test_slots_and_spend_over_time() -> None:
    """Two takes that overlap: one, two, one and no slot; each paid when it was generated."""
    steps = [
        (1, "submitted", 0), (2, "submitted", 10), (1, "running", 12), (1, "generated", 30),
        (1, "fetched", 31), (1, "done", 32), (2, "generated", 40),
    ]  # fmt: skip
    drawn = chart(moves(*steps), {1: Decimal("0.5"), 2: Decimal("0.25")})
    assert drawn
    assert drawn.slots == [(0.0, 1), (250.0, 2), (750.0, 1), (1000.0, 0)]
    assert drawn.spend == [(0.0, 0), (750.0, Decimal("0.5")), (1000.0, Decimal("0.75"))]
    assert (drawn.most, drawn.busy, drawn.rests) == (2, 40, [])
    assert drawn.slots_path(100) == "M0 100H0V50H250V0H750V50H1000V100H1000V100Z"


def test_rests_are_left_out() -> None:
    """A night between two runs is a mark, not most of the chart."""
    night = 40_000.0
    steps = [(1, "submitted", 0), (1, "generated", 100), (2, "submitted", night),
             (2, "generated", night + 300)]  # fmt: skip
    drawn = chart(moves(*steps), {})
    assert drawn
    assert (drawn.rests, drawn.busy) == ([250.0], 400)
    assert [x for x, _ in drawn.slots] == [0.0, 250.0, 1000.0]


def test_no_chart_of_nothing() -> None:
    """Before anything was submitted there is none."""
    assert chart(moves((1, "held", 3.0)), {}) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1e4), st.integers(0, 500)),
        min_size=1,
        max_size=60,
    )
)
def test_any_batch_has_a_chart(takes: list[tuple[float, float, int]]) -> None:
    """Whenever takes began and ended: inside its bounds, in order, ending with nothing at the
    service and with the whole sum."""
    steps: list[Any] = []
    for key, (start, length, _) in enumerate(takes):
        steps += [(key, "submitted", start), (key, "generated", start + length)]
    drawn = chart(moves(*steps), {key: Decimal(c) / 100 for key, (_, _, c) in enumerate(takes)})
    assert drawn
    for xs in ([x for x, _ in drawn.slots], [x for x, _ in drawn.spend]):
        assert xs == sorted(xs)
        assert all(0 <= x <= WIDTH for x in xs)
    assert drawn.slots[-1][1] == 0
    assert all(0 <= level <= drawn.most <= len(takes) for _, level in drawn.slots)
    assert drawn.total == sum(Decimal(c) / 100 for _, _, c in takes)
