"""`film` on the command line: what it makes, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shelf import Shelf
from studio import Studio, service

from r2vbatch.batch.lock import locked


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path / "studio" / "out") as made:
        yield made


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


def test_a_film_while_a_run_has_the_folder(shelf: Shelf, studio: Studio) -> None:
    """It is made, with the timelines asked for; the clips it was made from are as they were."""
    shelf.put("a_t01")
    shelf.put("b_t01", "preview")
    clip = shelf.folder.path("clips/a_t01.mp4").read_bytes()
    with locked(shelf.folder.root):
        outcome = studio.call("film", "out", "--timeline", "edl")
    assert outcome.err == ""
    assert outcome.out == (
        "film: 2 shots, 1 slate among them, 0:01;"
        " out/reel.mp4, out/timeline.edl, out/timeline.otio, out/report.html\n"
    )
    assert outcome.code == 0
    assert shelf.folder.path("clips/a_t01.mp4").read_bytes() == clip


def test_what_is_missing_is_named(shelf: Shelf, studio: Studio) -> None:
    """And the exit code says that the film is not whole."""
    shelf.put("a_t01")
    shelf.want("b_t01")
    outcome = studio.call("film", "out")
    assert outcome.code == 1
    assert outcome.out.splitlines()[1:] == ["left out, having neither clip nor slate: 1 shot (b)"]


def test_nothing_to_cut(shelf: Shelf, studio: Studio) -> None:
    """Is no film, and no bug."""
    shelf.want("a_t01")
    outcome = studio.call("film", "out")
    assert outcome.code == 1
    assert outcome.out == "no film: there is nothing to cut; out/report.html\n"


def test_no_batch_there(studio: Studio) -> None:
    """A folder in which nothing was begun."""
    outcome = studio.call("film", "refs")
    assert (outcome.code, outcome.out) == (5, "")
    assert outcome.err.startswith("error: refs/ledger.db: no ledger here\nhint: ")


def test_a_run_delivers_its_film(studio: Studio) -> None:
    """By itself, once, under its title: what it says, what lies there, and that the next run leaves
    it alone. With --no-film it does not."""
    studio.film = True
    studio.shots("a", "b", title="小雨的一天")
    line = "film: 2 shots, 0:04; out/reel.mp4, out/timeline.otio, out/report.html"
    reel = studio.output / "reel.mp4"
    with service() as at:
        assert "film: " not in studio.live(at, "--no-film").out
        assert not reel.exists()
        said = studio.live(at)
        assert said.code == 0
        assert line in said.out.splitlines()
        made = reel.stat().st_mtime_ns
        assert line in studio.live(at, "--on-done", f"tee {studio.folder / 'told.json'}").out
        assert reel.stat().st_mtime_ns == made
    told = json.loads((studio.folder / "told.json").read_text(encoding="utf-8"))
    assert told["film"]["files"] == ["reel.mp4", "timeline.otio", "report.html"]
    timeline = json.loads((studio.output / "timeline.otio").read_text(encoding="utf-8"))
    assert timeline["name"] == "小雨的一天"


def test_a_film_that_cannot_be_made_is_told_and_nothing_else(studio: Studio) -> None:
    """The run is over, its takes are done: that is what its exit code says."""
    studio.film = True
    studio.shots("a")
    studio.output.mkdir()
    (studio.output / ".film").write_text("in the way", encoding="utf-8")
    with service() as at:
        said = studio.live(at)
    assert said.code == 0
    assert "1 of 1 take done" in said.out
    assert f"film: {studio.output} cannot be written to: File exists" in said.out


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended_half_way_the_film_there_was_is_whole(
    shelf: Shelf, studio: Studio, number: signal.Signals
) -> None:
    """Ctrl-C ends it within a frame and leaves nothing about; whatever kill -9 leaves, the next one
    clears away. The film that was there is as it was."""
    shelf.put("a_t01", size=(640, 360))
    shelf.deliver()
    before = shelf.folder.path("reel.mp4").read_bytes()
    shelf.put("b_t01", size=(360, 640), frames=600, hertz=None)
    with studio.start("film", "out") as program:
        while not list(shelf.folder.path(".film").glob("*.part")):
            assert program.poll() is None
            time.sleep(0.005)
        program.send_signal(number)
        program.communicate(timeout=60)
    assert program.wait() in (130, -9)
    assert shelf.folder.path("reel.mp4").read_bytes() == before
    if number is signal.SIGINT:
        assert not list(shelf.folder.path(".film").glob("*.part"))
    assert studio.call("film", "out").code == 0
    assert not list(shelf.folder.path(".film").glob("*.part"))
    assert shelf.deliver().shots == 2
