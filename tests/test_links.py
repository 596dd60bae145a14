"""Links are looked into on request: with a real host that does what hosts do."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from awkward import film
from hostile import hostile, http
from hosts import Host
from media_files import picture, video
from PIL import Image
from serving_thread import in_a_thread
from storyboards import CATALOGUE, read, storyboard
from studio import KEY, Studio

from r2vbatch import media
from r2vbatch.links import LOOK_BYTES, Look, look_into
from r2vbatch.links.pieces import Pieces
from r2vbatch.planning import plan, request


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the host has: pictures and films, their index in front or behind."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "a.png").write_bytes(picture())
    (folder / "empty.png").write_bytes(b"")
    (folder / "page.png").write_text("<html>please sign in</html>")
    Image.effect_noise((700, 700), 99).save(folder / "large.bmp")
    for name in ("b.mp4", "film"):
        (folder / name).write_bytes(video(3.0, size=(320, 240)))
    content = film(folder / "last.mov", form="mov", seconds=2).read_bytes()
    at = content.index(b"mdat") - 4
    size = int.from_bytes(content[at : at + 4], "big")
    free = (6 * LOOK_BYTES // 4).to_bytes(4, "big") + b"free" + bytes(6 * LOOK_BYTES // 4 - 8)
    (folder / "far.mov").write_bytes(content[: at + size] + free + content[at + size :])
    return folder


@pytest.fixture
def host(folder: Path) -> Host:
    return Host(folder)


def look(host: Host, *paths: str, seconds: float = 20.0) -> list[Look]:
    """What is found at these paths."""

    async def story() -> list[Look]:
        async with host.serve():
            found = await look_into([host.url(path) for path in paths], seconds)
            return [found[host.url(path)] for path in paths]

    return asyncio.run(story())


def words(found: Look) -> str:
    """``image PNG 320x240``, or why not."""
    facts = found.facts
    said = f"{'perhaps ' if found.passing else ''}{found.problem}" if found.problem else ""
    if facts is None:
        return said
    seconds = f" {facts.seconds.normalize():f} s" if facts.seconds else ""
    return f"{facts.kind} {facts.format} {facts.width}x{facts.height}{seconds}; {said}".rstrip("; ")


PNG, MP4, MOV = "image PNG 320x240", "video MP4 320x240 3 s", "video MOV 320x240 2 s"
HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("good/a.png", PNG),
        ("good/b.mp4", MP4),
        ("good/last.mov", MOV),
        ("good/far.mov", MOV),
        ("good/large.bmp", "image BMP 700x700"),
        ("head-403/a.png", PNG),
        ("head-404/b.mp4", MP4),
        ("head-405/a.png", PNG),
        ("head-500/a.png", PNG),
        ("head-dropped/a.png", PNG),
        ("moved/b.mp4", MP4),
        ("all/a.png", PNG),
        ("all/b.mp4", MP4),
        ("unannounced/b.mp4", MP4),
        ("as-image-png/a.png", PNG),
        ("as-application-octet/a.png", PNG),
        ("as-text-html/a.png", f"{PNG}; perhaps is an image, but {HERE} calls it text/html"),
        ("as-image-png/b.mp4", f"{MP4}; perhaps is a video, but {HERE} calls it image/png"),
        ("good/empty.png", "is empty"),
        ("all/empty.png", "is empty"),
        ("as-text-html/page.png",
         f"is neither an image, a video nor a recording; {HERE} calls it text/html"),
        ("404/a.png", f"cannot be had: {HERE} answers 404"),
        ("410/a.png", f"cannot be had: {HERE} answers 410"),
        ("403/a.png", f"cannot be had: {HERE} answers 403"),
        ("401/a.png", f"cannot be had: {HERE} answers 401"),
        ("429/a.png", f"perhaps cannot be had now: {HERE} answers 429"),
        ("503/a.png", f"perhaps cannot be had now: {HERE} answers 503"),
        ("round/a.png", "cannot be had: the link is redirected without end"),
        ("out/a.png", "cannot be had: the link leads out of http and https"),
        ("cut/large.bmp", f"perhaps cannot be had: the answer of {HERE} broke off"),
        ("other-part/a.png",
         f"perhaps could not be looked into: {HERE} sends another part than was asked for"),
        ("all/far.mov",
         f"perhaps could not be looked into with 4 MB of it: {HERE} sends it only from the"
         " beginning on"),
        ("endless/a.mov",
         "perhaps could not be looked into with 4 MB of it: its head is that long"),
    ],
)  # fmt: skip
def test_a_host_as_hosts_are(host: Host, path: str, says: str) -> None:
    """What is there is measured, whatever the host understands of HEAD and of parts; what is not,
    or is something else, is told; what may pass is told apart. Of what comes in parts no more is
    asked for than is looked at, and what is sent names nobody."""
    (found,) = look(host, path)
    assert words(found) == says
    if path.startswith(("good", "endless")):
        assert host.given <= (LOOK_BYTES if path.startswith("endless") else 200_000)
    assert [method for method, _, _ in host.asked[:1]] == ["HEAD"]
    for _, _, headers in host.asked:
        assert not {"authorization", "cookie", "referer"} & {name.lower() for name in headers}


def test_a_host_that_says_nothing(host: Host) -> None:
    """It is left after the time there is."""
    (found,) = look(host, "silent/a.png", seconds=0.2)
    assert words(found) == f"perhaps cannot be had: {HERE} did not answer in time"


def test_where_nobody_listens(host: Host) -> None:
    """A port that refuses, and a link that no URL can be made of: each a sentence."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        urls = [f"http://{HERE}:{free.getsockname()[1]}/a.png", "http://[::1/a.png"]
        found = asyncio.run(look_into(urls))
    assert [words(found[url]) for url in urls] == [
        f"cannot be had: {HERE} could not be connected to",
        "cannot be had: the link is no URL that can be asked",
    ]


