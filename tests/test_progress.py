"""Progress as a person and a machine see it: whole texts, bars at two widths, honest time."""

from __future__ import annotations

import fcntl
import heapq
import io
import json
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tqdm.utils import disp_len

from r2vbatch.ledger import Known, Purse, State, Transition
from r2vbatch.manifest.model import Money
from r2vbatch.pacing import Change
from r2vbatch.progress import Event, Events, Mode, Plain, Progress, Silent, Tally, clock, progress
from r2vbatch.progress.bar import Bar
from r2vbatch.progress.words import folded, waiting

S = State


def rows(*states: State) -> list[Known]:
    """Takes a_t01, b_t01 … with keys from 1, standing so."""
    return [
        Known(key, f"{chr(96 + key) if key < 27 else key}_t01", "s", "f", True, state, False)
        for key, state in enumerate(states, 1)
    ]


def step(key: int, before: State, after: State, at: float, why: str = "") -> Transition:
    """One committed transition."""
    return Transition(key, before, after, at, why)


# Times lie in 1970, so that what is still running has had its time long ago: no clock is read.
RUN = [
    step(1, S.PLANNED, S.SUBMITTING, 0.0),
    step(1, S.SUBMITTING, S.SUBMITTED, 1.0),
    step(2, S.PLANNED, S.SUBMITTING, 1.0),
    step(2, S.SUBMITTING, S.IN_DOUBT, 2.0, "the connection broke"),
    step(9, S.RUNNING, S.GENERATED, 2.5),
    step(9, S.FETCHED, S.DONE, 2.7),
    step(1, S.SUBMITTED, S.RUNNING, 3.0),
    step(1, S.RUNNING, S.GENERATED, 61.0),
    step(1, S.GENERATED, S.FETCHED, 62.0),
    step(1, S.FETCHED, S.DONE, 63.5, "size"),
    step(3, S.PLANNED, S.HELD, 64.0, "over the budget"),
    step(4, S.PLANNED, S.FAILED, 65.0, "参考图 was refused"),
]


def usd(amount: str) -> Money:
    """Dollars."""
    return Money(Decimal(amount), "USD")


PURSE = Purse(usd("1.20"), usd("0.80"), usd("6"))


def shown(mode: Mode) -> str:
    """What a run of four takes, and one from outside it, shows."""
    stream = io.StringIO()
    view = progress(mode, Tally(rows(*[S.PLANNED] * 4), 1, lambda: PURSE), stream)
    for transition in RUN:
        view.show(transition)
    view.pace(Change("pause", 0.0, 28.0, "throttled (rate)"))
    view.close()
    return stream.getvalue()


def test_plain_lines() -> None:
    """A line where a take is submitted, ended, in doubt or held; the money, and the time left once
    measured; and one where submitting waits for long."""
    assert shown("plain") == (
        "a_t01: submitted\n"
        "[0/4, 1.20 USD] b_t01 in doubt: the connection broke\n"
        "[1/4, 1.20 USD, 2:00 left] a_t01 done: size\n"
        "[1/4, 1.20 USD, 1:00 left] c_t01 held: over the budget\n"
        "[2/4, 1.20 USD] d_t01 failed: 参考图 was refused\n"
        "submitting waits 28 s: throttled (rate)\n"
    )


def test_a_sign_of_life() -> None:
    """Plain lines say what is waited for after a silence of one minute, then of two."""
    stream = io.StringIO()
    view = progress("plain", Tally(rows(S.SUBMITTED, S.PLANNED), 1, lambda: PURSE), stream)
    line = "[0/2, 1.20 USD] 1 queued, 1 to submit; 1.20 USD spent, 0.80 set aside, cap 6.00\n"
    for seconds, lines in ((59, 0), (1, 1), (119, 1), (1, 2)):
        for _ in range(seconds):
            view.tick()
        assert stream.getvalue() == line * lines


