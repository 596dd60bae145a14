"""A headless Chromium, driven through its DevTools protocol: what the tests of pages look at.

Debian's own browser and aiohttp's web sockets are enough; a driver with a browser of its own to
download would not be. Where there is none, tests are skipped and say so.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="there is no Chromium here (Debian: apt-get install chromium)"
)
_PATIENCE = 60.0
_SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
    "--no-first-run", "--disable-background-networking", "--disable-extensions",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0", "--proxy-server=127.0.0.1:9",
)  # fmt: skip
_CODES = {"Enter": 13, "Escape": 27}
"""By which the browser itself knows a key."""


class Page:
    """One tab. Each method returns when the browser has answered."""

    def __init__(self, runner: asyncio.Runner, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._runner, self._socket, self._number = runner, socket, 0
        self.complaints: list[str] = []
        """What the browser wrote on its console, and uncaught exceptions."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol, and its result."""
        return self._runner.run(self._do(method, parameters))

    async def _do(self, method: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        number = self._number
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=_PATIENCE)
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        found = event.get("params", {})
        if event.get("method") == "Log.entryAdded":
            self.complaints.append(found["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(found["exceptionDetails"]))

    def open(self, url: str) -> None:
        """Go there, and wait until it is read."""
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def eval(self, script: str) -> Any:
        """The value of an expression, which may be a promise."""
        found = self.do(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Until the expression holds."""
        asking = f"""new Promise((yes, no) => {{
            const ask = () => ({script}) ? yes(true) : setTimeout(ask, 20);
            setTimeout(() => no(new Error("never")), {_PATIENCE * 900}); ask(); }})"""
        with contextlib.suppress(AssertionError):  # a page that is left in between
            if self.eval(asking):
                return
        assert self.eval(asking), f"never: {script}"

    def press(self, *keys: str) -> None:
        """Type keys, each by its name."""
        for key in keys:
            code = {"windowsVirtualKeyCode": _CODES[key]} if key in _CODES else {}
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            self.do("Input.dispatchKeyEvent", type="keyDown", key=key, **code, **text)
            self.do("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def move(self, selector: str) -> tuple[float, float]:
        """The pointer over the middle of an element."""
        x, y = self.eval(
            f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center"}}); const b = e.getBoundingClientRect();
            return [b.x + b.width / 2, b.y + b.height / 2]; }})()"""
        )
        self.do("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        x, y = self.move(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def looks(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """How large the window is, and what its person prefers."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def picture(self) -> bytes:
        """A screenshot (PNG) of what is in the window."""
        return base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def chromium() -> Iterator[Page]:
    """A browser of its own, with one empty page."""
    assert PROGRAM is not None
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        subprocess.Popen(
            [PROGRAM, *_SWITCHES, f"--user-data-dir={home}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "HOME": home}, start_new_session=True,
        ) as program,
    ):  # fmt: skip
        try:
            with asyncio.Runner() as runner:
                client = runner.run(_client())
                try:
                    yield Page(runner, runner.run(_tab(client, _port(program))))
                finally:
                    runner.run(client.close())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, 9)


async def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def _port(program: subprocess.Popen[str]) -> int:
    assert program.stderr is not None
    for line in program.stderr:
        if found := re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line):
            # what it still says is read, so that it never waits for a reader
            threading.Thread(target=program.stderr.read, daemon=True).start()
            return int(found[1])
    raise AssertionError("Chromium ended before it could be spoken to")


async def _tab(client: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    async with client.get(f"http://127.0.0.1:{port}/json") as answer:
        tabs = await answer.json()
    url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    return await client.ws_connect(url, max_msg_size=0)
