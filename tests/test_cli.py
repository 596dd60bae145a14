"""The command line as people meet it: what it imports, asks, answers and ends with."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from studio import KEY, PROGRAM, Studio, account, service

from r2vbatch.errors import Exit

HEAVY = ("aiohttp", "av", "PIL", "opentimelineio", "jinja2")
DOCUMENTATION = ROOT / "tests" / "requests" / "documentation.json"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a", "b")
    return made


def imported(*args: str) -> set[str]:
    """The heavy modules that a verb has imported by its end."""
    code = (
        "import sys; from r2vbatch.cli import cli\n"
        f"cli.main({list(args)!r}, standalone_mode=False)\n"
        f"print(*[m for m in {HEAVY!r} if m in sys.modules], sep=',')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(filter(None, done.stdout.splitlines()[-1].split(",")))


def on_a_terminal(studio: Studio, answer: str, *args: str, **env: str) -> tuple[int, str]:
    """Run the program with a terminal for its input and output, type `answer`."""
    head, tail = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *args], cwd=studio.folder, env={**os.environ, **env},
        stdin=tail, stdout=tail, stderr=tail, close_fds=True,
    ) as program:  # fmt: skip
        os.close(tail)
        said = b""
        while True:
            try:
                heard = os.read(head, 4096)
            except OSError:  # the other end has closed
                break
            if not heard:
                break
            said += heard
            if b"[y/N]" in heard and answer:
                os.write(head, f"{answer}\n".encode())
        program.wait(60)
        os.close(head)
    return program.returncode, said.decode()


def test_help_is_light() -> None:
    """`--help` imports nothing heavy, and names every verb."""
    assert imported("--help") == set()


def test_check_is_light() -> None:
    """`check` imports nothing heavy unless a local reference must be opened."""
    manifests = ROOT / "manifests"
    assert imported("check", str(manifests / "documentation-request.yaml")) == set()
    assert imported("check", str(manifests / "quickstart.yaml")) == {"av", "PIL"}


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["rum", "film.yaml"], Exit.USAGE, "did you mean run?"),
        (["run"], Exit.USAGE, "such as: r2vbatch run film.yaml"),
        (["run", "nothing.yaml"], Exit.MANIFEST, "nothing.yaml:1:1: error: no such file"),
        (["run", "refs"], Exit.MANIFEST, "refs:1:1: error"),
        (["run", "film.yaml", "--endpoint", "singapur"], Exit.USAGE, "did you mean singapore?"),
        (["run", "film.yaml", "--endpoint", "singapore", "--yes"], Exit.USAGE, "needs an API key"),
        (["run", "film.yaml", "--max-cost", "five"], Exit.USAGE, "is not an amount of money"),
        (["run", "film.yaml", "--only", "zz"], Exit.USAGE, "matches no shot"),
        (["run", "film.yaml", "--prices", "mars"], Exit.USAGE, "mars"),
        (["run", "film.yaml", "-o", "film.yaml"], Exit.OUTPUT, "cannot be made"),
        (["resume", "nowhere"], Exit.OUTPUT, "no ledger here"),
        (["status", "."], Exit.OUTPUT, "no ledger here"),
        (["init", "."], Exit.USAGE, "is there already"),
    ],
)
def test_typical_mistakes(studio: Studio, args: list[str], code: int, says: str) -> None:
    """Each mistake has its exit code and a sentence, and no traceback; nothing is made."""
    result = studio.call(*args)
    assert result.code == code, result.err
    assert says in result.err
    assert "Traceback" not in result.err
    assert not studio.output.exists()


def test_every_problem_in_one_go(studio: Studio) -> None:
    """Problems of reading and of planning come together, in the order of their lines, exit 3."""
    studio.board["shots"] = [
        {"id": "a", "prompt": "@ellen and @chelsee"},
        {"id": "b", "prompt": "@ellen", "duration": 12, "colour": "red"},
        {"id": "a", "prompt": "@chelsea", "after": "c"},
    ]
    studio.save()
    result = studio.call("check", "film.yaml")
    assert result.code == Exit.MANIFEST
    for message in ("chelsee", "duration", "colour", "duplicate", "'c'"):
        assert message in result.err or message.strip("'") in result.err, message
    lines = [line for line in result.err.splitlines() if line.startswith("film.yaml:")]
    places = [tuple(map(int, line.split(":")[1:3])) for line in lines]
    assert places == sorted(places)
    assert len(places) >= 5


def test_check_speaks_to_machines(studio: Studio) -> None:
    """`--format json` is a JSON array on stdout, `github` are annotations; warnings are exit 3
    only with `--strict`."""
    studio.board["shots"] = [{"id": "a", "prompt": "@ellen", "cast": ["ellen", "chelsea"]}]
    studio.save()
    found = studio.call("check", "film.yaml", "--format", "json")
    assert found.code == Exit.DONE
    (warning,) = json.loads(found.out)
    assert (warning["severity"], warning["file"]) == ("warning", "film.yaml")
    assert studio.call("check", "film.yaml", "--strict").code == Exit.MANIFEST
    assert studio.call("check", "film.yaml", "--format", "github").out.startswith("::warning file=")


def test_the_documented_request_comes_out_equal() -> None:
    """`plan --requests` on the documentation's request, as written, is that request key for key;
    with a cast it differs only in `Character`, which the cast form writes small."""
    wanted = json.loads(DOCUMENTATION.read_text(encoding="utf-8"))
    for name in ("documentation-request", "documentation-request-cast"):
        done = subprocess.run(
            [*PROGRAM, "plan", str(ROOT / "manifests" / f"{name}.yaml"), "--requests"],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        (line,) = done.stdout.splitlines()
        request = json.loads(line)["request"]
        if name.endswith("cast"):
            prompt = wanted["input"]["prompt"].replace("Character", "character")
            wanted["input"]["prompt"] = prompt
        assert request == wanted


def test_plan_says_what_and_why(studio: Studio) -> None:
    """`plan` names what would be made and why, its seconds and price, and makes nothing."""
    result = studio.call("plan", "film.yaml")
    assert result.code == Exit.DONE
    assert "2 of 2 takes to make at preview: free" in result.out
    assert "live: 4 billed seconds, 0.20 USD (prices of singapore, read 2026-11)" in result.out
    assert not studio.output.exists()
    with service() as at:
        studio.live(at, "--only", "a")
        studio.board["shots"][0]["prompt"] = "@chelsea."
        studio.save()
        again = studio.call("plan", "film.yaml", "--endpoint", at.base_url)
    assert "changed since it was made" in again.out
    assert "retire" in again.out


def test_a_dry_run_makes_nothing(studio: Studio) -> None:
    """`--dry-run` says what a run would do, and does nothing."""
    result = studio.call("run", "film.yaml", "--dry-run", "--endpoint", "singapore")
    assert result.code == Exit.DONE
    assert "price: 0.20 USD" in result.out
    assert not studio.output.exists()


def test_nothing_is_spent_without_a_yes(studio: Studio) -> None:
    """Without a terminal a live run wants --yes or --max-cost; it says the price, exit 2."""
    with service() as at:
        result = studio.call("run", "film.yaml", "--endpoint", at.base_url)
        assert result.code == Exit.USAGE
        assert "this would spend up to 0.20 USD" in result.err
        assert account(at)["posts"] == 0


@pytest.mark.parametrize(("answer", "made"), [("n", 0), ("y", 2)])
def test_the_price_is_asked_on_a_terminal(studio: Studio, answer: str, made: int) -> None:
    """On a terminal the price is a question; no is no."""
    with service() as at:
        code, said = on_a_terminal(studio, answer, "run", "film.yaml", "--endpoint", at.base_url)
        assert "Spend up to 0.20 USD? [y/N]" in said
        assert account(at)["billed_tasks"] == made
        assert ("Not done: no answer." in said) is (not made)
        assert code == (Exit.DONE if made else Exit.INTERRUPTED)


def test_a_borrowed_manifest_does_not_get_the_key(studio: Studio) -> None:
    """An endpoint URL that only the manifest names is not sent the key unasked."""
    studio.shots("a", endpoint="https://example.com/api/v1")
    result = studio.call("run", "film.yaml", "--yes", DASHSCOPE_API_KEY=KEY)
    assert result.code == Exit.USAGE
    assert "wants your API key sent to https://example.com/api/v1" in result.err
    assert KEY not in result.err


def test_many_clips_are_not_retired_unasked(studio: Studio) -> None:
    """More than five clips, or those of another manifest, move to retired/ only with a yes."""
    studio.shots(*(f"s{n}" for n in range(7)))
    with service() as at:
        studio.live(at)
        studio.shots("s0")
        capped = ["run", "film.yaml", "--endpoint", at.base_url, "--max-cost", "5 USD"]
        refused = studio.call(*capped)
        assert refused.code == Exit.USAGE
        assert "6 clips are no longer wanted" in refused.err
        assert len(studio.hashes()) == 7
        assert studio.live(at).code == Exit.DONE
        assert (len(studio.hashes()), len(studio.hashes("retired"))) == (1, 6)


def test_a_cap_in_another_currency_is_refused(studio: Studio) -> None:
    """Currencies are never converted."""
    result = studio.call("run", "film.yaml", "--endpoint", "singapore", "--max-cost", "0.01 CNY",
                         DASHSCOPE_API_KEY=KEY)  # fmt: skip
    assert result.code == Exit.USAGE
    assert "would hold" not in result.err, "a cap that is refused was reckoned with"
    assert "currencies are never converted" in result.err
    dry = studio.call("run", "film.yaml", "--endpoint", "singapore", "--max-cost", "0.01 CNY",
                      "--dry-run")  # fmt: skip
    assert dry.code == Exit.USAGE
    assert result.err.endswith(dry.err)


def test_a_dry_run_says_what_a_cap_would_hold(studio: Studio) -> None:
    """Before anything is spent, and with what was spent before."""
    words = ["run", "film.yaml", "--dry-run", "--max-cost", "0.15 USD", "--endpoint"]
    held = "warning: in storyboard order, the cap of 0.15 USD would hold 1 of {}:\n    {}\n"
    assert held.format("2 takes", "b_t01") in studio.call(*words, "singapore").out
    with service() as at:
        assert studio.live(at, "--only", "b").code == Exit.DONE
        said = studio.call(*words, at.base_url).out
        assert held.format("1 take", "a_t01") in said
        assert "money in this folder: 0.10 USD spent, cap 0.15\n" in said
        assert "warning" not in studio.call(*words, at.base_url, "--only", "b").out


def test_status_while_it_runs(studio: Studio) -> None:
    """`status` reads a running batch, in words and as JSON."""
    with service(latency=3.0) as at:
        words = studio.live_words(at)
        with studio.start(*words, "--progress", "json", DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            while json.loads(program.stdout.readline())["in_flight"] < 2:
                pass
            said = studio.call("status", "out")
            found = json.loads(studio.call("status", "out", "--json").out)
            program.communicate(timeout=60)
    assert "live: 0 of 2 done" in said.out
    assert sum(found["counts"]["live"].values()) == 2
    assert [take["take"] for take in found["takes"]] == ["a_t01", "b_t01"]


def test_json_progress_is_json(studio: Studio) -> None:
    """With `--progress json` stdout holds one JSON object a line and nothing else."""
    with service() as at:
        result = studio.live(at, "--progress", "json")
    events = [json.loads(line) for line in result.out.splitlines()]
    assert [e["after"] for e in events if e["take"] == "a_t01"][-1] == "done"
    assert "2 of 2 takes done" in result.err


def test_a_reader_that_leaves_is_no_error(studio: Studio) -> None:
    """`plan | head -1`: no traceback when the pipe is closed."""
    studio.shots(*(f"s{n}" for n in range(400)))
    with studio.start("plan", "film.yaml", "--requests") as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
