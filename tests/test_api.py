"""The Python API: what a pipeline calls, and what it can rely on."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from PIL import Image
from studio import KEY, Studio, service

import r2vbatch
from r2vbatch import (
    Event,
    ManifestInvalid,
    Money,
    OutputUnavailable,
    R2VBatchError,
    Report,
    UsageProblem,
    check,
    load,
    plan,
    run,
    run_sync,
)
from r2vbatch.batch.lock import locked
from r2vbatch.emulator import process
from r2vbatch.errors import Exit

CLIENT = ROOT / "tests" / "client.py"


@pytest.fixture(scope="module")
def at() -> Iterator[process.Child]:
    """An emulator for all of them; each test has an account of its own."""
    with service(latency=0.3) as child:
        yield child


@pytest.fixture(scope="module")
def slow() -> Iterator[process.Child]:
    """One at which nothing ends while a test lasts."""
    with service(latency=60.0) as child:
        yield child


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a", "b")
    return made


def key(name: str) -> str:
    """A key, and so an account, of this name."""
    return f"sk-{name}-0000000000000000"


def billed(at: process.Child, since: int) -> int:
    """Tasks billed by the emulator, beyond those of before."""
    return sum(found["billed_tasks"] for found in at.stats()["accounts"].values()) - since


def states(report: Report) -> dict[str, str]:
    return {take.id: str(take.state) for take in report.takes}


def test_import_is_light_and_every_name_is_there() -> None:
    """`import r2vbatch` imports nothing heavy, nor does reading a manifest of links; each public
    name can be had, whatever was imported before, and none is also that of a room."""
    film = str(ROOT / "manifests" / "documentation-request.yaml")
    code = (
        "import sys, r2vbatch, r2vbatch.planning\n"
        f"from r2vbatch import load; load({film!r})\n"
        "print([m for m in ('aiohttp', 'av', 'PIL', 'tqdm', 'click') if m in sys.modules])\n"
        "print(sorted(r2vbatch.__all__) == r2vbatch.__all__,"
        " all(getattr(r2vbatch, n).__name__ == n for n in r2vbatch.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\nTrue True\n", done.stderr
    rooms = {path.stem for path in (ROOT / "r2vbatch").iterdir()}
    assert not rooms & set(r2vbatch.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = r2vbatch.lode  # type: ignore[attr-defined]


def test_load_carries_every_problem(studio: Studio) -> None:
    """All of them, with their places; `check` hands out the same, and neither prints."""
    studio.shots({"id": "a", "prompt": "@chelsee", "durration": 3}, "b")
    with pytest.raises(ManifestInvalid) as caught:
        load(studio.file)
    found = caught.value.diagnostics
    assert [d.rule for d in found if d.severity == "error"] == ["unknown-mention", "unknown-key"]
    assert all(d.position.line > 1 and d.position.file == str(studio.file) for d in found)
    assert check(str(studio.file)) == found
    text = "".join(traceback.format_exception(caught.value))
    assert f"{studio.file}:{found[0].position.line}:" in text and "did you mean @chelsea?" in text
    with pytest.raises(ManifestInvalid, match="1 error"):
        load(studio.folder / "nothing.yaml")


def test_a_plan_has_seconds_and_a_price(studio: Studio) -> None:
    """Those of all takes; an endpoint that cannot make them is refused with the place of the
    model, and one that does not exist with what was probably meant."""
    drawn = plan(load(studio.file))
    assert [take.id for take in drawn.takes] == ["a_t01", "b_t01"]
    assert (drawn.seconds, drawn.price) == (Decimal(4), Money(Decimal("0.20"), "USD"))
    with pytest.raises(UsageProblem, match="singapur"):
        plan(load(studio.file), endpoint="singapur")
    with pytest.raises(ManifestInvalid) as caught:
        plan(load(studio.file), endpoint="virginia")
    assert [d.rule for d in caught.value.diagnostics] == ["model-not-in-region"]


def test_a_catalogue_of_ones_own(studio: Studio, at: process.Child) -> None:
    """Its prices are those of the plan and of a run; what is wrong with it has its line, from
    `check` as from the others; without it a model of one's own is unknown."""
    ours = studio.folder / "ours.yaml"
    price = "prices: {singapore: {read: 2026-12-01, per_second: {sound: {720P: 0.04}}}}"
    ours.write_text(f"models:\n  wan2.6-r2v-flash: {{{price}}}\n  own: {{like: wan2.7-r2v}}\n")
    film = load(studio.file, catalogue=ours)
    assert plan(film, catalogue=ours).price == Money(Decimal("0.16"), "USD")
    report = run_sync(
        film, endpoint=at.base_url, key=key("ours"), consent=True, only="a", catalogue=str(ours)
    )
    assert report.purse and report.purse.spent == Money(Decimal("0.08"), "USD")
    studio.file.write_text(studio.file.read_text().replace("wan2.6-r2v-flash", "own"))
    assert [d.rule for d in check(studio.file)] == ["unknown-model"]
    assert plan(load(studio.file, catalogue=ours), catalogue=ours).takes[0].model.name == "own"
    ours.write_text("models: {own: {like: wan}}\n")
    assert [(d.rule, d.position.line) for d in check(studio.file, catalogue=ours)] == [
        ("catalogue", 1)
    ]
    with pytest.raises(ManifestInvalid, match="1 error"):
        run_sync(film, catalogue=ours)


