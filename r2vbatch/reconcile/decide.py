"""The rules in their order: first what was found is given to whom it belongs, then each take that
got nothing is judged by how far its absence is proven.

A rule that errs must err towards doubt: a take in doubt costs a look, a wrong resend costs a clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from r2vbatch.dashscope.model import Listed
from r2vbatch.dashscope.prompts import prompt_key
from r2vbatch.reconcile import words
from r2vbatch.reconcile.model import (
    RESENDS,
    Adopt,
    Ask,
    Decision,
    Doubt,
    Facts,
    Fail,
    For,
    Intent,
    Listing,
    Resend,
    Retire,
    Ruling,
    Wait,
)
from r2vbatch.reconcile.moments import RESEND_UNTIL, TASK_LIFE, Moments, age, moments
from r2vbatch.reconcile.proof import Proof, proof
from r2vbatch.reconcile.recognise import Found, Relation, created_order, relation, unchanged


@dataclass
class _Case:
    """One intent, and what the unknown tasks are to it."""

    intent: Intent
    times: Moments
    proof: Proof
    relations: Mapping[str, Relation]
    mine: Found | None = None
    held: bool = False
    """A task is the take's or its twin's; which, an older task that has not ended will say."""

    def of(self, found: Found) -> Relation:
        return self.relations.get(found.row.task_id, Relation.APART)


@dataclass
class _Scene:
    """Everything at hand for one ruling."""

    facts: Facts
    cases: list[_Case]
    found: list[Found]
    """Unknown tasks, in order of creation."""
    left_over: list[tuple[Found, Intent]] = field(default_factory=list)


def decide(intents: Sequence[Intent], facts: Facts) -> Ruling:
    """What to do about the takes in doubt, all at one base URL, as things stand now.

    Pure: the same facts give the same ruling, and nothing said before binds it. A decision to
    adopt, send again or fail must be in the ledger before the next call.
    """
    scene = _survey(intents, facts)
    _share_out(scene)
    decisions = tuple(_decision(case, scene) for case in scene.cases)
    doubted = {each.key for each in decisions if _doubted(each)}
    unsettled = [
        case
        for case, each in zip(scene.cases, decisions, strict=True)
        if isinstance(each, Wait | Ask | Doubt)
    ]
    return Ruling(
        decisions,
        retire=tuple(_retired(scene, doubted)),
        watch=tuple(each.row.task_id for each in scene.found if _worth_asking(each, unsettled)),
        list_at=min(_listings_due(unsettled, facts), default=None),
    )


def _doubted(decision: Decision) -> bool:
    """Whether the run has nothing better to say about the take."""
    if isinstance(decision, Resend):
        return not decision.proven
    return isinstance(decision, Doubt | Ask)


def _listings_due(unsettled: list[_Case], facts: Facts) -> Iterator[datetime]:
    for case in unsettled:
        if case.proof.list_at and age(case.intent, facts) < TASK_LIFE:
            yield case.proof.list_at


def _survey(intents: Sequence[Intent], facts: Facts) -> _Scene:
    found = sorted(_unknown(facts), key=created_order)
    trusted = facts.echo_trusted or any(
        unchanged(intent.prompt, each.task.prompt)
        for intent in intents
        for each in found
        if each.task
    )
    cases = [_case(intent, found, facts, trusted=trusted) for intent in intents]
    return _Scene(facts, cases, found)


def _case(intent: Intent, found: list[Found], facts: Facts, *, trusted: bool) -> _Case:
    """What each unknown task is to `intent`. To one of yesterday, nothing: its task is listed no
    more, and a twin may have been submitted since, whose task this would be."""
    times = moments(intent, facts.clock_offset, facts.grace, facts.start_up)
    possible = found if age(intent, facts) < TASK_LIFE else []
    relations = {
        each.row.task_id: relation(intent, times.opens, each, trusted=trusted, now=facts.now)
        for each in possible
    }
    return _Case(intent, times, proof(times, facts), relations)


def _unknown(facts: Facts) -> list[Found]:
    """Every listed task that no take of ours has, as last seen."""
    rows: dict[str, Listed] = {}
    for each in facts.listings:
        rows.update((row.task_id, row) for row in each.rows if row.task_id not in facts.known)
    return [Found(row, facts.details.get(task_id)) for task_id, row in rows.items()]


def _share_out(scene: _Scene) -> None:
    """Give tasks to the takes they match, in order of creation, the first asked first; but one
    submitted with another key, perhaps to another account, comes after all that were not.

    While a twin's POST is under way, its task cannot be told from theirs; and where several takes
    match, an older task that has not ended may be the first one's.
    """
    accounts = scene.facts.accounts
    queue = sorted(
        scene.cases,
        key=lambda case: (not case.intent.marks & accounts, case.times.begun, case.intent.key),
    )
    for number, found in enumerate(scene.found):
        same = [case for case in queue if case.of(found) is Relation.SAME]
        if not same or found.row.task_id in scene.facts.unclaimed:
            continue
        takers = [case for case in same if case.mine is None]
        if any(_twin_under_way(case, scene) for case in same):
            continue
        if not takers:
            scene.left_over.append((found, same[0].intent))
        elif len(takers) > 1 and _older_open(takers, scene.found[:number]):
            for case in takers:
                case.held = True
        else:
            takers[0].mine = found


def _older_open(takers: list[_Case], older: list[Found]) -> bool:
    return any(case.of(found) is Relation.OPEN for case in takers for found in older)


def _twin_under_way(case: _Case, scene: _Scene) -> bool:
    return prompt_key(case.intent.prompt, case.intent.limit) in scene.facts.under_way


def _decision(case: _Case, scene: _Scene) -> Decision:
    intent, facts = case.intent, scene.facts
    if case.mine:
        row = case.mine.row
        reason = words.adopted(row, case.times, wanted=intent.wanted)
        return Adopt(intent.key, row.task_id, row.created_at, not intent.wanted, reason)
    if _twin_under_way(case, scene):
        return Wait(intent.key, None, For.POST, words.TWIN)
    if case.held:
        return Wait(intent.key, None, For.TASKS, words.WHOSE)
    if age(intent, facts) >= TASK_LIFE:
        return _for_a_person(intent, facts, words.TOO_LATE)
    in_the_way = _in_the_way(case, scene)
    still_open = [each for each in in_the_way if case.of(each) is Relation.OPEN]
    if not case.proof.hopeless and case.proof.lacking:
        return Wait(
            intent.key, case.proof.list_at, case.proof.lacking, words.WAITING[case.proof.lacking]
        )
    if still_open:
        return Wait(intent.key, None, For.TASKS, words.still_made(still_open))
    elsewhere = _elsewhere(intent, facts)
    if elsewhere:
        return Doubt(intent.key, elsewhere)
    if in_the_way and facts.under_way:
        return Wait(intent.key, None, For.POST, words.PERHAPS_NEW)
    if in_the_way:
        ids = tuple(each.row.task_id for each in in_the_way)
        return _doubt(intent, facts, words.near(in_the_way), ids)
    return _absent(case, facts)


def _absent(case: _Case, facts: Facts) -> Decision:
    """Nothing that was listed can be the take's: what follows depends on how sure that is."""
    intent = case.intent
    if case.proof.lacking is For.SENTINEL:
        return _for_a_person(intent, facts, words.NO_SENTINEL)
    if case.proof.lacking:
        return _doubt(intent, facts, words.NO_LIST)
    if age(intent, facts) >= RESEND_UNTIL:
        return _doubt(intent, facts, words.TOO_OLD)
    if not intent.wanted:
        return Fail(intent.key, words.NOT_WANTED)
    if intent.resends >= RESENDS:
        return Fail(intent.key, words.ENOUGH)
    return Resend(intent.key, proven=True, reason=words.ABSENT)


