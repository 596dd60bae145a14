"""Media: facts of references, verification of clips, posters. All files are real ones."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import random
import zlib
from array import array
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from pathlib import Path

import av
import pytest
from PIL import Image

from r2vbatch import datafiles, media
from r2vbatch.media import Expected, FileFacts

REFS = datafiles.folder("manifests") / "refs"
BUNNY = REFS / "bunny.mp4"
ANY = Expected(None, None, None, None)


def draw_clip(
    path: Path,
    *,
    size: tuple[int, int] = (320, 180),
    frames: int = 60,
    rate: int = 30,
    sound: bool = True,
) -> Path:
    """A small H.264 clip whose picture changes with every frame."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=48000) if sound else None
        for number in range(frames):
            shade = number * 255 // frames
            image = Image.new("RGB", size, (shade, 255 - shade, 90))
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio:
            for start in range(0, frames * 48000 // rate, 1024):
                tone = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
                for plane in tone.planes:
                    plane.update(array("f", [0.05, -0.05] * 512).tobytes())
                tone.sample_rate, tone.pts = 48000, start
                container.mux(audio.encode(tone))
            container.mux(audio.encode())
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds at 320x180, 30 fps, with sound."""
    return draw_clip(tmp_path / "clip.mp4")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "kind", "seconds", "size"),
    [
        ("astronaut.png", "image", None, (512, 512)),
        ("chelsea.png", "image", None, (451, 300)),
        ("rocket.jpg", "image", None, (640, 427)),
        ("bunny.mp4", "video", Decimal("5.312"), (1280, 720)),
    ],
)
def test_facts(name: str, kind: str, seconds: Decimal | None, size: tuple[int, int]) -> None:
    """Kind, length and size of a reference, and the hash of its content."""
    found = media.facts(REFS / name)
    assert (found.kind, found.seconds, (found.width, found.height)) == (kind, seconds, size)
    assert found.sha256 == sha256(REFS / name)
    assert found.bytes == (REFS / name).stat().st_size


@pytest.mark.parametrize("content", [b"", b"no media at all", b"\x89PNG\r\n\x1a\n", b"#EXTM3U\n"])
def test_facts_of_what_is_no_media(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be opened still has a hash and a length, and no kind."""
    file = tmp_path / "file.png"
    file.write_bytes(content)
    found = media.facts(file)
    assert found == FileFacts(sha256(file), len(content), None, None, None, None)


class Remembered:
    """A cache in memory that counts what it is asked to keep."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Path, int, int], FileFacts] = {}
        self.puts = 0

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None:
        return self.kept.get((path, size, mtime_ns))

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None:
        self.puts += 1
        self.kept[path, size, mtime_ns] = facts


def test_a_list_of_files_is_no_video(tmp_path: Path, clip: Path) -> None:
    """A crafted list leads to no other file, and so to no pipe that nobody writes."""
    crafted = tmp_path / "refs.mp4"
    crafted.write_text(f"ffconcat version 1.0\nfile {clip.name}\n")
    assert media.facts(crafted).kind is None
    assert not media.verify(crafted, ANY).ok


def test_a_pipe_under_a_name_is_not_waited_for(tmp_path: Path) -> None:
    """A reference that became a pipe is left out, as one that is gone is."""
    pipe = tmp_path / "a.png"
    os.mkfifo(pipe)
    assert media.looks_of([pipe]) == media.facts_of([pipe]) == {}


def test_a_colon_in_a_folder_names_no_protocol(tmp_path: Path, clip: Path) -> None:
    """A video is found to be one in a folder such as ``ep4:pilot``, relative to where one is."""
    folder = tmp_path / "ep4:pilot"
    folder.mkdir()
    clip.rename(folder / "clip.mp4")
    with contextlib.chdir(tmp_path):
        assert media.facts(Path("ep4:pilot/clip.mp4")).kind == "video"


def test_a_crafted_picture_stops_nobody(tmp_path: Path) -> None:
    """What Pillow answers with a RuntimeError still has its facts."""
    file = tmp_path / "a.png"
    Image.new("RGB", (320, 240), "teal").save(file, "AVIF")
    file.write_bytes(file.read_bytes().replace(b"pitm", b"pitx"))
    assert media.facts(file).bytes == file.stat().st_size


def test_a_crafted_picture_warns_nobody(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """A PNG that claims to move writes no line of a library's on the terminal."""
    file = tmp_path / "a.png"
    Image.new("RGB", (320, 240), "teal").save(file)
    whole, claim = file.read_bytes(), b"acTL" + bytes(8)
    chunk = (8).to_bytes(4, "big") + claim + zlib.crc32(claim).to_bytes(4, "big")
    file.write_bytes(whole[:33] + chunk + whole[33:])
    assert media.facts(file).kind == "image"
    assert not recwarn.list


def test_a_picture_too_large_to_unpack_is_measured(tmp_path: Path) -> None:
    """A picture of 200 million pixels, as phones make, is told by its size."""
    file = tmp_path / "a.png"
    Image.new("1", (20_000, 10_000)).save(file)
    found = media.facts(file)
    assert (found.kind, found.format, found.width, found.height) == ("image", "PNG", 20_000, 10_000)


def test_facts_are_cached_by_path_size_and_time(tmp_path: Path) -> None:
    """A file is measured once, and again when it has changed; a missing one is left out."""
    file, cache = tmp_path / "a.png", Remembered()
    Image.new("RGB", (4, 3)).save(file)
    asked = [file, file, tmp_path / "missing.png"]
    first = media.facts_of(asked, cache)
    assert set(first) == {file}
    assert media.facts_of(asked, cache) == first
    assert cache.puts == 1
    Image.new("RGB", (40, 30)).save(file)
    assert media.facts_of(asked, cache)[file].width == 40
    assert cache.puts == 2


def test_a_good_clip(clip: Path) -> None:
    """A whole clip as asked has no flags, and its facts are those of the file."""
    verdict = media.verify(clip, Expected(320, 180, 2, True))
    assert (verdict.ok, verdict.reason, verdict.flags) == (True, "", ())
    assert verdict.clip == media.ClipFacts(320, 180, 2.0, 30.0, 60, True)
    assert (verdict.sha256, verdict.bytes) == (sha256(clip), clip.stat().st_size)


@pytest.mark.parametrize(
    ("expected", "flags"),
    [
        (ANY, ()),
        (Expected(640, 360, 2, True), ("size",)),
        (Expected(180, 320, None, None), ("size",)),
        (Expected(320, 180, 3, True), ("length",)),
        (Expected(320, 180, 2, False), ("sound",)),
        (Expected(640, 360, 10, False), ("size", "length", "sound")),
    ],
)
def test_complete_but_not_as_asked(clip: Path, expected: Expected, flags: tuple[str, ...]) -> None:
    """It was paid for: it stays ok, with a flag for each difference."""
    verdict = media.verify(clip, expected)
    assert (verdict.ok, verdict.flags) == (True, flags)


@pytest.mark.parametrize(("frames", "flags"), [(60, ()), (63, ()), (57, ()), (66, ("length",))])
def test_length_to_a_frame_and_a_little(
    tmp_path: Path, frames: int, flags: tuple[str, ...]
) -> None:
    """A tenth of a second either way is what encoders do; more is flagged."""
    clip = draw_clip(tmp_path / "clip.mp4", frames=frames)
    assert media.verify(clip, Expected(None, None, 2, None)).flags == flags


def test_silent_and_slow(tmp_path: Path) -> None:
    """No sound where it was asked for, and another frame rate than the published one."""
    clip = draw_clip(tmp_path / "clip.mp4", frames=48, rate=24, sound=False)
    verdict = media.verify(clip, Expected(320, 180, 2, True))
    assert (verdict.ok, verdict.flags) == (True, ("rate", "no-sound"))


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.95, 0.9999])
def test_cut_short(tmp_path: Path, part: float) -> None:
    """A download that ended early does not pass, wherever it ended."""
    whole = BUNNY.read_bytes()
    clip = tmp_path / "cut.mp4"
    clip.write_bytes(whole[: int(len(whole) * part)])
    verdict = media.verify(clip, ANY)
    assert not verdict.ok
    assert verdict.reason
    assert verdict.clip is None


