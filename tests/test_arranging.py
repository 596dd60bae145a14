"""The plan carried onto the disk: clips renamed, swapped, retired, restored, at any crash."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from arranging import arrange_plan, make_done, there
from storyboards import planned, storyboard

from r2vbatch.batch.arranging import finish_moves
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Kind, Ledger, State
from r2vbatch.storage import Folder

Board = dict[str, str]


class Studio:
    """One output folder, and the storyboards it sees."""

    def __init__(self, root: Path, kind: Kind = "live") -> None:
        self.root, self.kind = root / "out", kind
        self.root.mkdir()
        self.folder = Folder(self.root)
        self.ledger = Ledger.open(self.root / "ledger.db")

    def arrange(self, **board: str) -> None:
        """Arrange for shots given as id=what happens; nothing is made."""
        arrange_plan(self.ledger, self.folder, self.kind, planned(data(board)))

    def run(self, **board: str) -> dict[str, str]:
        """Arrange and make what is missing; the media then, without posters."""
        self.arrange(**board)
        make_done(self.ledger, self.folder, self.kind)
        return self.clips()

    def clips(self) -> dict[str, str]:
        """The media there, without posters and stamps of the lock."""
        return {name: text for name, text in there(self.root).items() if name.endswith(".mp4")}


def data(board: Board) -> dict[str, object]:
    """The manifest of a board."""
    return storyboard(*({"id": i, "prompt": f"@ellen {what}"} for i, what in board.items()))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A live studio."""
    made = Studio(tmp_path)
    yield made
    made.ledger.close()


def sound(studio: Studio) -> None:
    """Every done take has its own clip with its hash, and its poster; nothing else lies about."""
    rows = [studio.ledger.take(key) for key, *_ in studio.ledger.files(studio.kind)]
    found = there(studio.root)
    posters = {name: text for name, text in found.items() if name.endswith(".jpg")}
    for row in rows:
        assert row.file is not None
        assert hashlib.sha256(found[row.file].encode()).hexdigest() == row.sha256
        assert f"poster {row.key}" in posters.values()
    assert set(studio.clips()) == {row.file for row in rows}
    assert len(posters) == len(rows)


def test_a_renamed_shot_renames_its_clip(studio: Studio) -> None:
    """Clip and poster follow, nothing else moves."""
    studio.run(a="walks", b="runs")
    assert studio.run(z="walks", b="runs") == {
        "clips/z_t01.mp4": "live clip 1", "clips/b_t01.mp4": "live clip 2",
    }  # fmt: skip
    assert there(studio.root)["posters/z_t01.jpg"] == "poster 1"
    sound(studio)


def test_two_clips_swap(studio: Studio) -> None:
    """Neither is lost on the way."""
    studio.run(a="walks", b="runs")
    assert studio.run(a="runs", b="walks") == {
        "clips/a_t01.mp4": "live clip 2", "clips/b_t01.mp4": "live clip 1",
    }  # fmt: skip
    sound(studio)


def test_three_clips_rotate(studio: Studio) -> None:
    """a -> b -> c -> a."""
    studio.run(a="walks", b="runs", c="sits")
    assert studio.run(b="walks", c="runs", a="sits") == {
        "clips/a_t01.mp4": "live clip 3", "clips/b_t01.mp4": "live clip 1",
        "clips/c_t01.mp4": "live clip 2",
    }  # fmt: skip
    sound(studio)


def test_an_edited_shot_retires_its_clip_and_gets_it_back(studio: Studio) -> None:
    """Changed and changed back, nothing is made twice and nothing is deleted."""
    studio.run(a="walks")
    edited = studio.run(a="runs")
    assert edited["clips/a_t01.mp4"] == "live clip 2"
    assert [text for name, text in edited.items() if name.startswith("retired/a_t01-")] == [
        "live clip 1"
    ]
    back = studio.run(a="walks")
    assert back["clips/a_t01.mp4"] == "live clip 1"
    assert sorted(back.values()) == ["live clip 1", "live clip 2"]
    sound(studio)


def test_clips_of_the_same_id_and_text_retire_beside_each_other(studio: Studio) -> None:
    """Twins removed one after the other, under one id: two files, two names."""
    studio.run(a="walks", b="walks")
    studio.run(a="walks")
    studio.run(b="walks")
    studio.run(a="runs", b="walks")
    studio.run(b="walks", c="walks")
    left = studio.run(k="sits")
    assert sorted(left.values()) == [f"live clip {n}" for n in range(1, len(left) + 1)]
    retired = {name for name in left if name.startswith("retired/")}
    assert len(retired) == len(left) - 1
    sound(studio)


def test_one_id_retires_again_and_again(studio: Studio) -> None:
    """Every clip that one id ever had is kept."""
    for what in ("walks", "runs", "sits", "hums"):
        studio.run(a=what)
    assert sorted(studio.clips().values()) == [f"live clip {n}" for n in (1, 2, 3, 4)]
    sound(studio)


def test_slates_no_longer_wanted_are_dropped(tmp_path: Path) -> None:
    """A preview keeps what is wanted, under its name, and removes the rest with its posters."""
    studio = Studio(tmp_path, "preview")
    studio.run(a="walks", b="runs")
    assert studio.run(b="walks", c="sits") == {
        "preview/b_t01.mp4": "preview clip 1", "preview/c_t01.mp4": "preview clip 3",
    }  # fmt: skip
    sound(studio)
    studio.ledger.close()


