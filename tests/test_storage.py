"""The output folder: files whole or not at all, and never one in the place of another."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from r2vbatch.errors import OutputUnavailable
from r2vbatch.storage import Folder, on_shared_disk


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An output folder that does not exist yet."""
    return Folder(tmp_path / "out")


def part(folder: Folder, text: str, stem: str = "1") -> Path:
    """A finished part file."""
    place = folder.part(stem)
    place.write_text(text)
    return place


def tree(folder: Folder) -> dict[str, str]:
    """Every file and what is in it."""
    return {
        str(p.relative_to(folder.root)): p.read_text()
        for p in folder.root.rglob("*")
        if p.is_file()
    }


def test_publish_gives_a_part_its_name(folder: Folder) -> None:
    """The part is gone, the file is there, its folder was made."""
    folder.publish(part(folder, "clip"), "clips/a.mp4")
    assert tree(folder) == {"clips/a.mp4": "clip"}


def test_publish_never_replaces_a_foreign_file(folder: Folder) -> None:
    """A file of that name, a folder or a dangling link: all stay, and so does the part."""
    (folder.root / "clips").mkdir(parents=True)
    (folder.root / "clips/a.mp4").write_text("mine")
    (folder.root / "clips/b.mp4").mkdir()
    (folder.root / "clips/c.mp4").symlink_to("nowhere")
    for name in ("clips/a.mp4", "clips/b.mp4", "clips/c.mp4"):
        with pytest.raises(FileExistsError):
            folder.publish(part(folder, "clip"), name)
        assert folder.exists(name)
    assert tree(folder) == {"clips/a.mp4": "mine", ".parts/1.part": "clip"}


def test_publish_replaces_a_slate_when_asked(folder: Folder) -> None:
    """Slates are replaced without asking."""
    folder.publish(part(folder, "old"), "preview/a.mp4")
    folder.publish(part(folder, "new"), "preview/a.mp4", replace=True)
    assert tree(folder) == {"preview/a.mp4": "new"}


def test_publish_again_after_a_crash_in_the_middle(folder: Folder) -> None:
    """Between the new name and the end of the old one both lead to the same file: no error."""
    place = part(folder, "clip")
    (folder.root / "clips").mkdir()
    os.link(place, folder.root / "clips/a.mp4")
    folder.publish(place, "clips/a.mp4")
    assert tree(folder) == {"clips/a.mp4": "clip"}


def test_rename_again_after_a_crash_in_the_middle(folder: Folder) -> None:
    """The same for a rename."""
    folder.publish(part(folder, "clip"), "clips/a.mp4")
    (folder.root / "retired").mkdir()
    os.link(folder.root / "clips/a.mp4", folder.root / "retired/a.mp4")
    folder.rename("clips/a.mp4", "retired/a.mp4")
    assert tree(folder) == {"retired/a.mp4": "clip"}


def test_rename_moves_to_a_free_name_only(folder: Folder) -> None:
    """Across folders, within one, and never over another file."""
    folder.publish(part(folder, "one"), "clips/a.mp4")
    folder.publish(part(folder, "two"), "clips/b.mp4")
    with pytest.raises(FileExistsError):
        folder.rename("clips/a.mp4", "clips/b.mp4")
    folder.rename("clips/a.mp4", "clips/c.mp4")
    folder.rename("clips/b.mp4", "retired/b.mp4")
    assert tree(folder) == {"clips/c.mp4": "one", "retired/b.mp4": "two"}
    with pytest.raises(FileNotFoundError):
        folder.rename("clips/gone.mp4", "clips/d.mp4")


def test_rename_to_its_own_name_loses_nothing(folder: Folder) -> None:
    """One name, in one spelling or two, is not two names of which one may go."""
    folder.publish(part(folder, "clip"), "clips/a.mp4")
    folder.rename("clips/a.mp4", "clips/a.mp4")
    folder.rename("clips/a.mp4", "clips/./a.mp4")
    assert tree(folder) == {"clips/a.mp4": "clip"}


def test_three_files_rotate_through_a_place_aside(folder: Folder) -> None:
    """Names are swapped without a moment in which one file could replace another."""
    for name in "abc":
        folder.publish(part(folder, name), f"clips/{name}.mp4")
    for name in "abc":
        folder.rename(f"clips/{name}.mp4", f".moving/{name}")
    for old, new in ("ab", "bc", "ca"):
        folder.rename(f".moving/{old}", f"clips/{new}.mp4")
    assert tree(folder) == {"clips/a.mp4": "c", "clips/b.mp4": "a", "clips/c.mp4": "b"}


def test_carry_moves_what_is_there_and_no_more(folder: Folder) -> None:
    """A poster follows its clip; one that is missing is no problem, one in its way is replaced."""
    folder.carry("posters/a.jpg", "posters/b.jpg")
    assert not folder.exists("posters/b.jpg")
    folder.write("posters/a.jpg", "new")
    folder.write("posters/b.jpg", "old")
    folder.carry("posters/a.jpg", "posters/b.jpg")
    assert folder.path("posters/b.jpg").read_text() == "new"


