"""Pages in a real browser: played, filtered, circled, noted, retaken, at 1,000 takes and with
hostile prompts. Long: a browser takes its time to begin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from boards import Shot, folder_with
from chromium import Page, chromium, needs_chromium
from nursery import nursery
from test_report import HOSTILE

from r2vbatch.film.report import NAME, write_report
from r2vbatch.ledger import Ledger, State

S = State
pytestmark = [pytest.mark.long, needs_chromium]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One browser for all of it; each test opens what it looks at."""
    with chromium() as page:
        page.looks(1280, 900)
        yield page


def report(page: Page, root: Path, shots: list[Shot], title: str = "A day off") -> None:
    """A report of these shots, opened from disk."""
    folder = folder_with(root / "out", shots, title)
    ledger = Ledger.open(folder.path("ledger.db"))
    write_report(ledger, folder)
    ledger.close()
    page.complaints.clear()
    page.open(folder.path(NAME).as_uri())


def test_a_report_of_a_thousand_takes(page: Page, tmp_path: Path) -> None:
    """It opens from disk, loads only the pictures that are near, and finds what is looked for."""
    shots = [Shot(f"sh{n:04}", live=[S.DONE, S.DONE]) for n in range(495)]
    shots += [Shot(f"bad{n}", live=[S.FAILED], prompt="@ellen frowns.") for n in range(10)]
    report(page, tmp_path, shots)
    assert page.eval("document.querySelectorAll('.take').length") == 1000
    page.wait("[...document.images].some((image) => image.naturalWidth)")
    loaded = "[...document.images].filter((image) => image.naturalWidth).length"
    assert 8 <= page.eval(loaded) < 200
    page.click("[data-show=trouble]")
    assert page.eval("document.querySelector('#shown').textContent") == "10 takes"
    page.click("[data-show=all]")
    page.click("#search")
    page.press(*"FROWNS")
    page.wait("document.querySelector('#shown').textContent === '10 takes'")
    assert page.eval("document.querySelectorAll('.shot:not(.gone)').length") == 10
    assert page.complaints == []


def test_a_clip_plays_under_the_pointer(page: Page, tmp_path: Path) -> None:
    """And is let go of when the pointer leaves."""
    report(page, tmp_path, [Shot("a", live=[S.DONE]), Shot("b", live=[S.DONE])])
    page.move("#take-a_t01 .frame")
    page.wait("document.querySelector('#take-a_t01 video')?.currentTime > 0")
    page.move("#take-b_t01 .frame")
    page.wait("document.querySelector('#take-b_t01 video')?.currentTime > 0")
    assert page.eval("document.querySelectorAll('video').length") == 1
    assert page.complaints == []


def test_the_keys_of_a_cutting_room(page: Page, tmp_path: Path) -> None:
    """Arrows choose, Enter opens, J K L wind, stop and play, B puts takes beside each other."""
    shots = [Shot("a", live=[S.DONE, S.DONE]), Shot("b", preview=[S.DONE])]
    shots += [Shot("c", live=[S.HELD])]
    report(page, tmp_path, shots)
    video = "document.querySelector('#stage .current video')"
    viewing = "document.querySelector('#viewing').textContent"
    page.press("ArrowRight", "Enter")
    assert page.eval(viewing) == "a_t02"
    page.wait(f"{video}.currentTime > 0.1 && !{video}.paused")
    page.press("k")
    assert page.eval(f"{video}.paused")
    page.press("l", "l")
    page.wait(f"!{video}.paused && {video}.playbackRate === 2")
    page.wait(f"{video}.currentTime > 0.6")
    page.press("j")
    page.wait(f"{video}.paused && {video}.currentTime < 0.5")
    page.press("k", ".")
    page.press("b")
    assert page.eval("document.querySelectorAll('#stage video').length") == 2
    page.press("ArrowDown")
    assert page.eval(viewing) == "b_t01"
    page.press("ArrowDown")
    assert page.eval("document.querySelector('#stage').textContent") == "heldc_t01"
    page.press("Escape")
    page.wait("document.activeElement.dataset.take === 'c_t01'")
    page.wait("!document.querySelector('#stage video')")  # the pointer may rest on another
    assert page.complaints == []


def test_a_person_faster_than_the_page(page: Page, tmp_path: Path) -> None:
    """Who presses a key before the first picture is drawn keeps the focus, and the browser has
    nothing to complain of: what a dialog focuses is asked for when it opens, not by the page."""
    soon = """document.addEventListener("DOMContentLoaded",
        () => document.querySelector("#search").focus())"""
    known = page.do("Page.addScriptToEvaluateOnNewDocument", source=soon)
    try:
        report(page, tmp_path, [Shot("a", live=[S.DONE])])
        page.eval("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)))")
        assert page.eval("document.activeElement.id") == "search"
        page.click("#take-a_t01 .open")
        page.wait("document.activeElement.id === 'viewing'")
    finally:
        page.do("Page.removeScriptToEvaluateOnNewDocument", **known)
    assert page.complaints == []