def test_a_slate_never_moves_a_clip(tmp_path: Path) -> None:
    """A preview of another storyboard in the same folder leaves the live clips as they are."""
    live = Studio(tmp_path)
    live.run(a="walks", b="runs")
    before = live.clips()
    live.kind = "preview"
    live.run(a="runs", c="sits")
    live.run(c="runs")
    assert {n: t for n, t in live.clips().items() if n.startswith("clips/")} == before
    live.ledger.close()


def test_a_clip_that_has_gone_keeps_its_place_in_the_ledger(studio: Studio) -> None:
    """Removed by hand and then renamed, it is known where it should be: it is fetched again."""
    studio.run(a="walks")
    (studio.root / "clips/a_t01.mp4").unlink()
    studio.arrange(z="walks")
    assert [each[:2] for each in studio.ledger.files("live")] == [(1, "clips/z_t01.mp4")]


@pytest.mark.parametrize(
    ("after", "target"), [({"z": "walks"}, "clips/z_t01.mp4"), ({"k": "sits"}, "retired/")]
)
def test_a_clip_published_before_a_crash_follows_its_take(
    studio: Studio, after: Board, target: str
) -> None:
    """It lay under its name already, the ledger said fetched: renamed or retired, it goes along."""
    studio.run(a="walks")
    _undo_done(studio, 1)
    studio.arrange(**after)
    row = studio.ledger.take(1)
    assert row.state is State.FETCHED
    assert row.file is not None
    assert row.file.startswith(target)
    assert studio.clips() == {row.file: "live clip 1"}


def _undo_done(studio: Studio, key: int) -> None:
    """Back to fetched, as after a crash between the publishing and the ledger's ``done``."""
    row = studio.ledger.take(key)
    studio.ledger.move(key, State.GENERATED)
    studio.ledger.move(key, State.FETCHED, file=None, bytes=row.bytes)


def test_a_foreign_file_in_the_way_is_named_and_left_alone(studio: Studio) -> None:
    """Nothing replaces it; once it has been moved away the next try finishes the job."""
    studio.run(a="walks", b="runs")
    foreign = studio.root / "clips/z_t01.mp4"
    foreign.write_text("my holiday")
    with pytest.raises(OutputUnavailable, match=r"z_t01\.mp4 is in the way") as said:
        studio.arrange(z="walks", b="runs")
    assert "nothing is lost" in said.value.hint
    assert sorted(there(studio.root).values()).count("live clip 1") == 1
    with pytest.raises(OutputUnavailable, match="in the way"):
        finish_moves(studio.ledger, studio.folder)
    assert foreign.read_text() == "my holiday"
    foreign.unlink()
    finish_moves(studio.ledger, studio.folder)
    assert studio.clips() == {"clips/z_t01.mp4": "live clip 1", "clips/b_t01.mp4": "live clip 2"}
    sound(studio)


def test_a_folder_that_cannot_be_made_is_said(studio: Studio) -> None:
    """A file where `retired/` should be."""
    studio.run(a="walks")
    (studio.root / "retired").write_text("")
    with pytest.raises(OutputUnavailable, match="cannot be moved to retired/"):
        studio.arrange(a="runs")
    (studio.root / "retired").unlink()
    finish_moves(studio.ledger, studio.folder)
    assert list(studio.clips().values()) == ["live clip 1"]


BEFORE = {"a": "walks", "b": "runs", "c": "sits", "d": "hums", "e": "waves"}
AFTER = {"b": "walks", "c": "runs", "a": "sits", "d": "sleeps", "f": "waves"}


@pytest.mark.parametrize("kind", ["live", pytest.param("preview", marks=pytest.mark.long)])
def test_dying_at_any_step_loses_nothing(tmp_path: Path, kind: Kind) -> None:
    """Three clips rotate, one is retired, one renamed, and the process dies at each step of it,
    before, half-way and after: the next process brings every clip to its place."""
    studio = Studio(tmp_path, kind)
    studio.run(**BEFORE)
    studio.ledger.close()
    (tmp_path / "after.json").write_text(json.dumps(data(AFTER)))
    script = Path(__file__).parent / "arrange_and_die.py"
    deaths = subprocess.run(
        [sys.executable, script, tmp_path, kind], capture_output=True, text=True, check=True
    )
    outcomes = [json.loads(line) for line in deaths.stdout.splitlines()]
    folder = "clips" if kind == "live" else "preview"
    expected = {f"{folder}/{new}_t01.mp4": f"{kind} clip {old}"
                for new, old in {"b": 1, "c": 2, "a": 3, "f": 5}.items()}  # fmt: skip
    died = [outcome for outcome in outcomes if outcome["code"] == 9]
    assert len(died) > 30
    for outcome in outcomes:
        step = outcome["way"], outcome["at"]
        assert outcome["again"] == 0, step
        clips = {name: text for name, text in outcome["there"].items() if name.endswith(".mp4")}
        retired = {name: clips.pop(name) for name in list(clips) if name.startswith("retired/")}
        assert clips == expected, step
        assert list(retired.values()) == (["live clip 4"] if kind == "live" else []), step
        assert sum(name.endswith(".jpg") for name in outcome["there"]) == len(clips) + len(retired)
        assert not [name for name in outcome["there"] if name.startswith(".moving")], step
    assert [outcome["code"] for outcome in outcomes if outcome["code"] != 9] == [0, 0, 0]