def test_names_sizes_and_presence(folder: Folder) -> None:
    """What lies there, by name relative to the folder, with /."""
    assert folder.names("clips") == set()
    folder.publish(part(folder, "clip"), "clips/雨 1.mp4")
    assert folder.names("clips") == {"clips/雨 1.mp4"}
    assert (folder.size("clips/雨 1.mp4"), folder.size("clips/b.mp4")) == (4, None)
    assert (folder.exists("clips/雨 1.mp4"), folder.exists("clips/b.mp4")) == (True, False)
    assert folder.free() > 0


def test_parts_of_takes_still_wanted_are_kept(folder: Folder) -> None:
    """Only the parts named survive; a folder without parts is fine."""
    folder.clear_parts([])
    for stem in ("1", "12", "2"):
        part(folder, "x", stem)
    folder.clear_parts(["1", "7"])
    assert tree(folder) == {".parts/1.part": "x"}
    assert folder.part("1") == folder.part("1") != folder.part("12")


def test_pictures_half_written_are_cleared_away(folder: Folder) -> None:
    """What a worker that was killed left beside a poster goes; people's files stay."""
    names = ("posters/a_t01.jpg.4037.part", "posters/a_t01.jpg", "clips/mine.part", "a.jpg.1.part")
    for name in names:
        folder.write(name, "x")
    folder.clear_parts([])
    assert set(tree(folder)) == set(names[1:])


def test_text_is_written_whole_and_as_it_is(folder: Folder) -> None:
    """Line ends are ours, the old text is replaced, no part is left."""
    folder.write("results.csv", "old")
    folder.write("results.csv", "a\r\n雨\n")
    assert folder.path("results.csv").read_bytes() == "a\r\n雨\n".encode()
    assert list(tree(folder)) == ["results.csv"]


def test_this_disk_is_local_and_synced_folders_are_not(tmp_path: Path) -> None:
    """A temporary folder, made or not yet made, is no shared disk; one in a synced folder is."""
    assert not on_shared_disk(tmp_path)
    assert not on_shared_disk(tmp_path / "not" / "yet" / "made")
    for name in ("Dropbox", "Dropbox (Studio)", "OneDrive - Studio", "Google Drive"):
        (tmp_path / name).mkdir()
        assert on_shared_disk(tmp_path / name / "out" / "ledger.db")


def test_two_clips_make_the_folder_at_once(tmp_path: Path) -> None:
    """Clips that are published side by side into a folder that is not there yet all get there."""
    for number in range(40):
        folder = Folder(tmp_path / str(number))
        parts = [folder.part(str(clip)) for clip in range(4)]
        for part in parts:
            part.write_bytes(b"clip")
        start = threading.Barrier(len(parts))

        def publish(part: Path, folder: Folder = folder, start: threading.Barrier = start) -> None:
            start.wait()
            folder.publish(part, f"clips/{part.stem}.mp4")

        with ThreadPoolExecutor(len(parts)) as side_by_side:
            list(side_by_side.map(publish, parts))
        assert len(folder.names("clips")) == len(parts)


def test_two_write_the_same_text_file_while_a_run_begins(folder: Folder) -> None:
    """Each of them succeeds, and whoever reads it finds what one of them wrote, and all of that."""
    texts = [letter * 100_000 for letter in "ab"]
    folder.write("report.html", texts[0])

    def write(text: str) -> None:
        for _ in range(60):
            folder.write("report.html", text)

    with ThreadPoolExecutor(2) as side_by_side:
        writing = [side_by_side.submit(write, text) for text in texts]
        while not all(each.done() for each in writing):
            folder.clear_parts([])
            assert folder.path("report.html").read_text() in texts
        assert [each.result() for each in writing] == [None, None]
    assert not list(folder.path(".parts").iterdir())


def test_what_cannot_be_read_has_not_gone(folder: Folder) -> None:
    """A sub-folder that is not there is empty; of one that cannot be read, that is said."""
    assert (folder.names("clips"), folder.sizes("clips")) == (set(), {})
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.path("clips").symlink_to("clips")  # it leads to itself: not even root can read it
    for look in (folder.names, folder.sizes):
        with pytest.raises(OutputUnavailable, match="clips cannot be read: Too many levels"):
            look("clips")


@pytest.mark.parametrize("shop", [".parts", ".film", "fitted", "frames"])
def test_nothing_is_written_through_a_link_or_into_a_pipe(folder: Folder, shop: str) -> None:
    """A folder that came from somebody else may hold one under the name of what is written next."""
    place = folder.path(shop)
    place.mkdir(parents=True)
    (place / "reel.mp4.part").write_text("left over")
    folder.refuse_links()
    (place / "link").symlink_to(folder.root.parent / "precious")
    with pytest.raises(OutputUnavailable, match="link is a link, which is not followed"):
        folder.refuse_links()
    (place / "link").unlink()
    os.mkfifo(place / "pipe")
    with pytest.raises(OutputUnavailable, match="pipe is no file"):
        folder.refuse_links()


@pytest.mark.parametrize("name", ["../x.mp4", "clips/../../x.mp4", "/etc/passwd", ".."])
def test_no_name_leads_out_of_the_folder(folder: Folder, name: str) -> None:
    """Whatever a ledger that came from somebody else says; two dots in a name are harmless."""
    with pytest.raises(OutputUnavailable, match="names a file outside of the folder"):
        folder.exists(name)
    assert not folder.exists("clips/a..b_t01.mp4")
