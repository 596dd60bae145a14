"""Reconciling as a table: what is known, and what is decided about it, in words.

Each file in ``tests/reconcile`` holds cases as YAML documents. Times are seconds after the intent
on the service's clock; ``says`` is the whole ruling, one line a decision.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from r2vbatch.dashscope.model import Listed, Status, Task, TaskPage, Usage
from r2vbatch.dashscope.prompts import prompt_key
from r2vbatch.dashscope.times import wire_stamp
from r2vbatch.reconcile import (
    Adopt,
    Ask,
    Doubt,
    Facts,
    Fail,
    Intent,
    Listing,
    Resend,
    Ruling,
    Wait,
    decide,
    listing,
    same_account,
    unchanged,
    window,
)
from r2vbatch.reconcile.recognise import could_be, same_prompt

CASES = Path(__file__).parent / "reconcile"
T0 = 1_790_000_000.0
HERE = "https://one.example/api/v1"
PROMPT = "character1 sits on a chair by the window, holding character2, soft morning light"


def at(seconds: float) -> datetime:
    """So many seconds after the intent, on the service's clock."""
    return datetime.fromtimestamp(T0 + seconds, UTC)


def cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load_all(file.read_text("utf-8")):
            yield pytest.param(case, id=f"{file.stem}: {case['case']}")


@pytest.mark.parametrize("case", list(cases()))
def test_every_case_is_ruled_as_written(case: Mapping[str, Any]) -> None:
    """Each case's facts give exactly the decisions, reasons and next steps that it writes down."""
    intents = [intent(key, each, case) for key, each in enumerate(case["takes"])]
    names = {each.key: each.take for each in intents}
    assert list(said(decide(intents, facts(case)), names)) == case["says"].splitlines()


def intent(key: int, given: Mapping[str, Any], case: Mapping[str, Any]) -> Intent:
    """A take in doubt; `clock` is how far our clock was ahead, unmeasured if `measured: false`."""
    ahead = case.get("clock", 0)
    begun, ended = given.get("at", 0), given.get("ended", 2)
    return Intent(
        key=key,
        take=given["take"],
        model=given.get("model", "wan2.6-r2v-flash"),
        prompt=given.get("prompt", PROMPT) * given.get("times", 1),
        limit=given.get("limit", 1500),
        size=given.get("size", "1280*720"),
        tier=given.get("tier", 720),
        seconds=given.get("seconds", 5),
        endpoint=given.get("endpoint", HERE),
        marks=frozenset(given.get("marks", ["k1"])),
        intent_at=T0 + begun + ahead,
        post_ended_at=None if ended is None else T0 + ended + ahead,
        clock_offset=-ahead if case.get("measured", True) else None,
        resends=given.get("resends", 0),
        wanted=given.get("wanted", True),
        consent=given.get("consent", False),
    )


def facts(case: Mapping[str, Any]) -> Facts:
    """All else that a case says; most say little."""
    known = {key: None if s is None else at(s) for key, s in case.get("known", {}).items()}
    under_way = case.get("under_way", [])
    return Facts(
        now=at(case["now"]),
        start_up=at(case.get("start_up", -60)),
        grace=timedelta(seconds=case.get("grace", 300)),
        endpoint=case.get("endpoint", HERE),
        accounts=frozenset(case.get("accounts", ["k1"])),
        listings=[listed(each) for each in case.get("listings", [])],
        known=known,
        details={key: task(key, each) for key, each in case.get("details", {}).items()},
        unclaimed=frozenset(case.get("unclaimed", [])),
        under_way=frozenset(prompt_key(each, 1500) for each in under_way),
        echo_trusted=case.get("trusted", False),
        clock_offset=-case.get("clock", 0),
    )


def listed(given: Mapping[str, Any]) -> Listing:
    """A listing of one page, of several (`pages`), or a failure (`rows: null`)."""
    pages = given.get("pages", [given.get("rows", [])])
    if pages == [None]:
        return listing([], at(given["at"]), at(given["at"] + 1))
    total = given.get("total", sum(map(len, pages)))
    read = [
        TaskPage(tuple(row(r) for r in page), number, given.get("of", len(pages)), total)
        for number, page in enumerate(pages, start=1)
    ]
    return listing(read, at(given["at"]), at(given["at"] + 1))


