"""The verbs beside `run`: collect, cancel, doctor; and folders that were tampered with."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import time
from pathlib import Path

import pytest
from studio import KEY, Studio, account, service

from r2vbatch import workers
from r2vbatch.batch.folder import held
from r2vbatch.batch.host import Host
from r2vbatch.batch.run import collect
from r2vbatch.batch.todo import name_what_is
from r2vbatch.dashscope.client import Client, Reader
from r2vbatch.dashscope.key import Key
from r2vbatch.errors import Exit
from r2vbatch.ledger import State, Transition
from r2vbatch.pacing import Change


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a", "b", "c")
    return made


def killed_in_flight(studio: Studio, words: list[str], tasks: int) -> None:
    """A run killed as soon as so many tasks are at the service."""
    studio.killed_after("submitted", tasks, *words, DASHSCOPE_API_KEY=KEY)


def test_collect_fetches_what_is_paid_for(studio: Studio) -> None:
    """`collect` ends what is running and fetches it, from the folder alone, also when the
    manifest and its references are gone; nothing more is submitted."""
    with service(latency=1.0) as at:
        killed_in_flight(studio, studio.live_words(at), 3)
        studio.file.unlink()
        (studio.folder / "refs" / "ellen.png").unlink()
        result = studio.call("collect", "out", DASHSCOPE_API_KEY=KEY)
        assert result.code == Exit.DONE, result.err
        assert account(at)["tasks_created"] == account(at)["billed_tasks"] == 3
    assert len(studio.hashes()) == 3
    assert set(studio.states().values()) == {"done"}


def test_collect_adopts_but_never_sends_again(studio: Studio) -> None:
    """A take in doubt whose task is listed is adopted; one that is proven absent is left."""
    with service("submit:reset_after:#1", "submit:reset_before:#2", latency=0.3) as at:
        studio.killed_after("in_doubt", 2, *studio.live_words(at, "--grace", "0.6"),
                            DASHSCOPE_API_KEY=KEY)  # fmt: skip
        created = account(at)["tasks_created"]
        studio.call("collect", "out", "--grace", "0.6", DASHSCOPE_API_KEY=KEY)
        assert account(at)["tasks_created"] == created
        assert len(studio.hashes()) == created


def test_collect_has_nothing_that_could_submit(studio: Studio) -> None:
    """A reader has no submit: not by a flag, but at all; and while `collect` brings clips in and
    settles doubts, there is no other client in the whole process."""
    assert not hasattr(Reader, "submit")
    assert issubclass(Client, Reader)
    spenders: list[object] = []

    class Watching:
        """Follows the run, and looks at all there is whenever something has happened."""

        def show(self, transition: Transition) -> None:
            steps.append(transition.after)
            spenders.extend(each for each in gc.get_objects() if isinstance(each, Client))

        def say(self, sentence: str) -> None: ...

        def pace(self, change: Change) -> None: ...

        def tick(self) -> None: ...

    steps: list[object] = []
    with service("submit:reset_after:#2", latency=0.5) as at:
        studio.killed_after("in_doubt", 1, *studio.live_words(at), DASHSCOPE_API_KEY=KEY)
        with held(studio.output, studio.output / "ledger.db") as (folder, ledger):
            name_what_is(ledger, folder, "live")
            gc.collect()
            asyncio.run(collect(ledger, folder, Key(KEY), 1.0, Host(Watching(), workers.Pool)))
    assert steps.count(State.DONE) == 2
    assert spenders == []


def test_cancel_takes_back_what_is_queued(studio: Studio) -> None:
    """Queued tasks are canceled and not billed; of a running one it is said plainly that it
    cannot be stopped and is billed. Canceled takes are asked for again by the next run."""
    with service(latency=4.0, in_flight=1) as at:
        killed_in_flight(studio, studio.live_words(at), 3)
        result = studio.call("cancel", "out", DASHSCOPE_API_KEY=KEY)
        assert result.code == Exit.NOT_ALL_DONE
        assert "a_t01: it is being made: it cannot be stopped, and is billed" in result.out
        assert "b_t01: canceled, not billed" in result.out
        assert studio.states() == {"a_t01": "submitted", "b_t01": "canceled", "c_t01": "canceled"}
        ended = studio.ledger("SELECT take FROM takes WHERE ended_at > submitted_at ORDER BY 1")
        assert ended == [("b_t01",), ("c_t01",)]
        none = studio.call("cancel", "out", "zz*", DASHSCOPE_API_KEY=KEY)
        assert none.code == Exit.USAGE
        strange = studio.call("cancel", "out", DASHSCOPE_API_KEY="sk-another")
        assert strange.code == Exit.NOT_ALL_DONE
        assert "a_t01: made with another key, under which alone it can be canceled" in strange.out
        studio.call("collect", "out", DASHSCOPE_API_KEY=KEY)
        assert sum(each["billed_tasks"] for each in at.stats()["accounts"].values()) == 1


def test_cancel_while_a_batch_runs(studio: Studio) -> None:
    """A running batch notices that its queued take was canceled by another process."""
    with service(latency=2.5, in_flight=1) as at:
        words = studio.live_words(at, "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            for line in program.stdout:
                event = json.loads(line)
                if (event["take"], event["after"]) == ("c_t01", "submitted"):
                    break
            result = studio.call("cancel", "out", "c_t01", DASHSCOPE_API_KEY=KEY)
            assert "c_t01: canceled" in result.out
            program.communicate(timeout=60)
            assert program.returncode == Exit.NOT_ALL_DONE
        assert studio.states() == {"a_t01": "done", "b_t01": "done", "c_t01": "canceled"}


def test_doctor(studio: Studio) -> None:
    """`doctor` says what will work and what will not, and costs nothing."""
    with service(keys=(KEY,)) as at:
        well = studio.call("doctor", "--endpoint", at.base_url, DASHSCOPE_API_KEY=KEY)
        assert well.code == Exit.DONE, well.out
        assert "answers, and takes the key" in well.out
        ill = studio.call("doctor", "--endpoint", at.base_url, DASHSCOPE_API_KEY="sk-other")
        assert ill.code == Exit.NOT_ALL_DONE
        assert "does not accept the API key" in ill.out or "InvalidApiKey" in ill.out
    none = studio.call("doctor")
    assert "needs an API key" in none.out
    with service(clock_offset=600.0, keys=(KEY,)) as at:
        off = studio.call("doctor", "--endpoint", at.base_url, DASHSCOPE_API_KEY=KEY)
        behind = re.search(r"clock: ours is (\d+) s behind the service's", off.out)
        assert behind and abs(int(behind[1]) - 600) < 10, off.out


def test_resume_keeps_the_scope(studio: Studio) -> None:
    """`resume` goes on with what was asked for, and no more."""
    with service(latency=1.0) as at:
        killed_in_flight(studio, studio.live_words(at, "--only", "b"), 1)
        result = studio.live(at, verb="resume")
        assert result.code == Exit.DONE
        assert "goes on with --only b" in result.err
        assert account(at)["tasks_created"] == 1
        assert studio.live(at, "--only", "*", verb="resume").code == Exit.DONE
        assert account(at)["tasks_created"] == 3


def test_a_damaged_clip_is_fetched_again(studio: Studio) -> None:
    """A clip that is not what it was when it was done is kept aside and fetched, not bought."""
    with service() as at:
        studio.live(at, "--only", "a")
        before = studio.hashes()
        with (studio.output / "clips" / "a_t01.mp4").open("r+b") as clip:
            clip.truncate(1000)
        assert studio.live(at, "--only", "a").code == Exit.DONE
        assert studio.hashes() == before
        assert list(studio.hashes("retired")) == ["a_t01-damaged.mp4"]
        assert account(at)["billed_tasks"] == 1


def test_clips_that_come_back_are_recognised(studio: Studio) -> None:
    """Clips that were away (another disk) are fetched again or, when they are back, taken for
    what they are; they are never bought again."""
    with service(link_life=4.0) as at:
        assert studio.live(at).code == Exit.DONE
        before = studio.hashes()
        (dead,) = studio.ledger("SELECT max(link_expires) FROM takes")[0]
        time.sleep(max(0.0, dead - time.time()) + 0.1)
        (studio.output / "clips").rename(studio.folder / "away")
        away = studio.live(at)
        assert away.code == Exit.NOT_ALL_DONE, away.out
        for clip in (studio.output / "clips").glob("*"):
            clip.unlink()
        (studio.output / "clips").rmdir() if (studio.output / "clips").exists() else None
        (studio.folder / "away").rename(studio.output / "clips")
        assert studio.call("run", str(studio.file), "--endpoint", at.base_url, "--max-cost",
                           "5 USD", DASHSCOPE_API_KEY=KEY).code == Exit.DONE  # fmt: skip
        assert studio.hashes() == before
        assert account(at)["billed_tasks"] == 3


@pytest.mark.parametrize("name", [".parts", "clips", ".lock", "preview"])
def test_links_in_a_folder_are_not_followed(studio: Studio, name: str) -> None:
    """A folder that came from somebody else cannot make us write or delete elsewhere."""
    treasure = studio.folder / "treasure"
    treasure.mkdir()
    (treasure / "thesis.doc").write_text("years of work")
    studio.output.mkdir()
    target = treasure / "thesis.doc" if name == ".lock" else treasure
    (studio.output / name).symlink_to(target)
    result = studio.preview()
    assert result.code == Exit.OUTPUT
    assert [f.name for f in treasure.iterdir()] == ["thesis.doc"]
    assert (treasure / "thesis.doc").read_text() == "years of work"