def test_a_script_of_a_pipeline(studio: Studio, at: process.Child) -> None:
    """`client.py` makes two clips, and says what they cost. Its output is its own: no word of ours,
    and no key, is in it. A run after it makes nothing."""
    before = billed(at, 0)
    done = subprocess.run(
        [sys.executable, str(CLIENT), str(studio.file), at.base_url], capture_output=True,
        text=True, timeout=60, env={**os.environ, "DASHSCOPE_API_KEY": KEY},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["clips"] == ["a_t01.mp4", "b_t01.mp4"]
    assert found["seen"] == ["a_t01", "b_t01"]
    assert found["spent"] == {"amount": 0.2, "currency": "USD"}
    assert KEY not in done.stdout
    events: list[Event] = []
    report = run_sync(
        load(studio.file), endpoint=at.base_url, key=KEY, consent=True, on_event=events.append
    )
    assert (report.complete, events) == (True, [])
    assert billed(at, before) == 2


@pytest.mark.long
def test_the_client_is_typed(tmp_path: Path) -> None:
    """mypy, strict, finds our types from the package's own `py.typed`, and nothing to object to."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(CLIENT)],
        capture_output=True, text=True, timeout=300, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "r2vbatch" / "py.typed").is_file()


def test_nothing_is_spent_without_a_yes(studio: Studio, at: process.Child) -> None:
    """A live run wants `max_cost` or `consent`, and says so in the words of Python."""
    posts = at.stats()["accounts"]
    with pytest.raises(UsageProblem, match=r"would spend up to 0\.20 USD") as caught:
        run_sync(load(studio.file), endpoint=at.base_url, key=key("thrifty"))
    assert caught.value.hint == 'agree with consent=True, or with a cap: max_cost="6.00 USD"'
    assert at.stats()["accounts"] == posts
    report = run_sync(
        load(studio.file), endpoint=at.base_url, key=key("thrifty"), max_cost="0.15 USD"
    )
    assert states(report) == {"a_t01": "done", "b_t01": "held"}
    assert (report.complete, report.exit_code) == (False, 4)
    assert "over the cap" in report.takes[1].reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"only": "zz"}, "only='zz' matches no shot"),
        ({"only": "a,b"}, "repeat it: only=['a', 'b']"),
        ({"max_cost": "5 CNY"}, "or choose the price table with prices="),
        ({"output": __file__}, "choose another one with output="),
    ],
)
def test_a_problem_is_told_in_the_words_of_python(
    studio: Studio, at: process.Child, arguments: dict[str, Any], said: str
) -> None:
    """What stands in its message or hint is what a program can change."""
    with pytest.raises(R2VBatchError) as caught:
        run_sync(load(studio.file), endpoint=at.base_url, consent=True, **arguments)
    told = f"{caught.value} | {' '.join(caught.value.__notes__)}"
    assert said in told
    assert "--" not in told


def test_a_url_of_the_manifest_does_not_get_the_key(studio: Studio) -> None:
    """Only a URL that the caller names does."""
    studio.shots("a", endpoint="https://example.com/api/v1")
    with pytest.raises(UsageProblem, match="wants your API key") as caught:
        run_sync(load(studio.file), key=key("secret"), consent=True)
    assert 'endpoint="https://example.com/api/v1"' in caught.value.hint
    assert key("secret") not in f"{caught.value!r} {caught.value.hint}"


def test_a_reference_that_became_bad_is_no_edit(studio: Studio, at: process.Child) -> None:
    """Between `load` and `run`: it is refused on its line, and no paid clip is set aside for it."""
    words: dict[str, Any] = {"endpoint": at.base_url, "key": key("changed"), "consent": True}
    film = load(studio.file)
    assert run_sync(film, **words).complete
    (studio.folder / "refs" / "ellen.png").write_text("not a picture any more")
    for call in (lambda: plan(film), lambda: run_sync(film, **words)):
        with pytest.raises(ManifestInvalid, match=r"film\.yaml:\d+:\d+: error"):
            call()
    assert sorted(studio.hashes()) == ["a_t01.mp4", "b_t01.mp4"]
    assert studio.hashes("retired") == {}


def test_only_takes_one_glob_or_several(studio: Studio, at: process.Child) -> None:
    """A plain text is one glob, not its letters."""
    report = run_sync(
        load(studio.file), endpoint=at.base_url, key=key("one"), consent=True, only="b"
    )
    assert states(report) == {"b_t01": "done"}
    assert report.complete
    with pytest.raises(UsageProblem, match="matches no shot"):
        run_sync(load(studio.file), endpoint=at.base_url, key=key("one"), only=["b", "z"])


def test_a_cancellation_is_a_ctrl_c(studio: Studio) -> None:
    """What runs at the service is recorded, the folder is free again at once, and the next run
    fetches it: nothing is paid for twice. Signals stay the caller's meanwhile."""
    studio.shots("a", "b", "c")
    handlers = []

    async def story(base_url: str) -> Report:
        told = dict.fromkeys(["a_t01", "b_t01", "c_t01"], "planned")

        def follow(event: Event) -> None:
            handlers.append(signal.getsignal(signal.SIGTERM))
            if event.take and event.after:
                told[event.take] = event.after
            if event.in_flight == 2:
                task.cancel()

        words: dict[str, Any] = {"endpoint": base_url, "key": KEY, "consent": True}
        task = asyncio.create_task(run(load(studio.file), **words, on_event=follow))
        await asyncio.wait([task])
        assert task.cancelled()
        assert studio.states() == told
        assert {"submitted", "running"} & {*told.values()}
        return await run(load(studio.file), **words)

    before = signal.getsignal(signal.SIGTERM)
    with service(latency=1.0, in_flight=2) as slow:
        report = asyncio.run(story(slow.base_url))
        assert report.complete
        assert billed(slow, 0) == 3
    assert set(handlers) == {before}


@pytest.mark.long
@pytest.mark.parametrize("again", [False, True])
def test_cancelled_at_each_event(tmp_path: Path, at: process.Child, again: bool) -> None:
    """Wherever it is cancelled, and by those who cannot wait twice: the next run makes what is
    missing, no take is paid for twice, and no socket or file is left open."""

    async def story(file: Path, number: int, words: dict[str, Any]) -> bool:
        seen = 0

        def follow(event: Event) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                task.cancel()
                if again:
                    asyncio.get_running_loop().call_later(0.01, task.cancel)

        task = asyncio.create_task(run(load(file), **words, on_event=follow))
        await asyncio.wait([task])
        assert task.cancelled() or task.result().complete
        report = await run(load(file), **words)
        assert report.complete, report
        return task.cancelled()

    cancelled = 0
    for number in range(1, 20):
        made = Studio(tmp_path / f"film-{number}")
        made.shots("a", "b")
        name = key(f"{'twice' if again else 'once'}{number}")
        before = billed(at, 0)
        words = {"endpoint": at.base_url, "key": name, "consent": True, "grace": 2.0}
        cancelled += asyncio.run(story(made.file, number, words))
        assert billed(at, before) == 2, number
        gc.collect()  # what was left open is told here, and not in somebody else's test
    assert cancelled >= 8


def most_alive(studio: Studio, base_url: str, enough: Callable[[Event], bool]) -> int:
    """How many takes had a coroutine at once in a run that goes on until `enough`."""

    async def story() -> int:
        seen: list[int] = []

        def follow(event: Event) -> None:
            seen.append(sum(each.get_name().endswith("_t01") for each in asyncio.all_tasks()))
            if enough(event):
                task.cancel()

        words: dict[str, Any] = {"endpoint": base_url, "key": key("many"), "consent": True}
        task = asyncio.create_task(run(load(studio.file), **words, on_event=follow, film=False))
        await asyncio.wait([task])
        return max(seen)

    return asyncio.run(story())


def test_what_waits_to_be_submitted_has_no_coroutine(studio: Studio, slow: process.Child) -> None:
    """Of thirty takes those alone have one that are in flight, or for which there is room."""
    studio.shots(*(f"s{number:02}" for number in range(30)), limits={"in_flight": 3})
    most = most_alive(studio, slow.base_url, lambda event: event.in_flight == 3)
    assert most <= 3 + 2 + 2  # two may be ahead, and two getting ready


@pytest.mark.long
def test_what_waits_to_be_fetched_has_no_coroutine(studio: Studio, at: process.Child) -> None:
    """A folder whose clips have all gone does not begin with all of them at once."""
    studio.shots(*(f"s{number:02}" for number in range(24)), limits={"in_flight": 12})
    assert most_alive(studio, at.base_url, lambda event: False) <= 24
    shutil.rmtree(studio.output / "clips")
    studio.shots(*studio.board["shots"], limits={"in_flight": 3})
    assert most_alive(studio, at.base_url, lambda event: False) <= 2 * (3 + 2) + 8
    assert len(studio.hashes()) == 24


def test_cancelled_while_it_winds_down(studio: Studio, at: process.Child) -> None:
    """All is made by then, but the caller wants no report, nor a film, any more: it is not kept."""

    async def story() -> None:
        words: dict[str, Any] = {"endpoint": at.base_url, "key": key("late"), "consent": True}
        task = asyncio.create_task(run(load(studio.file), **words))
        while not any(each.get_name() == "last steps" for each in asyncio.all_tasks()):
            assert not task.done()
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(story())
    assert set(studio.states().values()) == {"done"}


def test_cancelled_while_a_copy_is_made(studio: Studio, at: process.Child) -> None:
    """No thread works on in a folder that another run may have next: with the same process id, the
    two would write the same part file, and one publish what the other had not finished."""
    cut_out = Image.effect_noise((1800, 1800), 90).convert("RGBA")
    cut_out.save(studio.folder / "refs" / "ellen.png", compress_level=0)
    studio.board["cast"]["ellen"]["fit"] = True
    studio.save()

    def at_work() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name.startswith("clips")]

    async def story() -> None:
        words: dict[str, Any] = {"endpoint": at.base_url, "key": key("fitted"), "consent": True}
        task = asyncio.create_task(run(load(studio.file), **words))
        while not at_work():
            assert not task.done()
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert at_work() == []

    asyncio.run(story())
    assert not [*(studio.output / "fitted").glob("*.part")]