def row(given: str) -> Listed:
    """``task STATUS created [model]``."""
    name, status, created, *model = given.split()
    kind = model[0] if model else "wan2.6-r2v-flash"
    return Listed(name, Status(status), "" if kind == "-" else kind, at(float(created)))


def task(name: str, given: Mapping[str, Any]) -> Task:
    """An answer to a query; SUCCEEDED with our prompt unless it says otherwise."""
    status = Status(given.get("status", "SUCCEEDED"))
    prompt = given.get("prompt", PROMPT) if status is Status.SUCCEEDED else None
    usage = given.get("usage")
    if usage is not None:
        usage = Usage(
            number(usage.get("billed")), number(usage.get("input")), number(usage.get("output")),
            usage.get("size"), usage.get("tier"),
        )  # fmt: skip
    return Task(name, "r", status, None, None, None, prompt, "https://clip", None, "", "", usage)


def number(given: object) -> Decimal | None:
    return None if given is None else Decimal(str(given))


def said(ruling: Ruling, names: Mapping[int, str]) -> Iterator[str]:
    """A ruling as lines of text."""
    for each in ruling.decisions:
        yield f"{names[each.key]}: {verb(each)}: {each.reason}"
    for lost in ruling.retire:
        yield f"retire {lost.task_id} (near {names[lost.key]}): {lost.reason}"
    if ruling.watch:
        yield f"watch {' '.join(ruling.watch)}"
    if ruling.list_at:
        yield f"list at {seconds(ruling.list_at)}"


def verb(each: object) -> str:
    match each:
        case Adopt(task_id=name, retired=retired):
            return f"adopt {name}" + (" into retired" if retired else "")
        case Resend(proven=proven):
            return "resend" if proven else "resend on a yes"
        case Wait(until=None, what=what):
            return f"wait for {what}"
        case Wait(until=until, what=what):
            return f"wait until {seconds(until)} for {what}"
        case Doubt(tasks=tasks):
            return " ".join(["doubt", *tasks])
        case Ask():
            return "ask"
        case Fail():
            return "fail"
    raise AssertionError(each)


def seconds(moment: datetime) -> str:
    return f"{moment.timestamp() - T0:g}"


# --- the parts, by their laws --------------------------------------------------------------------

AGES = st.integers(0, 23 * 3600)


@hypothesis.given(age=AGES, known=st.lists(AGES, max_size=3), zone=st.sampled_from([0, 8]))
def test_a_window_holds_what_is_sought_under_either_zone(
    age: int, known: list[int], zone: int
) -> None:
    """Whichever zone the service reads it in, a window holds the intent's tasks, the known
    tasks and the present, within the 24 h allowed; or there is none."""
    asked = window([intent(0, {"take": "a"}, {})], [at(age - s) for s in known], at(age), 0.0)
    if asked is None:
        return
    first, last = (
        datetime.strptime(wire_stamp(moment, timedelta(0)), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        - timedelta(hours=zone)
        for moment in asked
    )
    assert last - first <= timedelta(hours=24)
    assert all(first <= each <= last for each in [at(-120), at(age), *(at(age - s) for s in known)])


def test_no_window_holds_a_long_past_intent() -> None:
    """From about sixteen hours on only the plain list is right under both zones."""
    assert window([intent(0, {"take": "a"}, {})], [], at(15 * 3600), 0.0)
    assert window([intent(0, {"take": "a"}, {})], [], at(17 * 3600), 0.0) is None


@hypothesis.given(st.lists(st.integers(0, 9), unique=True), st.integers(1, 4), st.integers(0, 9))
def test_pages_are_whole_only_if_every_row_came(names: list[int], size: int, without: int) -> None:
    """All pages make a whole listing; without one of them, it is none."""
    rows = [row(f"t{name} FAILED {name}") for name in names]
    cut = [tuple(rows[i : i + size]) for i in range(0, len(rows), size)] or [()]
    pages = [TaskPage(each, n, len(cut), len(rows)) for n, each in enumerate(cut, start=1)]
    assert listing(pages, at(0), at(1)).complete
    part = [page for page in pages if page.page != without % len(pages) + 1]
    assert not listing(part, at(0), at(1)).complete


def test_a_row_pushed_to_the_next_page_does_no_harm() -> None:
    """A task made while the pages are read shows its neighbour twice; nothing is missing."""
    first = TaskPage((row("t2 FAILED 2"), row("t1 FAILED 1")), 1, 2, 3)
    second = TaskPage((row("t1 FAILED 1"), row("t0 FAILED 0")), 2, 2, 4)
    assert listing([first, second], at(0), at(1)).complete


PROMPTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: bool(text.split()))


