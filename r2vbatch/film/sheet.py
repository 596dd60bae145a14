"""A contact sheet: everything a page shows of a batch, in storyboard order, as plain data.

What is written to `report.html` and what `review` serves is this, so they cannot disagree. No
signed link, no key and no path outside the output folder is in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote, urlsplit

from r2vbatch.film.advice import advice
from r2vbatch.film.prompts import Storyboard, Words, written
from r2vbatch.ledger import Kind, Ledger, Purse, State, TakeRow
from r2vbatch.ledger.board import BoardShot, BoardTake, Note
from r2vbatch.ledger.flags import MEANINGS
from r2vbatch.ledger.results import iso, result
from r2vbatch.ledger.states import NOT_BEGUN
from r2vbatch.manifest.model import Manifest
from r2vbatch.storage import Folder, poster_name

_FALLBACK = (16, 9)


@dataclass(frozen=True, slots=True)
class Take:
    """One take as a page shows it."""

    id: str
    key: int | None
    """In the ledger; None where no run has begun it."""
    kind: Kind
    state: State
    clip: str | None
    """Relative URL of a file that is there."""
    poster: str | None
    stamp: str
    """Tells one file of that name from another: a browser keeps what it has once loaded."""
    width: int
    height: int
    """Of the picture, in any unit."""
    seconds: int | None
    """As asked."""
    price: str
    """What it cost, or is estimated to."""
    since: float | None
    """When it began to be where it is, of one at the service."""
    flags: Sequence[tuple[str, str]]
    """Each with what it means."""
    stale: str
    """Why it is stale, of a take that continues another one than it would now; else empty."""
    reason: str
    advice: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[Note]
    circled: bool
    by_person: bool

    @property
    def trouble(self) -> bool:
        """Whether something has to be done about it."""
        return self.state not in _WELL


_WELL = frozenset({State.DONE, State.PLANNED, State.SUBMITTING, State.SUBMITTED, State.RUNNING,
                   State.GENERATED, State.FETCHED})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot with its takes."""

    id: str
    prompt: Sequence[Words]
    note: str
    """The manifest's own."""
    takes: Sequence[Take]
    retakable: Kind | None
    """Of which kind another take would be; None where none was made yet."""

    @property
    def judged(self) -> bool:
        """Whether a person circled one of its takes."""
        return any(take.by_person for take in self.takes)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole batch."""

    title: str
    manifest: str
    cast: Sequence[str]
    shots: Sequence[Shot]
    purses: Sequence[Purse]

    @property
    def takes(self) -> list[Take]:
        """All of them, in order."""
        return [take for shot in self.shots for take in shot.takes]

    @property
    def kind(self) -> Kind:
        """``live`` as soon as one take of it is."""
        return "live" if any(take.kind == "live" for take in self.takes) else "preview"

    @property
    def seconds(self) -> int:
        """Length of the film so far: the circled takes."""
        return sum(take.seconds or 0 for take in self.takes if take.circled)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many takes stand in each state."""
        return Counter(take.state for take in self.takes)

    @property
    def shape(self) -> str:
        """``wide``, ``tall`` or ``square``: that of most takes."""
        shapes = Counter(_shape(take.width, take.height) for take in self.takes)
        return shapes.most_common(1)[0][0] if shapes else "wide"