def test_ctrl_c_in_a_script(studio: Studio, slow: process.Child) -> None:
    """`KeyboardInterrupt`, once everything is recorded."""
    code = (
        "import signal, sys; from r2vbatch import load, run_sync\n"
        # as in a terminal; what is started in the background may inherit that it is ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "said = lambda event: print(event.after, flush=True)\n"
        "run_sync(load(sys.argv[1]), endpoint=sys.argv[2], consent=True, on_event=said)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(studio.file), slow.base_url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as script:  # fmt: skip
        assert script.stdout is not None
        assert "running\n" in script.stdout  # reads on until it comes, or the script has ended
        script.send_signal(signal.SIGINT)
        _, err = script.communicate(timeout=30)
    assert err.splitlines()[-1].startswith("KeyboardInterrupt")
    assert set(studio.states().values()) <= {"submitted", "running"}


def test_ctrl_c_again_and_again(studio: Studio, slow: process.Child) -> None:
    """By someone impatient: all is recorded, and the folder is free, in a program that goes on as
    an interactive one does; even when the last one meets the end of the loop."""
    code = (
        "import asyncio, os, signal, sys; from pathlib import Path\n"
        "from r2vbatch import load, run_sync; from r2vbatch.batch.lock import locked\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "press = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "async def twice():\n"
        "    press(); press()\n"
        "async def late():\n"
        "    try: await asyncio.Event().wait()\n"
        "    finally: press()\n"
        "kept = []\n"
        "def follow(event):\n"
        "    if event.after == 'running' and not kept:\n"
        "        kept[:] = [asyncio.ensure_future(each()) for each in (late, twice)]\n"
        "try: run_sync(load(sys.argv[1]), endpoint=sys.argv[2], consent=True, on_event=follow)\n"
        "except KeyboardInterrupt: print('interrupted')\n"
        "with locked(Path(sys.argv[3])): print('free')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code, studio.file, slow.base_url, studio.output],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("interrupted\nfree\n", "")
    assert set(studio.states().values()) <= {"submitted", "running"}


def test_an_error_is_told_by_itself(studio: Studio) -> None:
    """Not as something that happened while another was handled, which a caller cannot know."""
    with pytest.raises(UsageProblem) as caught:
        run_sync(load(studio.file), only="zz")
    assert caught.value.__context__ is None


def test_signals_are_answered_where_that_is_asked_for(studio: Studio, slow: process.Child) -> None:
    """SIGTERM then ends the run early, with a report, and the program goes on."""
    code = (
        "import sys; from r2vbatch import load, run_sync\n"
        "said = lambda event: print(event.after, flush=True)\n"
        "report = run_sync(load(sys.argv[1]), endpoint=sys.argv[2], consent=True, on_event=said,"
        " handle_signals=True)\n"
        "print(report.interrupted, int(report.exit_code), report.done)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(studio.file), slow.base_url],
        stdout=subprocess.PIPE, text=True,
    ) as script:  # fmt: skip
        assert script.stdout is not None
        assert "running\n" in script.stdout  # reads on until it comes, or the script has ended
        script.send_signal(signal.SIGTERM)
        out, _ = script.communicate(timeout=30)
    assert script.returncode == 0
    assert out.splitlines()[-1] == "True 130 0"


def test_in_a_thread_of_its_own(studio: Studio, at: process.Child) -> None:
    """A run needs no main thread."""
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(
            run_sync, load(studio.file), endpoint=at.base_url, key=key("thread"), consent=True,
            handle_signals=True,
        ).result(60)  # fmt: skip
    assert report.complete


def test_two_runs_side_by_side(
    studio: Studio, tmp_path: Path, at: process.Child, slow: process.Child
) -> None:
    """In one process and loop, each in a folder of its own; a second one in the same folder is
    refused, and does not take the first one's lock away."""
    other = Studio(tmp_path / "other")
    other.shots("c")
    words: dict[str, Any] = {"key": key("twins"), "consent": True}

    async def story() -> Report:
        begun = asyncio.Event()
        first = asyncio.create_task(
            run(
                load(studio.file),
                **words,
                endpoint=slow.base_url,
                on_event=lambda event: begun.set(),
            )
        )
        await begun.wait()
        with pytest.raises(OutputUnavailable, match="in use by another run of this program"):
            await run(load(studio.file), **words, endpoint=at.base_url)
        assert studio.call("resume", "out", "--yes").code == Exit.OUTPUT
        second = await run(load(other.file), **words, endpoint=at.base_url)
        assert not first.done()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with locked(studio.output):
            return second

    assert states(asyncio.run(story())) == {"c_t01": "done"}


def test_what_on_event_raises_is_raised(studio: Studio, at: process.Child) -> None:
    """It stops the run, with everything recorded."""

    def follow(event: Event) -> None:
        if event.after == "submitted":
            raise ZeroDivisionError("a bug in the pipeline")

    words: dict[str, Any] = {"endpoint": at.base_url, "key": key("buggy"), "consent": True}
    with pytest.raises(ZeroDivisionError, match="a bug in the pipeline"):
        run_sync(load(studio.file), **words, on_event=follow)
    assert run_sync(load(studio.file), **words).complete


@pytest.mark.parametrize("leave", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_leaving_from_on_event_records_everything(
    studio: Studio, at: process.Child, leave: BaseException
) -> None:
    """What is no `Exception`, as of ``sys.exit()``, stops the run no worse: the folder is free,
    nothing is paid for twice."""

    def follow(event: Event) -> None:
        if event.after == "submitted":
            raise leave

    name = f"leaves-{type(leave).__name__}"
    words: dict[str, Any] = {"endpoint": at.base_url, "key": key(name), "consent": True}
    since = billed(at, 0)
    with pytest.raises(type(leave)):
        run_sync(load(studio.file), **words, on_event=follow)
    assert run_sync(load(studio.file), **words).complete
    assert billed(at, since) == 2


async def _listener(event: Event) -> None:
    """Nobody would await it."""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"consent": "no"}, "consent: wanted True or False, not str"),
        ({"max_cost": 6.0}, "'6.0' is not an amount of money"),
        ({"max_cost": Money(Decimal("NaN"), "USD")}, "'NaN USD' is not an amount of money"),
        ({"max_cost": Money(Decimal(-1), "USD")}, "'-1 USD' is not an amount of money"),
        ({"key": b"sk-0000000000000000"}, "key: wanted a text, not bytes"),
        ({"endpoint": 3}, "endpoint: wanted a text, not int"),
        ({"only": 3}, "only: wanted a glob or several, not int"),
        ({"only": b"a"}, "only: wanted a glob or several, not bytes"),
        ({"resubmit_in_doubt": [3]}, "resubmit_in_doubt: wanted a glob or several, not list"),
        ({"grace": 0}, "a grace of 0 s makes no sense"),
        ({"grace": math.nan}, "a grace of nan s makes no sense"),
        ({"grace": "5"}, "grace: wanted a number, not str"),
        ({"output": "a\0b"}, "output holds a NUL, which no path can"),
        ({"on_event": _listener}, "on_event: wanted a plain function, not a coroutine function"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_begun(
    studio: Studio, at: process.Child, words: dict[str, Any], says: str
) -> None:
    """By its name; above all, a text is no yes."""
    before = at.stats()["total"]
    given = {"endpoint": at.base_url, "key": key("wrong"), "consent": True} | words
    with pytest.raises((TypeError, UsageProblem), match=re.escape(says)):
        run_sync(load(studio.file), **given)
    assert at.stats()["total"] == before


def test_a_path_is_no_manifest(studio: Studio) -> None:
    """What is to be loaded first says so."""
    wrong: Any = str(studio.file)
    with pytest.raises(TypeError, match=r"wanted what load\(\) returns, not str"):
        run_sync(wrong)
    with pytest.raises(TypeError, match=r"wanted what load\(\) returns, not str"):
        plan(wrong)


def test_run_sync_inside_a_loop_says_what_to_do(studio: Studio) -> None:
    """In a notebook, say."""

    async def story() -> None:
        run_sync(load(studio.file))

    with pytest.raises(RuntimeError, match=r"use `await run\(…\)` there"):
        asyncio.run(story())