@hypothesis.given(PROMPTS, st.integers(1, 30), st.sampled_from(["NFC", "NFD"]))
def test_a_prompt_is_recognised_however_it_is_written(text: str, limit: int, form: Any) -> None:
    """Normal form, white space and the documented cut, before or after folding, never hide it."""
    respaced = "  ".join(unicodedata.normalize(form, text).split()) + "\n"
    assert same_prompt(text, respaced, 10_000)
    assert unchanged(text, respaced)
    assert same_prompt(text, text[:limit], limit)
    assert same_prompt(text, prompt_key(prompt_key(text, 10_000), limit), limit)


@hypothesis.given(PROMPTS, st.integers(0, 60), st.booleans())
@hypothesis.example("\u00c8\u0359", 1, True)  # in normal form the mark that is cut off comes first
def test_a_cut_is_never_excluded(text: str, length: int, trusted: bool) -> None:
    """Any beginning of our prompt may be our prompt, trusted echo or not."""
    assert could_be(text, text[:length], trusted=trusted)


@pytest.mark.parametrize(
    ("echo", "before", "after"),
    [
        ("a red car drives through the desert at noon", False, False),
        ("at the desk she sits on a chair by the window, reading", True, False),
        ("SITS ON A CHAIR, BY THE WINDOW", True, False),
        (PROMPT + " and more", True, False),
        ("a chair", True, False),
        ("a red car", False, False),
        ("…", True, True),
    ],
)
def test_what_excludes_before_and_after_an_echo_is_trusted(
    echo: str, before: bool, after: bool
) -> None:
    """Twenty letters in a row in common leave a doubt until the endpoint's echo is trusted."""
    assert could_be(PROMPT, echo, trusted=False) is before
    assert could_be(PROMPT, echo, trusted=True) is after


def test_keys_that_reached_one_task_are_one_account() -> None:
    """Marks are joined over any number of takes, and only over those."""
    takes = [frozenset({"b", "c"}), frozenset({"a", "b"}), frozenset({"d", "e"})]
    assert same_account("a", takes) == {"a", "b", "c"}
    assert same_account("f", takes) == {"f"}


ROWS = st.builds(
    "t{} {} {}".format,
    st.integers(0, 5),
    st.sampled_from(["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]),
    st.integers(-300, 2000),
)
LISTINGS = st.lists(
    st.builds(
        lambda start, rows: {"at": start, "rows": rows},
        st.integers(0, 2000),
        st.none() | st.lists(ROWS, max_size=4),
    ),
    max_size=4,
).map(lambda each: sorted(each, key=lambda one: one["at"]))


@hypothesis.given(
    listings=LISTINGS,
    details=st.dictionaries(
        st.sampled_from(["t0", "t1", "t2"]),
        st.sampled_from([{}, {"prompt": None}, {"prompt": "a red car at noon"}]),
    ),
    known=st.dictionaries(st.sampled_from(["t0", "t5"]), st.none() | st.integers(-300, 2000)),
    wanted=st.lists(st.booleans(), min_size=1, max_size=3),
)
def test_whatever_is_listed_each_take_gets_one_lawful_decision(
    listings: Any, details: Any, known: Any, wanted: list[bool]
) -> None:
    """One decision a take, in order; nothing is adopted twice or known; and nothing is sent again
    without two whole listings after the grace, nor ever while it is no longer wanted."""
    case = {"now": 2100, "listings": listings, "details": details, "known": known}
    takes = [intent(n, {"take": f"{n}", "wanted": w}, case) for n, w in enumerate(wanted)]
    ruling = decide(takes, facts(case))
    assert [each.key for each in ruling.decisions] == [take.key for take in takes]
    adopted = [each.task_id for each in ruling.decisions if isinstance(each, Adopt)]
    taken = [*adopted, *(each.task_id for each in ruling.retire)]
    assert len(set(taken)) == len(taken) and not set(taken) & set(known)
    late = [each for each in listings if each["at"] >= 302 and each["rows"] is not None]
    resent = [each for each in ruling.decisions if isinstance(each, Resend)]
    assert not resent or (len(late) >= 2 and all(each.proven for each in resent))
    assert all(takes[each.key].wanted for each in resent)