def test_many_links(host: Host) -> None:
    """Each is asked for once, and only some at a time."""
    paths = [f"good/{name}" for name in ("a.png", "b.mp4")] * 10
    paths += [f"head-405/a.png?{n}" for n in range(20)]
    found = look(host, *paths)
    assert {words(each) for each in found} == {PNG, MP4}
    gets = [path for method, path, _ in host.asked if method == "GET" and "good" in path]
    assert len(gets) == 2
    assert host.most_at_once <= 8


@pytest.mark.parametrize(
    "where", ["169.254.169.254", "10.0.0.1", "[fd00::1]", "[::ffff:192.168.1.1]", "router.local"]
)
def test_a_public_link_that_leads_into_this_network(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not followed: what listens there is asked nothing. (Here a proxy would hear of it.)"""
    away = f"Location: http://{where}/latest/a.png"
    with hostile(lambda service, method, path: http("302 Found", b"", away)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        link = "http://media.example/a.png"
        found = asyncio.run(look_into([link]))[link]
    assert words(found) == "cannot be had: the link leads into this network"
    assert all(b" http://media.example/" in head for head in proxy.asked)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_a_numbered_host(host: Host) -> None:
    """An IPv6 address in brackets is a host like any other."""

    async def story() -> str:
        async with host.serve("::1"):
            url = host.url("good/a.png", "[::1]")
            return words((await look_into([url]))[url])

    assert asyncio.run(story()) == PNG


@pytest.mark.parametrize(
    "how", [{"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08"}]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_head_of_a_webp(how: dict[str, object], mode: str) -> None:
    """Its three kinds of first chunk say what Pillow says of the whole."""
    file = io.BytesIO()
    Image.new(mode, (301, 207), (10, 200, 30, 99)[: len(mode)]).save(file, "WEBP", **how)
    told = media.head(file, file.tell())
    assert (told.format, told.width, told.height, told.alpha) == ("WEBP", 301, 207, mode == "RGBA")


@pytest.mark.parametrize("chunk", [b"", b"VP8X", b"VP8L", b"VP8 ", b"EXIF"])
def test_the_head_of_a_webp_that_ends_in_it(chunk: bytes) -> None:
    """A file of a few bytes has facts like any other."""
    content = b"RIFF\x08\0\0\0WEBP" + chunk
    assert media.head(io.BytesIO(content), len(content)).bytes == len(content)


@hypothesis.given(st.binary(max_size=300), st.data())
def test_pieces_are_the_file_or_say_what_is_missing(content: bytes, data: st.DataObject) -> None:
    """Whatever is here of it, in whatever order it came: what is read is the file's, and where less
    comes than was wanted, it ends there or the place is remembered."""
    pieces = Pieces()
    pieces.size = len(content)
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(content)))
        pieces.put(start, content[start : start + data.draw(st.integers(1, 100))])
    pieces.rewind()
    at = pieces.seek(data.draw(st.integers(0, 320)))
    wanted = data.draw(st.integers(0, 320))
    found = pieces.read(wanted)
    assert content[at : at + wanted].startswith(found)
    complete = len(found) == len(content[at : at + wanted])
    assert pieces.missing == (None if complete else at + len(found))


@pytest.fixture(scope="module")
def links(folder: Path) -> Iterator[Host]:
    """The host, for a program that blocks."""
    host = Host(folder)
    with in_a_thread(host.serve()):
        yield host


def test_check_online(tmp_path: Path, links: Host) -> None:
    """The dead link is told, and the one that is something else; without the option nobody is
    asked. The key stays here, and a signature is not repeated in a sentence."""
    studio = Studio(tmp_path / "film")
    studio.board["cast"] = {
        "ellen": {"image": links.url("good/a.png?signature=mine")},
        "porch": {"image": links.url("404/porch.png?signature=mine")},
        "bunny": {"image": links.url("good/film")},
    }
    studio.shots({"id": "a", "prompt": "@ellen and @bunny on the @porch."})
    asked = len(links.asked)
    assert studio.call("check", "film.yaml", DASHSCOPE_API_KEY=KEY).code == 0
    assert len(links.asked) == asked
    words = ("check", "film.yaml", "film.yaml", "--online", "--format", "github")
    told = studio.call(*words, DASHSCOPE_API_KEY=KEY)
    assert told.code == 3, told.err
    assert "porch.png cannot be had: 127.0.0.1 answers 404" in told.out
    assert "film is a video, but given as an image" in told.out
    assert "signature" not in told.out
    gone = [method for method, path, _ in links.asked[asked:] if path == "/404/porch.png"]
    assert gone == ["HEAD", "GET"], "once for both"
    assert not any(KEY in value for _, _, headers in links.asked for value in headers.values())


def test_what_is_known_of_a_link_makes_its_price_exact() -> None:
    """Its own seconds are counted in place of the cap, and a picture costs nothing; what is asked
    of the service, and what a take is known by, stay as they are without."""
    urls = {"bunny": "https://example.com/bunny.mp4", "porch": "https://example.com/porch"}
    board = storyboard({"id": "a", "prompt": "@bunny on the @porch", "duration": 5}, cast=urls)
    film = media.FileFacts("", 1000, "video", Decimal("1.2"), 640, 480, "MP4")
    still = media.FileFacts("", 1000, "image", None, 640, 480, "PNG")
    known = {urls["bunny"]: film, urls["porch"]: still}
    (before,) = plan(read(board), {}, CATALOGUE).takes
    (after,) = plan(read(board), {}, CATALOGUE, links=known).takes
    assert (before.estimate.seconds, before.estimate.exact) == (Decimal(10), False)
    assert (after.estimate.seconds, after.estimate.exact) == (Decimal("6.2"), True)
    assert request(before) == request(after)
    assert before.fingerprint == after.fingerprint