def test_cut_short_behind_the_index(tmp_path: Path) -> None:
    """With the index first, as for the web, a file cut in its last frame is found out too."""
    fast, clip = tmp_path / "fast.mp4", tmp_path / "cut.mp4"
    index_first = {"movflags": "faststart"}
    with av.open(str(BUNNY)) as source, av.open(str(fast), "w", options=index_first) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert media.verify(fast, ANY).ok
    clip.write_bytes(fast.read_bytes()[:-20])
    assert not media.verify(clip, ANY).ok


@pytest.mark.parametrize("seed", range(8))
def test_damaged(tmp_path: Path, seed: int) -> None:
    """64 wrong bytes in any picture are noticed."""
    chance = random.Random(seed)
    with av.open(str(BUNNY)) as source:
        packets = [p for p in source.demux(source.streams.video[0]) if p.size > 200]
        packet = chance.choice(packets)
        start = (packet.pos or 0) + chance.randrange(50, packet.size - 64)
    data = bytearray(BUNNY.read_bytes())
    data[start : start + 64] = chance.randbytes(64)
    clip = tmp_path / "damaged.mp4"
    clip.write_bytes(data)
    assert not media.verify(clip, ANY).ok


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_gives_an_answer(tmp_path: Path, seed: int) -> None:
    """Whatever the bytes are, there is a verdict or facts, never an exception."""
    chance = random.Random(seed)
    data = bytearray((REFS / chance.choice(["bunny.mp4", "rocket.jpg"])).read_bytes()[:60_000])
    if chance.random() < 0.5:  # the index of the film lies at its end
        data = bytearray(BUNNY.read_bytes())
        for _ in range(40):
            data[-1 - chance.randrange(6_000)] = chance.randrange(256)
    for _ in range(20):
        data[chance.randrange(2_000)] = chance.randrange(256)
    clip = tmp_path / "any.mp4"
    clip.write_bytes(data)
    media.facts(clip)
    verdict = media.verify(clip, ANY)
    assert verdict.ok == (verdict.clip is not None) == (not verdict.reason)


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    """A file with nothing to see does not pass; as a file it is known for what it is."""
    file = tmp_path / "sound.mp4"
    with av.open(str(BUNNY)) as source, av.open(str(file), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert media.verify(file, ANY).reason == "it has no picture"
    found = media.facts(file)
    assert (found.kind, found.format, found.width) == ("audio", "M4A", None)


def test_a_picture_is_no_clip() -> None:
    """FFmpeg reads a still as a film of one frame; it is not what was paid for."""
    found = media.verify(REFS / "rocket.jpg", ANY)
    assert not found.ok
    assert found.reason == "it does not decode: this is no video"


def test_poster_is_a_third_in(clip: Path, tmp_path: Path) -> None:
    """The poster shows the frame one third into the clip, and replaces an older one."""
    target = tmp_path / "poster.jpg"
    target.write_text("an older one")
    assert media.poster(clip, target)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("JPEG", (320, 180))
        middle = image.convert("RGB").crop((160, 90, 161, 91)).tobytes()
    assert middle[0] == pytest.approx(85, abs=12)
    assert middle[1] == pytest.approx(170, abs=12)
    assert [p.name for p in tmp_path.glob("poster*")] == ["poster.jpg"]


def test_posters_are_not_larger_than_needed(tmp_path: Path) -> None:
    """A poster is for a page: its longer side is bounded."""
    assert media.poster(BUNNY, tmp_path / "bunny.jpg")
    with Image.open(tmp_path / "bunny.jpg") as image:
        assert image.size == (960, 540)


def test_no_poster_of_what_is_no_clip(tmp_path: Path) -> None:
    """Nothing is written, and nothing raised."""
    file = tmp_path / "file.mp4"
    file.write_bytes(b"nothing to see")
    assert not media.poster(file, tmp_path / "poster.jpg")
    assert not (tmp_path / "poster.jpg").exists()


def test_finish_in_a_pool(clip: Path, tmp_path: Path) -> None:
    """Verify, hash and poster in one go, in another process, as a batch does it."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        asked = Expected(320, 180, 2, True)
        finished = pool.submit(media.finish, clip, tmp_path / "poster.jpg", asked).result()
    assert finished == media.Finished(media.verify(clip, asked), poster=True)
    assert (tmp_path / "poster.jpg").stat().st_size > 0


def test_a_poster_never_costs_a_clip(clip: Path, tmp_path: Path) -> None:
    """Where the poster cannot be written, the verdict stands."""
    finished = media.finish(clip, tmp_path / "no such folder" / "poster.jpg", ANY)
    assert finished.verdict.ok
    assert not finished.poster


def test_ffmpeg_stays_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Broken media prints nothing over the progress bar."""
    file = tmp_path / "broken.mp4"
    file.write_bytes(BUNNY.read_bytes()[:400_000])
    media.finish(file, tmp_path / "poster.jpg", ANY)
    media.facts(file)
    assert capfd.readouterr() == ("", "")