def sheet(ledger: Ledger, folder: Folder, manifest: Manifest | None = None) -> Sheet:
    """The sheet of a batch. `manifest`: the one it was run with, where it is at hand."""
    board, words = ledger.storyboard(), written(ledger, manifest)
    posters = folder.names("posters") | folder.names("preview")
    clips = folder.names("clips") | folder.names("preview")
    notes: defaultdict[int, list[Note]] = defaultdict(list)
    for note in ledger.notes():
        notes[note.key].append(note)
    stale = ledger.stale("live") | ledger.stale("preview")
    drawn = _Drawing(words, ledger.reasons(), stale, notes, clips | posters)
    return Sheet(
        title=words.title or folder.root.name,
        manifest=words.file,
        cast=words.cast,
        shots=[drawn.shot(shot) for shot in board],
        purses=ledger.purses(),
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    words: Storyboard
    reasons: Mapping[int, str]
    stale: Mapping[int, str]
    notes: Mapping[int, Sequence[Note]]
    files: set[str]

    def shot(self, shot: BoardShot) -> Shot:
        rows = [take.shown for take in shot.takes if take.shown]
        sent = [Words(str(row.request["input"].get("prompt", ""))) for row in rows[:1]]
        return Shot(
            id=shot.id,
            prompt=self.words.prompts.get(shot.id, sent),
            note=self.words.notes.get(shot.id, ""),
            takes=[self._take(take, shot) for take in shot.takes],
            retakable=_retakable(rows),
        )

    def _take(self, take: BoardTake, shot: BoardShot) -> Take:
        row = take.shown
        if row is None:
            return _unbegun(take.id)
        # a slate stands in until there is a clip; so it is looked at, though the take is live
        done = next((r for r in (take.live, take.preview) if r and self._clip(r)), None)
        circled = shot.circled is not None and shot.circled.key in {
            r.key for r in (take.live, take.preview) if r
        }
        width, height = _size(row)
        shown = done or row
        poster = poster_name(shown.file) if done and shown.file else ""
        return Take(
            id=take.id,
            key=shown.key,
            kind=shown.kind,
            state=row.state,
            clip=quote(self._clip(done)) if done else None,
            poster=quote(poster) if poster in self.files else None,
            stamp=(shown.sha256 or "")[:8],
            width=width,
            height=height,
            seconds=row.parameters.get("duration"),
            price=_price(row),
            since=row.started_at or row.submitted_at or row.intent_at,
            flags=[(flag, MEANINGS.get(flag, "")) for flag in row.flags],
            stale=self.stale.get(shown.key, ""),
            reason="" if row.state is State.DONE else self._reason(row),
            advice=advice(row),
            facts=list(_facts(row)),
            notes=[n for r in (take.live, take.preview) if r for n in self.notes.get(r.key, ())],
            circled=circled,
            by_person=circled and shot.by_person,
        )

    def _clip(self, row: TakeRow | None) -> str:
        there = row is not None and row.state is State.DONE and row.file in self.files
        return (row.file or "") if row and there else ""

    def _reason(self, row: TakeRow) -> str:
        return self.reasons.get(row.key) or row.error_message or ""


def _unbegun(id: str) -> Take:
    return Take(
        id, None, "preview", State.PLANNED, None, None, "", *_FALLBACK, None, "", None, (), "", "",
        "", (), (), circled=False, by_person=False,
    )  # fmt: skip


def _retakable(rows: Sequence[TakeRow]) -> Kind | None:
    kind: Kind = "live" if any(row.kind == "live" for row in rows) else "preview"
    begun = any(row.kind == kind and row.state not in NOT_BEGUN for row in rows)
    return kind if begun else None


def _facts(row: TakeRow) -> Iterable[tuple[str, str]]:
    """What is known of a take, in words, with nothing that is not."""
    plain = result(row)
    ran = row.ended_at - row.started_at if row.ended_at and row.started_at else None
    parameters = row.parameters
    size = plain["size"] or " ".join(
        str(parameters[key]) for key in ("resolution", "ratio") if key in parameters
    )
    facts: list[tuple[str, object]] = [
        ("model", row.model),
        ("made at", _host(row)),
        ("size", size),
        ("length", f"{plain['duration']} s" if plain["duration"] else None),
        ("seed", plain["seed"]),
        ("sound", {True: "yes", False: "no"}.get(plain["audio"])),
        ("references", ", ".join(plain["references"])),
        ("price", _price(row)),
        ("billed", f"{row.billed_seconds.normalize():f} s" if row.billed_seconds else None),
        ("attempts", row.attempts if row.attempts > 1 else None),
        ("submitted", iso(row.submitted_at)),
        ("made in", f"{ran:.0f} s" if ran else None),
        ("task", row.task_id),
        ("request", row.request_id),
        ("file", row.file if row.state is State.DONE else None),
        ("SHA-256", row.sha256),
        ("error", row.error_code),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]


def _host(row: TakeRow) -> str:
    if row.kind == "preview":
        return "preview"
    return urlsplit(row.endpoint or "").hostname or ""


def _price(row: TakeRow) -> str:
    if row.kind == "preview":
        return "free"
    cost, estimate = row.money(row.cost), row.price
    if cost is not None:
        return str(cost)
    return f"about {estimate}" if estimate is not None else ""


def _size(row: TakeRow) -> tuple[int, int]:
    parameters = row.parameters
    text = str(parameters.get("size") or parameters.get("ratio") or "").replace(":", "*")
    width, _, height = text.partition("*")
    if width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return int(width), int(height)
    return _FALLBACK


def _shape(width: int, height: int) -> str:
    if abs(width - height) * 8 < width:
        return "square"
    return "wide" if width > height else "tall"


def costs(rows: Iterable[TakeRow]) -> tuple[dict[int, Decimal], str]:
    """What was paid for each live take, by key, and the currency of most of it."""
    paid = [(row, row.cost if row.cost is not None else row.estimate) for row in rows]
    currencies = Counter(row.currency for row, amount in paid if amount is not None)
    if not currencies:
        return {}, ""
    currency = currencies.most_common(1)[0][0] or ""
    return {r.key: a for r, a in paid if a is not None and r.currency == currency}, currency
