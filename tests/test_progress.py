"""Progress as a person and a machine see it: whole texts, bars at two widths, honest time."""

from __future__ import annotations

import fcntl
import heapq
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from r2vbatch.ledger import Known, State, Transition
from r2vbatch.progress import Bar, JsonLines, Plain, Progress, Silent, Tally, clock, progress

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


def shown(kind: type[Plain] | type[JsonLines]) -> str:
    """What a run of four takes, and one from outside it, shows."""
    stream = io.StringIO()
    view = kind(Tally(rows(*[S.PLANNED] * 4), lambda: 1), stream)
    for transition in RUN:
        view.show(transition)
    view.close()
    return stream.getvalue()


def test_plain_lines() -> None:
    """A line where a take is submitted, ended, in doubt or held; the time left once measured."""
    assert shown(Plain) == (
        "a_t01: submitted\n"
        "[0/4] b_t01 in doubt: the connection broke\n"
        "[1/4, 2:00 left] a_t01 done: size\n"
        "[1/4, 1:00 left] c_t01 held: over the budget\n"
        "[2/4, 0:00 left] d_t01 failed: 参考图 was refused\n"
    )


def test_json_lines() -> None:
    """One object a transition, with the counts after it, in one order."""
    lines = shown(JsonLines).splitlines()
    assert len(lines) == len(RUN) - 2
    assert lines[0] == (
        '{"at": "1970-01-01T00:00:00.000Z", "take": "a_t01", "before": "planned",'
        ' "after": "submitting", "why": "", "done": 0, "failed": 0, "in_flight": 1, "total": 4,'
        ' "seconds_left": null}'
    )
    assert lines[7] == (
        '{"at": "1970-01-01T00:01:03.500Z", "take": "a_t01", "before": "fetched",'
        ' "after": "done", "why": "size", "done": 1, "failed": 0, "in_flight": 0, "total": 4,'
        ' "seconds_left": 120.0}'
    )
    assert lines[-1] == (
        '{"at": "1970-01-01T00:01:05.000Z", "take": "d_t01", "before": "planned",'
        ' "after": "failed", "why": "参考图 was refused", "done": 1, "failed": 1, "in_flight": 0,'
        ' "total": 4, "seconds_left": 0.0}'
    )


def on_a_terminal(columns: int) -> list[str]:
    """The lines that a terminal of that width shows in the end."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with ThreadPoolExecutor(1) as reading:
        text = reading.submit(_all_of, reader)
        with os.fdopen(writer, "w", encoding="utf-8") as stream:
            view = progress("auto", Tally(rows(*[S.PLANNED] * 4), lambda: 1), stream)
            assert isinstance(view.view, Bar)
            for transition in RUN:
                view.show(transition)
            view.close()
    # a carriage return starts the line again; what was longer is blanked by what follows
    lines = [line.rsplit("\r", 1)[-1] for line in text.result().replace("\r\n", "\n").split("\n")]
    return [line.rstrip() for line in lines if line.strip()]


def _all_of(terminal: int) -> str:
    """Everything written to a terminal, until its other end is closed."""
    data = b""
    with suppress(OSError):  # Linux says EIO at the end, others an empty read
        while chunk := os.read(terminal, 4096):
            data += chunk
    os.close(terminal)
    return data.decode()


def test_the_bar_at_80_columns() -> None:
    """Done, failed, in flight and time left fit; a failure scrolls by above the bar."""
    assert on_a_terminal(80) == [
        "d_t01 failed: 参考图 was refused",
        " 50%|██████████▌          | 2/4 takes, 1 done, 1 failed, 0 in flight, 0:00 left",
    ]


def test_the_bar_at_200_columns() -> None:
    """The room goes to the bar."""
    failed, bar = on_a_terminal(200)
    assert failed == "d_t01 failed: 参考图 was refused"
    assert len(bar) == 199  # the last column stays free
    assert bar.endswith("| 2/4 takes, 1 done, 1 failed, 0 in flight, 0:00 left")
    assert bar.count("█") > 60


@pytest.mark.parametrize(
    ("mode", "kind"), [("plain", Plain), ("json", JsonLines), ("none", Silent), ("auto", Plain)]
)
def test_what_is_asked_for_is_shown(mode: str, kind: type[Progress]) -> None:
    """Auto is plain where there is no terminal."""
    assert type(progress(mode, Tally([], lambda: 1), io.StringIO()).view) is kind  # type: ignore[arg-type]


def test_a_tally_counts_each_take_where_it_stands() -> None:
    """From a resumed batch on: every state is in one count, and retries move back."""
    tally = Tally(rows(*S), lambda: 5)
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
    tally = Tally(rows(*[S.PLANNED] * 100), lambda: 5)
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
    assert Tally(rows(S.PLANNED), lambda: 5).seconds_left(0.0) is None
    assert Tally(rows(S.DONE, S.FAILED), lambda: 5).seconds_left(0.0) == 0.0


def test_clocks() -> None:
    """Minutes and seconds, and hours where there are any."""
    assert [clock(s) for s in (0, 42.4, 59.6, 725, 3723, 360000)] == [
        "0:00", "0:42", "1:00", "12:05", "1:02:03", "100:00:00",
    ]  # fmt: skip


def test_a_reader_that_leaves_stops_nothing() -> None:
    """What cannot be shown any more is counted all the same, and the reason is kept."""
    head, tail = os.pipe()
    tally = Tally(rows(*[S.PLANNED] * 4), lambda: 1)
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
    tally = Tally(rows(S.PLANNED), lambda: 1)
    view = progress("auto", tally, None)
    view.show(RUN[0])
    view.close()
    assert tally.in_flight == 1
