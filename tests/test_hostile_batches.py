"""Whole batches against a service that answers what it likes: each ends with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import Hostile, Say, hostile, http
from studio import KEY, Outcome, Studio

from r2vbatch.errors import Exit

PICTURE = "https://example.com/a.png"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Two shots that need no upload."""
    made = Studio(tmp_path / "film")
    made.shots("a", "b", cast={"ellen": {"image": PICTURE}})
    return made


def ran(studio: Studio, say: Say, *args: str) -> tuple[Outcome, Hostile]:
    """A live run against such a service; what happens in doubt is hurried."""
    with hostile(say) as service:
        words = ["run", str(studio.file), "--endpoint", service.base_url, "--yes", *args]
        return studio.call(*words, "--grace", "0.5", DASHSCOPE_API_KEY=KEY), service


def honest(service: Hostile, method: str, path: str) -> None:
    """Nothing odd; its clips are no videos."""


def clip(answer: bytes) -> Say:
    """Odd only where the clip is fetched."""
    return lambda service, method, path: answer if path.startswith("/clip") else None


@pytest.mark.parametrize(
    ("link", "words"),
    [("http://[::1", "link"), ("file:///etc/passwd", "link"), (7, "link"), (None, "no link")],
)
def test_an_odd_link_of_one_take_is_its_own_affair(
    studio: Studio, link: object, words: str
) -> None:
    """The batch goes on to its end and says of each take why its clip is not here."""

    def say(service: Hostile, method: str, path: str) -> object:
        if method == "POST" or "/tasks/task-" not in path:
            return None
        output = {"task_id": path.rpartition("/")[2], "task_status": "SUCCEEDED"}
        return {"output": {**output, "video_url": link}}

    result, service = ran(studio, say)  # type: ignore[arg-type]
    assert result.code == Exit.NOT_ALL_DONE, result.err
    assert service.count("POST", "/") == 2
    assert "not here yet" in result.out + result.err and words in result.out + result.err
    assert set(studio.states().values()) == {"generated"}


def test_one_task_given_to_two_takes_leaves_the_second_in_doubt(studio: Studio) -> None:
    """It may have been created under an id unknown to us: it is never taken for the first one's."""

    def say(service: Hostile, method: str, path: str) -> object:
        if method == "POST":
            return {"output": {"task_id": "the-one", "task_status": "PENDING"}, "request_id": "r"}
        return None

    result, _ = ran(studio, say)  # type: ignore[arg-type]
    assert result.code == Exit.NOT_ALL_DONE, result.err
    ids = [row[0] for row in studio.ledger("SELECT task_id FROM takes WHERE task_id NOT NULL")]
    assert ids == ["the-one"]
    why = studio.ledger("SELECT why FROM events WHERE after = 'in_doubt'")
    assert why and all("the task of another take, the-one" in row[0] for row in why)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("200 OK", "<html>Sign in</html>", "Content-Type: text/html"), "no whole video"),
        (http("200 OK"), "no whole video"),
        (http("200 OK", "#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n"), "no whole video"),
        (http("302 Found", "", "Location: /clip"), "link"),
        (http("403 Forbidden"), "link"),
        (http("418 Teapot"), "418"),
    ],
)
def test_what_is_no_clip_is_named_so(studio: Studio, answer: bytes, words: str) -> None:
    """A take that ends generated and not done says why."""
    result, _ = ran(studio, clip(answer), "--first", "1")
    assert result.code == Exit.NOT_ALL_DONE, result.err
    assert words in result.out + result.err
    assert studio.states()["a_t01"] == "generated"
    assert not studio.hashes()