def test_json_lines() -> None:
    """One object a transition, with the counts after it, in one order; a sentence is one, too."""
    lines = shown("json").splitlines()
    money = ' "spent": 1.2, "set_aside": 0.8, "max_cost": 6.0, "currency": "USD"}'
    assert len(lines) == len(RUN) - 2 + 1
    assert lines[0] == (
        '{"at": "1970-01-01T00:00:00.000Z", "take": "a_t01", "before": "planned",'
        ' "after": "submitting", "why": "", "done": 0, "failed": 0, "in_flight": 1, "total": 4,'
        ' "seconds_left": null,' + money
    )
    assert lines[7] == (
        '{"at": "1970-01-01T00:01:03.500Z", "take": "a_t01", "before": "fetched",'
        ' "after": "done", "why": "size", "done": 1, "failed": 0, "in_flight": 0, "total": 4,'
        ' "seconds_left": 120.0,' + money
    )
    assert lines[-2] == (
        '{"at": "1970-01-01T00:01:05.000Z", "take": "d_t01", "before": "planned",'
        ' "after": "failed", "why": "参考图 was refused", "done": 1, "failed": 1, "in_flight": 0,'
        ' "total": 4, "seconds_left": 0.0,' + money
    )
    said = json.loads(lines[-1])
    assert list(said) == list(json.loads(lines[0]))
    assert (said["take"], said["after"]) == (None, None)
    assert said["why"] == "submitting waits 28 s: throttled (rate)"


def test_the_time_left_is_told_to_a_tenth() -> None:
    """In JSON: more digits would promise what nobody knows."""
    event = Event(datetime.now(UTC), None, None, None, "", 0, 0, 1, 2, 12.3456, None)
    assert event.as_dict()["seconds_left"] == 12.3


def test_a_preview_has_no_money() -> None:
    """Nothing costs anything, so nothing is said of it."""
    stream = io.StringIO()
    view = progress("json", Tally(rows(S.PLANNED), 1), stream)
    view.show(RUN[0])
    found = json.loads(stream.getvalue())
    assert {found[name] for name in ("spent", "set_aside", "max_cost", "currency")} == {None}


@pytest.mark.parametrize(
    ("states", "change", "said"),
    [
        ([], None, "nothing under way"),
        ([S.DONE, S.FAILED], None, "nothing under way"),
        ([S.SUBMITTING, S.SUBMITTED, S.RUNNING, S.GENERATED, S.FETCHED, S.IN_DOUBT, S.PLANNED],
         None, "1 being submitted, 1 being made, 1 queued, 2 being fetched, 1 looked for,"
         " 1 to submit"),
        ([S.PLANNED, S.PLANNED], Change("pause", 0, 12.0, "throttled (rate)"),
         "2 to submit (in 0:10: throttled (rate))"),
        ([S.PLANNED], Change("rate", 5.0, 0.1, "the service refused the rate"),
         "1 to submit (one in 10 s: the service refuses more)"),
    ],
)  # fmt: skip
def test_what_is_waited_for(states: list[State], change: Change | None, said: str) -> None:
    """What happens at this moment, and what holds up the next submit."""
    tally = Tally(rows(*states), 1)
    if change:
        tally.pace(change, 100.0)
    assert waiting(tally, 102.0) == said


def test_the_slowest_is_told() -> None:
    """Of those being made, the one that has been for the longest."""
    tally = Tally(rows(S.SUBMITTED, S.SUBMITTED), 2)
    tally.note(step(1, S.SUBMITTED, S.RUNNING, 10.0))
    tally.note(step(2, S.SUBMITTED, S.RUNNING, 40.0))
    assert waiting(tally, 82.0) == "2 being made (longest 1:12)"
    tally.note(step(1, S.RUNNING, S.GENERATED, 82.0))
    assert waiting(tally, 82.0) == "1 being made (longest 0:42), 1 being fetched"


def test_a_doubt_takes_its_time() -> None:
    """It is not settled before the grace is over, and the time left says so."""
    tally = Tally(rows(S.SUBMITTING, S.RUNNING), 2, grace=300.0)
    tally.note(step(1, S.SUBMITTING, S.IN_DOUBT, 100.0))
    assert waiting(tally, 102.0) == "1 being made, 1 looked for (for 4:58)"
    tally.note(step(2, S.RUNNING, S.GENERATED, 110.0))
    tally.note(step(2, S.GENERATED, S.FETCHED, 110.0))
    tally.note(step(2, S.FETCHED, S.DONE, 110.0))
    assert tally.seconds_left(110.0) == 290.0
    assert tally.seconds_left(500.0) == 0.0
    tally.note(step(1, S.IN_DOUBT, S.SUBMITTED, 120.0))
    assert tally.doubt_left(120.0) == 0.0


