"""The vendor's SDK, unmodified, on every model: sound and silent, local files and links, by its
functions and its client, at an emulator that takes the sternest reading of all that is in doubt."""

from __future__ import annotations

import io
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import dashscope
import pytest
from dashscope import Client, VideoSynthesis
from dashscope.v2 import errors
from emulator_calls import PATIENCE
from media_files import picture, video, voice
from serving_thread import emulator, until

from r2vbatch.emulator.readings import strictest
from r2vbatch.emulator.server import Emulator

KEY = "sk-one"
SOON = {"poll_interval": 0.02, "max_interval": 0.1, "timeout": PATIENCE}
FLASH, PLAIN, NEWEST = "wan2.6-r2v-flash", "wan2.6-r2v", "wan2.7-r2v"
CASES = [(FLASH, {"audio": True}), (FLASH, {"audio": False}), (PLAIN, {}), (NEWEST, {})]
FILES = {
    "face.png": picture(),
    "opening.png": picture(300, 520),
    "walk.mp4": video(4, size=(320, 240)),
    "voice.wav": voice(),
    "long.wav": voice(10.5),
}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of `FILES` lie."""
    made = tmp_path_factory.mktemp("media")
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    return made


@pytest.fixture(scope="module")
def links(folder: Path) -> Iterator[str]:
    """A web server for them."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    """One emulator for all of them, and the SDK's functions pointed at it."""
    with emulator(submits_per_second=None, **strictest("cn-beijing")) as server:
        dashscope.base_http_api_url = server.base_url
        yield server


def request(model: str, where: str) -> dict[str, Any]:
    """A whole request with references at `where`, as the arguments of either API."""
    if model != NEWEST:
        urls = [f"{where}/face.png", f"{where}/walk.mp4"]
        return {
            "model": model, "prompt": "character1 waves at Character2", "size": "720*1280",
            "duration": 2, "extra_input": {"reference_urls": urls},
        }  # fmt: skip
    media = [
        {
            "type": "reference_image", "url": f"{where}/face.png",
            "reference_voice": f"{where}/voice.wav",
        },
        {"type": "reference_video", "url": f"{where}/walk.mp4"},
        {"type": "first_frame", "url": f"{where}/opening.png"},
    ]  # fmt: skip
    return {
        "model": model, "prompt": "Image 1 waves at Video 1", "resolution": "720P", "media": media,
        "ratio": "16:9", "duration": 2, "prompt_extend": False,
    }  # fmt: skip


def by_functions(asked: dict[str, Any], more: dict[str, Any]) -> Mapping[str, Any]:
    """The output and usage of an ended task, by the functions of 1.x."""
    asked = {**asked, **asked.get("extra_input", {}), "api_key": KEY, **more}
    asked.pop("extra_input", None)
    made = VideoSynthesis.async_call(**asked)
    if made.status_code != 200:
        return {"code": made.code, "at_once": True}
    over = ("SUCCEEDED", "FAILED")
    done = until(
        lambda: VideoSynthesis.fetch(made, api_key=KEY), lambda r: r.output.task_status in over
    )
    return {**done.output, "usage": dict(done.usage or {})}


def by_client(server: Emulator, asked: dict[str, Any], more: dict[str, Any]) -> Mapping[str, Any]:
    """The same by the client of 2.x."""
    with Client(base_url=server.base_url, api_key=KEY, max_retries=0) as client:
        try:
            done = client.videos.generate(**asked, parameters=more, **SOON)
        except errors.DashScopeError as refused:
            return {"code": refused.code, "at_once": refused.status_code != 200}
    return {**done.output, "usage": done.usage.model_dump()}


@pytest.fixture(params=["functions", "client"])
def ask(request: pytest.FixtureRequest, service: Emulator) -> Any:
    """How a task is made and waited for."""
    return by_functions if request.param == "functions" else partial(by_client, service)


@pytest.mark.parametrize("place", ["files", "links"])
@pytest.mark.parametrize(("model", "more"), CASES)
def test_every_model_makes_a_clip(
    ask: Any, model: str, more: dict[str, Any], place: str, folder: Path, links: str
) -> None:
    """As asked: upright by its size, or (2.7) by its first frame; with sound or without; and billed
    for the seconds of the reference video that count."""
    done = ask(request(model, str(folder) if place == "files" else links), more)
    assert done["task_status"] == "SUCCEEDED"
    with urllib.request.urlopen(done["video_url"], timeout=PATIENCE) as answer:
        clip = io.BytesIO(answer.read())
    with av.open(clip) as container:
        (stream,) = container.streams.video
        assert (stream.width, stream.height, stream.frames) == (720, 1280, 60)
        assert bool(container.streams.audio) == more.get("audio", True)
    usage = done["usage"]
    assert usage["input_video_duration"] == (4 if model == NEWEST else 2.5)
    assert usage["duration"] == usage["input_video_duration"] + 2
    assert (usage["SR"], usage["video_count"]) == (720, 1)


def test_files_go_up_and_links_do_not(service: Emulator, folder: Path, links: str) -> None:
    """Of 2.7 all four: image, voice, video, first frame."""
    before = service.stats()["total"]["uploads"]
    by_functions(request(NEWEST, links), {})
    assert service.stats()["total"]["uploads"] == before
    by_functions(request(NEWEST, str(folder)), {})
    assert service.stats()["total"]["uploads"] == before + 4


def only(*media: dict[str, str]) -> dict[str, Any]:
    return {"media": list(media)}


IMAGE = {"type": "reference_image", "url": "{}/face.png"}
FRAME = {"type": "first_frame", "url": "{}/opening.png"}


@pytest.mark.parametrize(
    ("changes", "code", "at_once"),
    [
        ({"duration": 11}, "InvalidParameter", True),
        ({"resolution": "480P"}, "InvalidParameter", True),
        ({"ratio": "21:9"}, "InvalidParameter", True),
        ({"prompt": "Image 2 waves"}, "InvalidParameter", True),
        (only(FRAME), "InvalidParameter", True),
        (only(IMAGE, FRAME, FRAME), "InvalidParameter", True),
        (only(*[IMAGE] * 6), "InvalidParameter", True),
        (only({**IMAGE, "reference_voice": "{}/long.wav"}), "InvalidFile.Duration", False),
        (only({**IMAGE, "reference_voice": "{}/face.png"}), "InvalidFile.Openerror", False),
        (only({**IMAGE, "url": "{}/walk.mp4"}), "InvalidFile.Format", False),
        (only({**IMAGE, "url": "{}/nothing.png"}), "InvalidParameter.DataInspection", False),
        (only({**IMAGE, "url": "http://127.0.0.1:9/a.png"}), "InvalidURL.ConnectionRefused", False),
    ],
)
def test_a_mistake_in_2_7_is_told_in_its_shape(
    ask: Any, changes: dict[str, Any], code: str, at_once: bool, links: str
) -> None:
    """What the request itself shows is refused at once, what a file shows fails the task."""
    asked = request(NEWEST, links) | {"prompt": "a wave"} | changes
    asked["media"] = [
        {name: value.replace("{}", links) for name, value in medium.items()}
        for medium in asked["media"]
    ]
    found = ask(asked, {})
    assert (found["code"], found.get("at_once", False)) == (code, at_once)
