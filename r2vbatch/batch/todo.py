"""What is left to do: the ledger put in order at the start of a run, and the takes sorted.

Whatever an earlier run left half-way is named here for what it is: a submit without an answer
is in doubt, a clip whose file has gone is generated again, what failed is asked for again. A
slate costs nothing, so an unfinished preview take simply starts over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from r2vbatch.batch.job import Job
from r2vbatch.ledger import ASK_AGAIN, AT_SERVICE, TO_FETCH, Kind, Ledger, State, TakeRow
from r2vbatch.ledger.states import WITHOUT_ITS_FILE
from r2vbatch.media.files import digest
from r2vbatch.planning import expected
from r2vbatch.planning.model import Expected
from r2vbatch.planning.timing import cuts_asked
from r2vbatch.scheduler import Graph
from r2vbatch.storage import Folder
from r2vbatch.take import Wanted
from r2vbatch.take.naming import retired_name

Step = tuple[int, State, str]


@dataclass
class Todo:
    """The work of a run."""

    open: list[Wanted]
    """Tasks at the service, and links to fetch: the most urgent first."""
    graph: Graph[int]
    """Takes to submit, by ledger key, in storyboard order; those in doubt hold up the rest."""
    doubts: int
    """Takes in doubt."""
    models: dict[int, str] = field(default_factory=dict)
    """The lanes of the graph: the model of each take."""

    def add(self, row: TakeRow, after: Iterable[int]) -> None:
        """One more take to submit, behind those with the keys `after`."""
        self.models[row.key] = row.model
        self.graph.add(row.key, after)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.open and not self.doubts and not self.graph.unstarted


def put_in_order(job: Job, *, again: bool) -> None:
    """Bring the ledger from where the last run left it to where this one starts.

    `again`: takes that expired, possibly paid and lost, are made again too.
    """
    name_what_is(job.ledger, job.folder, job.kind)
    states = ASK_AGAIN if again else ASK_AGAIN - {State.EXPIRED}
    asked = [
        (row.key, State.PLANNED, "asked again")
        for row in job.ledger.in_states(job.kind, states)
        if row.wanted and job.settings.in_scope(row.shot)
    ]
    if asked:
        job.ledger.move_all(asked)
    kinds: tuple[Kind, Kind] = ("live", "preview")  # a part of either may be paid for
    job.folder.clear_parts(str(r.key) for k in kinds for r in job.ledger.in_states(k, TO_FETCH))


def name_what_is(ledger: Ledger, folder: Folder, kind: Kind) -> None:
    """Name for what it is whatever an earlier run left half-way, or people moved."""
    _set_damaged_aside(ledger, folder, kind)
    steps = [*_half_way(ledger, kind), *_gone(ledger, folder, kind)]
    if kind == "live":
        steps += _back(ledger, folder)
    if steps:
        ledger.move_all(steps)


def left_to_do(job: Job) -> Todo:
    """The work that is left, the ledger being in order."""
    rows = job.ledger.unfinished(job.kind)
    planned = {take.id: take for take in job.takes}
    keys = {row.take: row.key for row in rows if row.wanted}
    opened, started = [], []
    for row in rows:
        take = planned.get(row.take) if row.wanted else None
        if row.state in AT_SERVICE or row.state in TO_FETCH:
            opened.append(Wanted(row, expected(take) if take else asked_for(row), take))
            started.append(row.key)
        elif row.state is State.IN_DOUBT:
            started.append(row.key)
    items = [
        (keys[take.id], [keys[before] for before in take.after if before in keys])
        for take in job.takes
        if take.id in keys
    ]
    among = {key for key, _ in items}
    models = {row.key: row.model for row in rows}
    items += [(key, []) for key in started if key not in among]
    graph = Graph(items, lane=models.__getitem__)
    for key in started:
        graph.start(key)
    doubts = sum(row.state is State.IN_DOUBT for row in rows)
    return Todo(sorted(opened, key=_urgency), graph, doubts, models)


def left_to_collect(ledger: Ledger) -> Todo:
    """Tasks at the service, and links to fetch: what can be ended without spending."""
    rows = ledger.unfinished("live")
    opened = [
        Wanted(row, asked_for(row), None)
        for row in rows
        if row.state in AT_SERVICE or row.state in TO_FETCH
    ]
    doubts = sum(row.state is State.IN_DOUBT for row in rows)
    return Todo(sorted(opened, key=_urgency), Graph([]), doubts)


def made_at(ledger: Ledger) -> list[str]:
    """The base URLs at which unfinished live tasks were made."""
    return sorted({row.endpoint for row in ledger.unfinished("live") if row.endpoint})


def asked_for(row: TakeRow) -> Expected:
    """What to hold a clip to, from its request alone (a take no longer in the plan)."""
    parameters = row.parameters
    width, _, height = str(parameters.get("size", "")).partition("*")
    return Expected(
        width=int(width) if height else None,
        height=int(height) if height else None,
        duration=parameters.get("duration"),
        audio=parameters.get("audio"),
        cuts=cuts_asked(parameters.get("shot_type"), row.request["input"].get("prompt", "")),
    )


def _half_way(ledger: Ledger, kind: Kind) -> Iterable[Step]:
    if kind == "preview":
        half_way = {State.SUBMITTING, State.IN_DOUBT, *AT_SERVICE, *TO_FETCH}
        for row in ledger.in_states("preview", half_way):
            yield row.key, State.PLANNED, "the preview starts over"
        return
    for row in ledger.in_states("live", [State.SUBMITTING]):
        yield row.key, State.IN_DOUBT, "the last run ended before the service answered"


def _set_damaged_aside(ledger: Ledger, folder: Folder, kind: Kind) -> None:
    """A clip whose size is not what it was when it was done is no clip any more; it is kept
    under another name, and fetched again."""
    sizes = folder.sizes("clips") | folder.sizes("preview") | folder.sizes("retired")
    for _, file, size in ledger.files(kind):
        if file in sizes and sizes[file] != size:
            aside = retired_name(folder, PurePosixPath(file).stem, "damaged", of=file)
            folder.rename(file, aside)


def _gone(ledger: Ledger, folder: Folder, kind: Kind) -> Iterable[Step]:
    """Done takes whose file has gone: fetched again while the link lives, slates drawn again."""
    for key in ledger.gone(kind, folder.films()):
        yield key, WITHOUT_ITS_FILE[kind], "its file has gone"


def _back(ledger: Ledger, folder: Folder) -> Iterable[Step]:
    """Clips that had gone, a disk that was not mounted say, and are there again as they were."""
    for row in ledger.in_states("live", [State.GENERATED, State.EXPIRED]):
        same_size = row.file and row.sha256 and folder.size(row.file) == row.bytes
        if row.file and same_size and digest(folder.path(row.file))[0] == row.sha256:
            yield row.key, State.DONE, "its file is back"


def _urgency(take: Wanted) -> tuple[bool, float]:
    """Links that die soonest first, then what still runs."""
    row = take.row
    return row.state not in TO_FETCH, row.link_expires or row.submitted_at or 0.0