def test_a_slow_pace_takes_its_time() -> None:
    """Where the service lets one in ten seconds through, or makes two at once, the time left
    knows of it."""
    tally = Tally(rows(S.SUBMITTED, *[S.PLANNED] * 8), 4)
    tally.note(step(1, S.SUBMITTED, S.SUBMITTED, 0.0))
    tally.note(step(1, S.SUBMITTED, S.GENERATED, 4.0))
    tally.note(step(1, S.GENERATED, S.FETCHED, 4.0))
    tally.note(step(1, S.FETCHED, S.DONE, 4.0))
    assert tally.seconds_left(4.0) == 8.0
    tally.pace(Change("in_flight", 4, 2, "refused beyond 2 in flight"), 4.0)
    assert tally.seconds_left(4.0) == 16.0
    tally.pace(Change("rate", 5.0, 0.1, "the service refused the rate"), 4.0)
    assert tally.seconds_left(4.0) == 84.0


def drawn(columns: int, names: str = "a") -> list[str]:
    """Everything that a run writes to a terminal of that width, in pieces that stay on one line
    or begin it again; bars, lines below them and lines above."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    takes = [row._replace(take=f"{names}{row.take}") for row in rows(*[S.PLANNED] * 4)]
    with ThreadPoolExecutor(1) as reading:
        text = reading.submit(_all_of, reader)
        with os.fdopen(writer, "w", encoding="utf-8") as stream:
            view = progress("auto", Tally(takes, 1, lambda: PURSE), stream)
            assert isinstance(view.view, Bar)
            for transition in RUN:
                view.show(transition)
                view.tick()
            view.close()
    plain = re.sub(r"\x1b\[\w", "", text.result())
    return [piece.rstrip() for piece in re.split(r"[\r\n]+", plain) if piece.strip()]


def _all_of(terminal: int) -> str:
    """Everything written to a terminal, until its other end is closed."""
    data = b""
    with suppress(OSError):  # Linux says EIO at the end, others an empty read
        while chunk := os.read(terminal, 4096):
            data += chunk
    os.close(terminal)
    return data.decode()


def test_the_bar_at_80_columns() -> None:
    """Done, troubles, money and time left fit; troubles scroll by above the bar; what is waited
    for stands below it, and is gone at the end."""
    pieces = drawn(80)
    assert "ab_t01 in doubt: the connection broke" in pieces
    assert "ad_t01 failed: 参考图 was refused" in pieces
    assert "1 queued, 3 to submit; 0.80 USD set aside" in pieces
    assert pieces[-1] == (
        " 50%|██████      | 2 of 4 takes, 1 failed, 1 held, 1 in doubt, 1.20 of 6.00 USD"
    )


def test_the_bar_at_200_columns() -> None:
    """The room goes to the bar."""
    bar = drawn(200)[-1]
    assert len(bar) == 199  # the last column stays free
    assert bar.count("█") > 50


def test_a_question_has_the_screen_to_itself() -> None:
    """What happens while a person is asked is shown when they have answered."""
    stream = io.StringIO()
    view = progress("bar", Tally(rows(S.PLANNED, S.RUNNING), 1), stream)
    with view.paused():
        asked = len(stream.getvalue())
        view.show(step(1, S.PLANNED, S.HELD, 1.0, "over the budget"))
        view.tick()
        view.say("a sentence")
        assert len(stream.getvalue()) == asked
    told = stream.getvalue()[asked:]
    assert told.index("a_t01 held: over the budget") < told.index("a sentence")
    view.close()


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
@pytest.mark.parametrize("names", ["a", "第一场_小雨走进来看着窗外的雨_特写_"])
def test_the_bar_never_wraps(columns: int, names: str) -> None:
    """However narrow the terminal and however wide the takes' ids."""
    ours = [p for p in drawn(columns, names) if "%|" in p or "to submit" in p or "queued" in p]
    assert len(ours) > 10
    assert [piece for piece in ours if disp_len(piece) >= columns] == []


@pytest.mark.parametrize(
    ("mode", "kind"), [("plain", Plain), ("json", Events), ("none", Silent), ("auto", Plain)]
)
def test_what_is_asked_for_is_shown(mode: str, kind: type[Progress]) -> None:
    """Auto is plain where there is no terminal."""
    assert type(progress(mode, Tally([], 1), io.StringIO()).view) is kind  # type: ignore[arg-type]


def test_a_tally_counts_each_take_where_it_stands() -> None:
    """From a resumed batch on: every state is in one count, and retries move back."""
    tally = Tally(rows(*S), 5)
    counts = tally.total, tally.done, tally.bad, tally.in_flight, tally.fetching, tally.ended
    assert counts == (13, 1, 4, 3, 2, 5)
    failed = list(S).index(S.FAILED) + 1
    tally.note(step(failed, S.FAILED, S.PLANNED, 0.0))
    assert (tally.bad, tally.ended) == (3, 4)


