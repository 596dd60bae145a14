"""What a manifest means once it is read: cast, shots with variations expanded, prompts with
their mentions found. Values are as written; what a model makes of them is the plan's business.

Every shot can say where each of its settings was written, so that later rooms point at the
author's own line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from r2vbatch.diagnostics import Diagnostic, Position, Severity

MediaKind = Literal["image", "video", "audio"]
"""``audio`` is a voice: never a reference of its own."""


class Origin(Protocol):
    """Where something was written: a YAML node, or a cell of a table."""

    def at(self, offset: int = 0, width: int | None = None) -> Position:
        """The place of the value, or of `width` characters from `offset` in its text."""
        ...

    @property
    def path(self) -> str:
        """Where in the data, such as ``shots[2].prompt``."""
        ...


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Currencies are never converted."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """``2.63 USD``: at least two decimals, at most four."""
        amount = self.amount.quantize(Decimal("0.0001"), ROUND_HALF_UP).normalize()
        exponent = amount.as_tuple().exponent
        places = max(2, -exponent if isinstance(exponent, int) else 2)
        return f"{amount:.{places}f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Fit:
    """A conforming copy may be given in place of a file."""

    trim: tuple[Decimal, Decimal] | None = None
    """The seconds to keep of a video, from and to; None: the first that the model takes."""
    origin: Origin | None = None
    """Where `trim` was written."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One image, video or voice given to the model. Exactly one of `file` and `url` is set."""

    name: str | None
    """The cast name; None in reference form."""
    kind: MediaKind | None
    """None when it cannot be told from the name (a URL without a known suffix)."""
    file: Path | None
    """A local file, absolute."""
    url: str | None
    """http, https or oss URL, as written."""
    origin: Origin
    voice: Reference | None = None
    """How a member of the cast sounds, in place of its own sound; of kind ``audio``."""
    fit: Fit | None = None
    """Set where a file may be fitted to what the model takes."""
    frame_of: str | None = None
    """The shot whose last frame it is; which picture that is shows only once that is made, and
    `url` stands for it."""

    @property
    def called(self) -> str:
        """Its name for messages: the file's, or the last part of a URL, without a signature."""
        if self.file:
            return self.file.name
        parts = urlsplit(self.url or "")
        return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or "the link"


class Mention(NamedTuple):
    """``@name`` in a prompt: the cast name it stands for (``previous`` is reserved)."""

    name: str


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt after ``${}`` substitution, with a way back to where each part was written."""

    parts: tuple[str | Mention, ...]
    """Literal text and mentions in turn. In reference form there is one literal part."""
    origin: Origin
    """`at(offset, width)`: offsets count in `text`, that is in the substituted text, with
    mentions as ``@ellen`` (six characters); the answer is the place in the manifest."""

    @property
    def text(self) -> str:
        """The parts joined, each mention as ``@name``: what offsets count in."""
        return "".join(part if isinstance(part, str) else f"@{part.name}" for part in self.parts)

    def offset_of(self, name: str) -> int:
        """Where in `text` the cast member `name` is first mentioned; 0 if it is not."""
        offset = 0
        for part in self.parts:
            if part == Mention(name):
                return offset
            offset += len(part) if isinstance(part, str) else len(part.name) + 1
        return 0


@dataclass(frozen=True, slots=True)
class Shot:
    """One storyboard entry, one variation of it."""

    id: str
    """With its variation suffix: ``sh020-1``."""
    base_id: str
    """As written: ``sh020``."""
    form: Literal["cast", "reference"]
    model: str
    prompt: PromptText
    negative_prompt: str | None
    references: tuple[Reference, ...]
    """In the order they are sent."""
    first_frame: Reference | None
    """The picture that the clip opens on."""
    settings: Mapping[str, Any]
    """size | resolution, ratio | duration, audio, shot_type, prompt_extend, watermark, seed: those
    that the shot or `defaults` gives, as written; never a value that failed the schema. A shot's
    `size` hides the defaults' `resolution`/`ratio`, and the other way round."""
    takes: int
    after: tuple[str, ...]
    """Shot ids as written; naming a shot with variations means all of them."""
    continues: str | None
    """The id of the shot whose last frame is among the references, as ``@previous``."""
    notes: str | None
    origins: Mapping[str, Origin]
    """By key (id, prompt, references, cast, model, size, duration, after …): where its value
    was written, in the shot or in `defaults`; and ``""``: the shot as a whole (its first key)."""

    def where(self, key: str) -> Origin:
        """Where `key` was written, else the shot's own place."""
        return self.origins.get(key) or self.origins[""]

    def unread(self, key: str) -> bool:
        """Whether a value of `key`, one of `settings`, was written and failed the schema: what was
        meant is not known then, and is not guessed at."""
        return key in self.origins and key not in self.settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Pacing asked for by the manifest; None means the endpoint's own default."""

    in_flight: int | None = None
    submits_per_second: float | None = None
    queries_per_second: float | None = None
    downloads: int | None = None


class TableText(NamedTuple):
    """A table that shots were read from, as it was read."""

    file: Path
    """Absolute."""
    text: str


class Ignore(NamedTuple):
    """One rule named in one comment."""

    rule: str
    position: Position
    """Of its name."""
    lines: tuple[range, ...]
    """Where it holds."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read. With errors around, it holds what could be understood."""

    file: Path
    """Absolute."""
    shown: str
    """The file name as the user gave it, for messages."""
    text: str
    """The source text; the ledger keeps it so that an output folder alone can be resumed."""
    title: str | None
    model: str | None
    endpoint: str
    """``preview``, a region name or a URL."""
    workspace: str | None
    output: Path | None
    """Absolute; None when not given."""
    max_cost: Money | None
    limits: Limits
    cast: Mapping[str, Reference]
    shots: Sequence[Shot]
    fit: bool = False
    """Every local reference may be fitted (``--fit``)."""
    table: TableText | None = None
    """Where the shots stand, if `shots` is a path; kept with `text`."""
    ignores: Sequence[Ignore] = ()
    """The warnings that comments silence."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Top-level keys (model, endpoint, budget …) and ``""``: the document's first key."""

    def where(self, key: str) -> Origin:
        """Where the top-level `key` was written, else the document's own place."""
        return self.origins.get(key) or self.origins[""]


def diagnose(
    origin: Origin,
    message: str,
    *,
    rule: str,
    hint: str = "",
    severity: Severity = "error",
    offset: int = 0,
    width: int | None = None,
) -> Diagnostic:
    """A diagnostic at `origin` (or at `width` characters from `offset` inside its text)."""
    return Diagnostic(origin.at(offset, width), message, severity, rule, origin.path, hint)


class Reading(NamedTuple):
    """The outcome of reading a manifest: what was understood, and everything found wrong.

    `manifest` is None only when nothing could be understood (no such file, broken YAML).
    """

    manifest: Manifest | None
    diagnostics: list[Diagnostic]
