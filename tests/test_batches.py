"""Whole batches, run as people run them: what is made, kept, retired, and never paid twice."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from studio import KEY, Studio, account, service

from r2vbatch.errors import Exit


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "film")


def test_preview_then_live_then_preview(studio: Studio) -> None:
    """In one folder slates and clips never stand in for each other, and a live clip keeps its
    bytes whatever is previewed after it."""
    studio.shots("sh010", "sh020")
    assert studio.preview().code == Exit.DONE
    slates = studio.hashes("preview")
    assert set(slates) == {"sh010_t01.mp4", "sh020_t01.mp4"}
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        clips = studio.hashes()
        assert set(clips) == set(slates)
        assert not set(clips.values()) & set(slates.values())
        assert studio.preview().code == Exit.DONE
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 2
    assert studio.hashes() == clips
    assert studio.hashes("preview") == slates
    assert {row["kind"] for row in studio.rows().values()} == {"live"}


@pytest.mark.parametrize(
    "kind",
    [pytest.param("preview", marks=pytest.mark.long), "live"],  # kills and previews abound
)
def test_killed_half_way_and_run_again(studio: Studio, kind: str) -> None:
    """After SIGKILL the next run keeps every finished file, inode and hash, and makes the rest;
    no task is paid for twice."""
    shots = 8 if kind == "live" else 5
    studio.shots(*(f"sh{n:02}" for n in range(shots)))
    folder = "clips" if kind == "live" else "preview"
    with service(latency=0.6, in_flight=2) as at:
        words = ["run", str(studio.file)] if kind == "preview" else studio.live_words(at)
        assert studio.killed_after("done", 3, *words, DASHSCOPE_API_KEY=KEY) == 3
        # a slate that has its name and is not noted as done yet is drawn again: it costs nothing
        done = {Path(f).name for (f,) in studio.ledger("SELECT file FROM takes WHERE state='done'")}
        hashes = {f: sha for f, sha in studio.hashes(folder).items() if f in done}
        inodes = {f: node for f, node in studio.inodes(folder).items() if f in done}
        assert 3 <= len(hashes) < shots
        again = studio.call(*words, DASHSCOPE_API_KEY=KEY)
        assert again.code == Exit.DONE, again.err
        if kind == "live":
            assert account(at)["billed_tasks"] == account(at)["tasks_created"] == shots
    after = studio.hashes(folder)
    assert len(after) == shots
    assert hashes.items() <= after.items()
    assert inodes.items() <= studio.inodes(folder).items()


def test_resume_needs_the_folder_alone(studio: Studio) -> None:
    """A killed batch goes on from its output folder, and says so when the manifest has changed
    meanwhile, or is gone."""
    studio.shots("a", "b", "c", "d")
    with service(latency=0.3, in_flight=1) as at:
        words = studio.live_words(at)
        studio.killed_after("done", 1, *words, DASHSCOPE_API_KEY=KEY)
        studio.file.write_text("version: 1\n", encoding="utf-8")
        words = ["resume", str(studio.output), "--yes", "--grace", "2"]
        result = studio.call(*words, DASHSCOPE_API_KEY=KEY)
        assert result.code == Exit.DONE, result.err
        assert "differs from the manifest" in result.err
        studio.file.unlink()
        result = studio.call(*words, DASHSCOPE_API_KEY=KEY)
        assert result.code == Exit.DONE, result.err
        assert f"{studio.file} is gone" in result.err
        assert "differs" not in result.err
        assert account(at)["billed_tasks"] == 4
    assert set(studio.states().values()) == {"done"}


def test_edited_renamed_reordered_removed_restored(studio: Studio) -> None:
    """Only an edited shot is made again, its old clip retired; a renamed one keeps its clip; a
    new order changes nothing; a removed one is retired and comes back with its manifest."""
    studio.shots("a", "b", "c")
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        first = studio.hashes()

        studio.board["shots"][0]["prompt"] = "@ellen does something else."
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 4
        edited = studio.hashes()
        assert {n: h for n, h in edited.items() if n != "a_t01.mp4"} == {
            n: h for n, h in first.items() if n != "a_t01.mp4"
        }
        assert list(studio.hashes("retired").values()) == [first["a_t01.mp4"]]

        studio.board["shots"][1]["id"] = "b2"
        studio.board["shots"].reverse()
        studio.save()
        assert studio.live(at).code == Exit.DONE
        renamed = studio.hashes()
        assert renamed == {
            "a_t01.mp4": edited["a_t01.mp4"],
            "b2_t01.mp4": edited["b_t01.mp4"],
            "c_t01.mp4": edited["c_t01.mp4"],
        }
        assert list(studio.rows()) == ["c_t01", "b2_t01", "a_t01"]

        removed = studio.board["shots"].pop(0)
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert "c_t01.mp4" not in studio.hashes()
        assert renamed["c_t01.mp4"] in studio.hashes("retired").values()

        studio.board["shots"].append(removed)
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert studio.hashes() == renamed
        assert account(at)["billed_tasks"] == 4


def test_two_shots_swap_their_names(studio: Studio) -> None:
    """Two shots that exchange their ids exchange their files and buy nothing."""
    studio.shots("a", "b")
    with service() as at:
        studio.live(at)
        before = studio.hashes()
        first, second = studio.board["shots"]
        first["id"], second["id"] = "b", "a"
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 2
    assert studio.hashes() == {
        "a_t01.mp4": before["b_t01.mp4"],
        "b_t01.mp4": before["a_t01.mp4"],
    }


def test_twins_get_one_clip_each(studio: Studio) -> None:
    """Two shots with the same request are two takes, and each has its own file."""
    same = "@ellen and @chelsea look at each other."
    studio.shots({"id": "a", "prompt": same}, {"id": "b", "prompt": same})
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 2
    assert len(studio.hashes()) == 2


def test_an_inserted_variation_leaves_its_neighbours(studio: Studio) -> None:
    """A new first value of `vary` shifts the ids of the others, and their clips go along."""
    shot = {"id": "s", "prompt": "@ellen, ${lens}.", "vary": {"lens": ["wide", "close"]}}
    studio.shots(shot)
    with service() as at:
        studio.live(at)
        before = studio.hashes()
        shot["vary"] = {"lens": ["aerial", "wide", "close"]}
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 3
    after = studio.hashes()
    assert (after["s-2_t01.mp4"], after["s-3_t01.mp4"]) == (
        before["s-1_t01.mp4"],
        before["s-2_t01.mp4"],
    )


def test_an_edited_shot_in_flight_is_fetched_into_retired(studio: Studio) -> None:
    """A task that was running when its shot was edited is paid for, so its clip is fetched."""
    studio.shots("a")
    with service(latency=2.0) as at:
        words = studio.live_words(at)
        studio.killed_after("submitted", 1, *words, DASHSCOPE_API_KEY=KEY)
        studio.board["shots"][0]["prompt"] = "@chelsea instead."
        studio.save()
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 2
    assert len(studio.hashes()) == len(studio.hashes("retired")) == 1


def test_a_failed_take_is_tried_again_by_the_next_run(studio: Studio) -> None:
    """A take refused by the content check fails alone, with its reason, and is asked for again."""
    studio.shots("a", "b")
    with service("submit:fail=DataInspectionFailed:#1") as at:
        result = studio.live(at)
        assert result.code == Exit.NOT_ALL_DONE
        assert studio.states() == {"a_t01": "failed", "b_t01": "done"}
        assert studio.rows()["a_t01"]["error_code"] == "DataInspectionFailed"
        assert "a_t01 failed" in result.out
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 2


def test_a_lost_answer_is_reconciled(studio: Studio) -> None:
    """A POST whose answer was lost leaves its take in doubt; its task is found in the list and
    adopted, its twin is submitted only then, and nothing is paid twice."""
    same = {"prompt": "@ellen waves."}
    studio.shots({"id": "a", **same}, {"id": "b", **same, "duration": 3}, "c")
    with service("submit:reset_after:#1") as at:
        result = studio.live(at, "--grace", "1")
        assert result.code == Exit.DONE, result.out
        assert account(at)["tasks_created"] == account(at)["billed_tasks"] == 3
    steps = studio.ledger("SELECT before, after FROM events WHERE key = 1 AND after IS NOT NULL")
    assert ("submitting", "in_doubt") in steps
    assert ("in_doubt", "submitted") in steps


def test_a_post_that_created_nothing_is_proven_absent(studio: Studio) -> None:
    """Where the service lists another task of ours and not this one, twice, after the grace,
    nothing was paid, and the take is sent again by itself."""
    studio.shots("a", "b")
    with service("submit:reset_before:#1") as at:
        result = studio.live(at, "--grace", "1")
        assert result.code == Exit.DONE, result.out
        assert account(at)["tasks_created"] == 2


def test_nothing_listed_is_no_proof(studio: Studio) -> None:
    """A first shot of a new account has nothing to show that the list is alive: without a
    terminal it stays in doubt, and only a word on the command line sends it again."""
    studio.shots("a")
    with service("submit:reset_before:#1") as at:
        result = studio.live(at, "--grace", "0.5")
        assert result.code == Exit.NOT_ALL_DONE
        assert studio.states() == {"a_t01": "in_doubt"}
        assert "it may be paid twice" in result.out
        again = studio.live(at, "--grace", "0.5", "--resubmit-in-doubt", "a_*")
        assert again.code == Exit.DONE, again.out
        assert account(at)["tasks_created"] == 1


def test_a_refused_key_stops_the_batch(studio: Studio) -> None:
    """A key that the service does not accept stops submitting at once, with one sentence."""
    studio.shots("a", "b", "c")
    with service(keys=("sk-another",)) as at:
        result = studio.live(at)
        assert result.code == Exit.REFUSED
        assert "does not accept the API key" in result.out
        assert KEY not in result.out + result.err
        assert set(studio.states().values()) == {"planned"}


def test_one_run_per_output_folder(studio: Studio) -> None:
    """A second run is refused while the first works, says by whom, and disturbs nothing."""
    studio.shots("a", "b")
    with (
        service(latency=60.0) as at,
        studio.start(*studio.live_words(at), "--progress", "json", DASHSCOPE_API_KEY=KEY) as first,
    ):
        assert first.stdout is not None
        first.stdout.readline()
        second = studio.live(at)
        assert second.code == Exit.OUTPUT
        assert f"process {first.pid}" in second.err
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)
        assert first.returncode == Exit.INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_gone_on_with(studio: Studio, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: exit 130, every state recorded, and a sentence that says what still
    runs and is billed; resume pays for nothing twice."""
    studio.shots("a", "b", "c")
    with service(latency=2.5, in_flight=2) as at:
        words = studio.live_words(at)
        with studio.start(*words, "--progress", "json", DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            for line in program.stdout:
                if json.loads(line)["in_flight"] == 2:
                    break
            program.send_signal(number)
            _, err = program.communicate(timeout=20)
            assert program.returncode == Exit.INTERRUPTED
        assert re.search(r"still runs? at the service and (is|are) billed", err)
        assert set(studio.states().values()) <= {"submitted", "running", "planned"}
        assert studio.live(at, verb="resume").code == Exit.DONE
        assert account(at)["billed_tasks"] == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_before_anything_is_taken_up(studio: Studio, number: signal.Signals) -> None:
    """While the service is greeted and says nothing, what is in flight since an earlier run is
    said to be billed, too."""
    studio.shots("a")
    with service("list:stall:#2", latency=20.0) as at:
        words = studio.live_words(at)
        studio.killed_after("submitted", 1, *words, DASHSCOPE_API_KEY=KEY)
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            while account(at)["lists"] < 2:
                time.sleep(0.01)
            program.send_signal(number)
            out, _ = program.communicate(timeout=20)
            assert program.returncode == Exit.INTERRUPTED
    assert re.search(r"still runs? at the service and (is|are) billed", out)


def interrupted_in_a_post(studio: Studio, delay: float) -> tuple[float, str]:
    """Ctrl-C while a POST waits for its answer; how many seconds the program took to leave, and
    what it said."""
    with service(answer_delay=delay) as at:
        words = studio.live_words(at, "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            while json.loads(program.stdout.readline())["after"] != "submitting":
                pass
            while not account(at)["posts"]:  # it is on its way
                time.sleep(0.01)
            began = time.monotonic()
            program.send_signal(signal.SIGINT)
            _, err = program.communicate(timeout=30)
            took = time.monotonic() - began
            assert program.returncode == Exit.INTERRUPTED
    return took, err


def test_ctrl_c_waits_for_a_post_under_way(studio: Studio) -> None:
    """An answer that comes soon is waited for: its task id is not lost. What was not sent is no
    money set aside."""
    studio.shots("a", "b")
    _, err = interrupted_in_a_post(studio, 3.0)
    assert "0.00 USD spent, 0.10 set aside" in err
    assert studio.states() == {"a_t01": "submitted", "b_t01": "planned"}


@pytest.mark.long
def test_ctrl_c_does_not_wait_for_ever(studio: Studio) -> None:
    """An answer that does not come leaves its take in doubt, within ten seconds."""
    studio.shots("a", "b")
    assert interrupted_in_a_post(studio, 60.0)[0] < 10
    assert studio.states() == {"a_t01": "in_doubt", "b_t01": "planned"}


def test_a_second_ctrl_c_leaves_at_once(studio: Studio) -> None:
    """Nothing is lost by it: the take is found submitting, and is in doubt for the next run."""
    studio.shots("a")
    with service(answer_delay=20.0) as at:
        words = studio.live_words(at, "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            while json.loads(program.stdout.readline())["after"] != "submitting":
                pass
            while program.poll() is None:  # two that come at once are one to the kernel
                program.send_signal(signal.SIGINT)
                time.sleep(0.05)
            assert program.wait() == Exit.INTERRUPTED
    # had it waited for the answer, it would have written down that it knows none
    assert studio.ledger("SELECT state FROM takes") == [("submitting",)]


def test_results_say_what_happened(studio: Studio) -> None:
    """One row a wanted take, in storyboard order; numbers are numbers; costs add up; no signed
    link and no key in any file but the ledger, and no key there either."""
    studio.shots({"id": "a", "prompt": "@chelsea, then @ellen.", "takes": 2, "seed": 7}, "b")
    with service() as at:
        assert studio.live(at).code == Exit.DONE
    rows = studio.rows()
    assert list(rows) == ["a_t01", "a_t02", "b_t01"]
    first = rows["a_t01"]
    assert (first["seed"], rows["a_t02"]["seed"], rows["b_t01"]["seed"]) == (7, 8, None)
    assert (first["billed_seconds"], first["cost"], first["currency"]) == (2, 0.1, "USD")
    assert first["prompt"] == "character1, then character2."
    assert first["references"] == ["chelsea.png", "ellen.png"]
    assert first["submitted_at"].endswith("Z")
    assert [row["take"] for row in studio.csv()] == list(rows)
    for file in studio.output.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file
            if not file.name.startswith("ledger.db"):
                assert b"Signature=" not in file.read_bytes(), file


def test_a_lost_clip_is_fetched_again_not_bought(studio: Studio) -> None:
    """A done clip whose file has gone is fetched by its link; `plan` and `status` say so before,
    and `run` names no clip as done that is not there."""
    studio.shots("a")
    with service() as at:
        studio.live(at)
        before = studio.hashes()
        assert "gone:" not in studio.call("status", "out").out
        (studio.output / "clips" / "a_t01.mp4").unlink()
        assert "a_t01 done, but its file has gone: the next" in studio.call("status", "out").out
        assert json.loads(studio.call("status", "out", "--json").out)["gone"] == ["a_t01"]
        told = studio.call("plan", str(studio.file), "--endpoint", at.base_url).out
        assert "its file has gone: fetched while its link lives" in told
        again = studio.live(at)
        assert (again.code, "done already" in again.err) == (Exit.DONE, False)
        assert account(at)["billed_tasks"] == 1
    assert studio.hashes() == before


@pytest.mark.parametrize("fault", ["download:truncated:#1", "download:corrupted:#1"])
def test_a_bad_download_is_fetched_again(studio: Studio, fault: str) -> None:
    """What arrives short or does not decode is fetched again, never bought again."""
    studio.shots("a")
    with service(fault) as at:
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 1
        assert account(at)["downloads"] >= 2
    assert studio.rows()["a_t01"]["flags"] == []


def test_a_strange_file_is_not_overwritten(studio: Studio) -> None:
    """A file at a clip's name that the batch did not write stops it before money is spent."""
    studio.shots("a")
    strange = studio.output / "clips" / "a_t01.mp4"
    strange.parent.mkdir(parents=True)
    strange.write_text("my holiday")
    with service() as at:
        result = studio.live(at)
        assert result.code == Exit.OUTPUT
        assert "is there already" in result.err
        assert account(at)["tasks_created"] == 0
        assert strange.read_text() == "my holiday"
        strange.rename(studio.folder / "holiday.mp4")
        assert studio.live(at).code == Exit.DONE


def test_after_keeps_its_order(studio: Studio) -> None:
    """A shot with `after` is submitted only when the other has ended, even if that failed."""
    studio.shots({"id": "z", "prompt": "@ellen last.", "after": ["a", "b"]}, "a", "b")
    with service("submit:fail=DataInspectionFailed:#1") as at:
        studio.live(at)
    rows = studio.rows()
    assert {take: row["status"] for take, row in rows.items()} == {
        "z_t01": "done",
        "a_t01": "failed",
        "b_t01": "done",
    }
    assert rows["z_t01"]["submitted_at"] > max(rows[t]["ended_at"] for t in ("a_t01", "b_t01"))


def test_only_and_first_leave_the_others_alone(studio: Studio) -> None:
    """`--only` and `--first` make those shots alone, and retire nothing of the rest."""
    studio.shots("a", "b", "c")
    with service() as at:
        assert studio.live(at, "--only", "b").code == Exit.DONE
        assert set(studio.hashes()) == {"b_t01.mp4"}
        studio.board["shots"][1]["prompt"] = "@chelsea now."
        studio.save()
        assert studio.live(at, "--first", "1").code == Exit.DONE
        assert set(studio.hashes()) == {"a_t01.mp4", "b_t01.mp4"}
        assert account(at)["billed_tasks"] == 2
        none = studio.live(at, "--only", "bb")
        assert none.code == Exit.USAGE
        assert "matches no shot" in none.err


def test_a_finished_batch_does_nothing(studio: Studio) -> None:
    """Run again when all is done: no call to the service, no export rewritten."""
    studio.shots("a", "b")
    with service() as at:
        studio.live(at)
        before = {f: f.stat().st_mtime_ns for f in studio.output.glob("results.*")}
        seen = account(at)
        assert studio.live(at).code == Exit.DONE
        assert account(at) == seen
    assert {f: f.stat().st_mtime_ns for f in studio.output.glob("results.*")} == before


def test_the_output_folder_may_be_moved(studio: Studio) -> None:
    """Paths in the ledger are relative: a moved folder is whole."""
    studio.shots("a")
    with service() as at:
        studio.live(at)
        shutil.move(studio.output, studio.folder / "elsewhere")
        studio.output = studio.folder / "elsewhere"
        assert studio.live(at, "-o", str(studio.output)).code == Exit.DONE
        assert account(at)["billed_tasks"] == 1