def test_hostile_words_run_nothing(page: Page, tmp_path: Path) -> None:
    """Markup, quotes, directions, 50 kB of them: all text, and no wider than the window."""
    long = (HOSTILE * 600)[:50_000].replace("{", "(").replace("@", "at")
    shots = [Shot("a", live=[S.DONE], prompt=HOSTILE), Shot("b", live=[S.DONE], prompt=long)]
    shots += [Shot("c", live=[S.FAILED], columns={"error_message": HOSTILE + "x" * 3000})]
    report(page, tmp_path, shots, title=HOSTILE)
    page.eval("window.alert = () => { window.ran = true; }")
    page.press("ArrowRight", "Enter", "ArrowDown", "Escape")
    assert page.eval("document.querySelectorAll('script').length") == 1
    assert not page.eval("window.ran")
    assert page.eval("document.querySelector('h1').textContent.startsWith('</script>')")
    for width in (1280, 390):
        page.looks(width, 900)
        assert page.eval("document.documentElement.scrollWidth") <= width
    page.looks(1280, 900)
    assert page.complaints == []


@contextmanager
def reviewed(page: Page, root: Path, shots: list[Shot]) -> Iterator[Ledger]:
    """A review of these shots by the program itself, open in the browser; and the ledger, as
    another process has it open."""
    folder = folder_with(root / "out", shots)
    ledger = Ledger.open(folder.path("ledger.db"), create=False)
    with nursery().start(["review", "out"], root, dict(os.environ)) as program:
        try:
            page.complaints.clear()
            page.open(program.stdout.readline().split()[-1])
            page.wait("document.querySelector('#pulse')?.className === 'on'")
            yield ledger
        finally:
            page.open("about:blank")
            ledger.close()
            program.kill()


_R_TWICE = """
for (const repeat of [false, true, false])
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "r", repeat, bubbles: true }));
"""


def test_a_director_at_work(page: Page, tmp_path: Path) -> None:
    """C circles, N notes at the moment shown, R asks for a retake after a yes to its price: each
    is in the ledger at once, and seen on the page without opening it anew."""
    shots = [Shot("a", live=[S.DONE, S.DONE]), Shot("b", preview=[S.DONE])]
    with reviewed(page, tmp_path, shots) as ledger:
        page.eval("window.same = true")
        page.press("c")
        page.wait("document.querySelector('#take-a_t01').matches('.chosen')")
        assert ledger.circles().keys() == {1}
        page.press("Enter")
        page.wait("document.querySelector('#stage video')?.currentTime > 0.2")
        page.press("n")
        page.press(*"too soft", "Enter")
        page.wait("document.querySelector('#panel .notes')?.textContent.includes('too soft')")
        (note,) = ledger.notes()
        assert (note.key, note.text) == (1, "too soft")
        assert note.seconds and 0.2 <= note.seconds <= 2.0
        page.press("r")
        page.wait("document.querySelector('#retake').open")
        assert "1.50 USD" in page.eval("document.querySelector('#retake-price').textContent")
        assert page.eval("document.activeElement.value") == "no"
        page.press("Escape")  # no
        page.wait("!document.querySelector('#retake').open")
        page.eval(_R_TWICE)  # as a key that is held down says it, before the price is there
        page.wait("document.querySelector('#retake').open")
        page.click("#retake .yes")
        page.wait("document.querySelector('#toast').textContent.startsWith('another take of a')")
        (retake,) = ledger.retakes()
        assert (retake.shot, retake.kind, str(retake.agreed)) == ("a", "live", "1.50 USD")
        page.click("#panel .drop")
        page.wait("!document.querySelector('#panel .notes').textContent")
        page.press("ArrowDown", "r")  # a slate: free, so nothing is asked
        page.wait("document.querySelector('#toast').textContent.startsWith('another take of b')")
        page.press("Escape")
        page.click("#take-a_t01 [data-do=circle]")
        page.wait("!document.querySelector('#take-a_t01').matches('.chosen')")
        assert (ledger.circles(), ledger.notes(), len(ledger.retakes())) == ({}, [], 2)
        assert page.eval("window.same")
        assert page.complaints == []


def test_a_batch_that_runs_is_watched(page: Page, tmp_path: Path) -> None:
    """What another process does is seen as it happens, while something else plays on."""
    shots = [Shot(f"sh{n:04}", live=[S.DONE], prompt=HOSTILE) for n in range(999)]
    shots += [Shot("last", live=[S.RUNNING])]
    with reviewed(page, tmp_path, shots) as ledger:
        page.eval("window.same = true")
        page.press("Enter")
        page.wait("document.querySelector('#stage video')?.currentTime > 0")
        page.eval("document.querySelector('#stage video').marked = true")
        key = next(k.key for k in ledger.known("live") if k.shot == "last")
        ledger.move(key, S.FAILED, error_message=HOSTILE)
        page.wait("document.querySelector('#take-last_t01').dataset.state === 'failed'")
        page.wait("document.querySelector('.troubles')?.textContent.includes('last_t01')")
        assert page.eval("document.querySelector('#stage video').marked")
        assert page.eval("window.same")
        assert page.eval("document.querySelectorAll('script').length") == 1
        assert page.complaints == []