def a_batch(
    takes: int, slots: int, ahead: int, seconds: float
) -> Iterator[tuple[float, Transition]]:
    """The transitions of a batch whose service runs `slots` takes at a time and queues `ahead`
    more: each runs for `seconds`, give or take a fixed pattern of a fifth."""
    now, ends, queue, planned = (
        0.0,
        list[tuple[float, int]](),
        list[int](),
        iter(range(1, takes + 1)),
    )
    while True:
        while len(ends) + len(queue) < slots + ahead and (key := next(planned, None)):
            yield now, step(key, S.PLANNED, S.SUBMITTING, now)
            yield now, step(key, S.SUBMITTING, S.SUBMITTED, now)
            queue.append(key)
        while queue and len(ends) < slots:
            key = queue.pop(0)
            yield now, step(key, S.SUBMITTED, S.RUNNING, now)
            heapq.heappush(ends, (now + seconds * (0.8 + 0.1 * (key % 5)), key))
        if not ends:
            return
        now, key = heapq.heappop(ends)
        yield now, step(key, S.RUNNING, S.GENERATED, now)
        yield now, step(key, S.GENERATED, S.FETCHED, now)
        yield now, step(key, S.FETCHED, S.DONE, now)


@pytest.mark.parametrize("ahead", [0, 2])
def test_the_time_left_is_honest(ahead: int) -> None:
    """From the first tenth on it is within a fifth of what it turns out to be (or half a take),
    also where two takes are kept ahead in the service's queue."""
    steps = list(a_batch(100, 5, ahead, 60.0))
    end = steps[-1][0]
    tally = Tally(rows(*[S.PLANNED] * 100), 5)
    checked = 0
    for now, transition in steps:
        tally.note(transition)
        if transition.after is S.DONE and tally.done >= 10:
            left = tally.seconds_left(now)
            assert left is not None
            assert abs(left - (end - now)) <= max(0.2 * (end - now), 40.0), (now, left, end - now)
            checked += 1
    assert checked == 91


def test_there_is_no_time_left_before_anything_was_measured() -> None:
    """A guess is not shown as knowledge; with nothing to do it is none."""
    assert Tally(rows(S.PLANNED), 5).seconds_left(0.0) is None
    assert Tally(rows(S.DONE, S.FAILED), 5).seconds_left(0.0) == 0.0


def test_clocks() -> None:
    """Minutes and seconds, and hours where there are any."""
    assert [clock(s) for s in (0, 42.4, 59.6, 725, 3723, 360000)] == [
        "0:00", "0:42", "1:00", "12:05", "1:02:03", "100:00:00",
    ]  # fmt: skip


def test_a_reader_that_leaves_stops_nothing() -> None:
    """What cannot be shown any more is counted all the same, and the reason is kept."""
    head, tail = os.pipe()
    tally = Tally(rows(*[S.PLANNED] * 4), 1)
    with open(tail, "w", encoding="utf-8") as stream:
        view = progress("json", tally, stream)
        view.show(RUN[0])
        assert view.failure is None
        os.close(head)
        for transition in RUN[1:]:
            view.show(transition)
        view.say("unheard")
        view.close()
        assert isinstance(view.failure, BrokenPipeError)
        with suppress(BrokenPipeError):
            stream.close()
    assert (tally.done, tally.bad) == (1, 1)


def test_without_a_stream_nothing_is_shown() -> None:
    """A closed stderr is no reason not to run."""
    tally = Tally(rows(S.PLANNED), 1)
    view = progress("auto", tally, None)
    view.show(RUN[0])
    view.close()
    assert tally.in_flight == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a_t01 held: over the cap", ["a_t01 held: over the cap"]),
        ("a_t01 held: over the cap of 1.20 USD",
         ["a_t01 held: over the cap of", "    1.20 USD"]),
        ("    https://example.com/a-b-c/d.mp4 it is",
         ["    https://example.com/a-b-c/d.mp4", "        it is"]),
        ("  r2vbatch resume out --max-cost '3.50 USD'",
         ["  r2vbatch resume out --max-cost '3.50 USD'"]),
        ("小雨走进来 小雨走进来 小雨走进来", ["小雨走进来 小雨走进来", "    小雨走进来"]),
    ],
)  # fmt: skip
def test_what_is_too_wide_is_broken_between_words(text: str, lines: list[str]) -> None:
    """What follows is set in; a word stays whole, and so does a command, which is there to be
    copied. Characters of two columns count as two."""
    assert folded(text, 28).splitlines() == lines