def _elsewhere(intent: Intent, facts: Facts) -> str:
    """Why this run may not send the take again, if it is not where the intent was."""
    if intent.endpoint != facts.endpoint:
        return words.other_endpoint(intent.endpoint)
    return "" if intent.marks & facts.accounts else words.OTHER_KEY


def _for_a_person(intent: Intent, facts: Facts, why: str) -> Decision:
    if intent.wanted and not intent.consent and intent.resends < RESENDS:
        return Ask(intent.key, why)
    return _doubt(intent, facts, why)


def _doubt(intent: Intent, facts: Facts, why: str, tasks: tuple[str, ...] = ()) -> Decision:
    """In doubt it stays, unless a person has said yes."""
    if intent.wanted and intent.consent and intent.resends < RESENDS:
        return Resend(intent.key, proven=False, reason=words.YES)
    return Doubt(intent.key, why, tasks)


def _in_the_way(case: _Case, scene: _Scene) -> list[Found]:
    """Tasks seen up to the second listing that may be the take's and are given to no other."""
    given = {other.mine.row.task_id for other in scene.cases if other.mine}
    seen = _seen_by(case.proof.second, scene.facts)
    return [
        each
        for each in scene.found
        if case.of(each) is not Relation.APART
        and each.row.task_id in seen
        and each.row.task_id not in given
    ]


def _seen_by(second: Listing | None, facts: Facts) -> set[str]:
    seen: set[str] = set()
    for each in facts.listings:
        seen.update(row.task_id for row in each.rows)
        if each is second:
            break
    return seen


def _retired(scene: _Scene, doubted: set[int]) -> Iterator[Retire]:
    """Clips that may be ours and are nobody's. One that is only near waits until the run has
    nothing better to say about its take, and until no POST is under way, whose it may be."""
    for found, intent in scene.left_over:
        yield _retire(found, intent, words.LEFT_OVER)
    if scene.facts.under_way:
        return
    for found in scene.found:
        near = [case.intent for case in scene.cases if case.of(found) is Relation.NEAR]
        missed = [intent for intent in near if intent.key in doubted]
        awaited = any(case.of(found) is Relation.SAME for case in scene.cases)
        paid = found.ended and found.row.task_id not in scene.facts.unclaimed
        if missed and paid and not awaited:
            yield _retire(found, missed[0], words.RESEMBLES)


def _retire(found: Found, intent: Intent, why: str) -> Retire:
    return Retire(intent.key, found.row.task_id, found.row.created_at, why)


def _worth_asking(found: Found, unsettled: list[_Case]) -> bool:
    return not found.ended and any(case.of(found) is not Relation.APART for case in unsettled)
