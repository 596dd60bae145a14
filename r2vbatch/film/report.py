"""``report.html``: the contact sheet as one page that opens from disk, without a network.

Style, script and chart are inside it; clips and posters are not, but lie beside it and are loaded
when they come into view: with the posters of 1,000 takes inside, it would have 60 MB and open in
half a minute. So it is sent to somebody together with its folder, or printed.

Everything that a person or the service wrote is escaped by the template engine, and the page's own
policy allows one script and one style, known by their hashes: nothing else in it can run.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from r2vbatch.film.chart import chart
from r2vbatch.film.sheet import Sheet, Shot, costs, sheet
from r2vbatch.ledger import Ledger, State
from r2vbatch.ledger.rows import whole
from r2vbatch.manifest.model import Manifest
from r2vbatch.storage import Folder, unwritable

if TYPE_CHECKING:
    import jinja2

NAME = "report.html"
_MARK = "r2vbatch contact sheet "
"""Tells our page from somebody else's."""
_HEAD = 2048
"""Bytes in which the mark stands."""
_PAGES = Path(__file__).parent / "pages"
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; {frames}"
    "img-src 'self'{disk}; media-src 'self'{disk}; connect-src {connect};"
    " style-src '{style}'; script-src '{script}'"
)


def write_report(
    ledger: Ledger, folder: Folder, manifest: Manifest | None = None
) -> Literal["written", "current", "foreign"]:
    """Write the page, unless nothing happened since it was written: then it is `current`. A page of
    that name that is not ours is left alone: it is `foreign`. The ledger is only read.

    `manifest`: the one of the last run, where it is at hand; else the ledger's own copy is read.
    Raises `OutputUnavailable` when the disk fails.
    """
    mark = f"{_MARK}{ledger.revision()} {_edition()}"
    try:
        there = _head(folder.path(NAME)) if folder.exists(NAME) else _MARK
        if f'"{mark}"' in there:
            return "current"
        if _MARK not in there:
            return "foreign"
        folder.write(NAME, page(ledger, sheet(ledger, folder, manifest), live=False, mark=mark))
    except OSError as problem:
        raise unwritable(folder.root, problem) from problem
    return "written"


def _head(file: Path) -> str:
    if not file.is_file():  # a pipe would be waited at
        return ""
    with file.open("rb") as opened:
        return opened.read(_HEAD).decode("utf-8", "replace")


def page(ledger: Ledger, drawn: Sheet, *, live: bool, mark: str = _MARK, version: int = 0) -> str:
    """The whole page. `live`: as the review server serves it, with what changes the ledger, and
    `version` is what it asks for news since; `mark`: what tells, at its beginning, of which state
    of the ledger it is."""
    style, script = _inside(live=live)
    template = _environment().get_template("page.html.j2")
    given = {"sheet": drawn, "live": live, "mark": mark, "version": version}
    given |= {"style": style, "script": script, "policy": policy(live=live)}
    return whole(template.render(**given, **_around(ledger, drawn)))


def policy(*, live: bool) -> str:
    """The Content-Security-Policy of the page."""
    style, script = _inside(live=live)
    return _POLICY.format(
        frames="frame-ancestors 'none'; " if live else "",  # a page cannot say that of itself
        connect="'self'" if live else "'none'",
        disk="" if live else " file:",
        style=_hash(style),
        script=_hash(script),
    )


def _inside(*, live: bool) -> tuple[str, str]:
    """Style and script of the page, each in one piece."""
    names = ("sheet", "viewer", "review") if live else ("sheet", "viewer")
    styles = ("sheet.css", "review.css") if live else ("sheet.css",)
    return "".join(map(_part, styles)), "".join(_part(f"{name}.js") for name in names)


def shot_html(shot: Shot, drawn: Sheet, *, live: bool) -> str:
    """One shot of the page, to stand in the place of an older state of it."""
    shots = _environment().get_template("shot.html.j2").module
    return whole(str(shots.shot(shot, drawn, live)))  # type: ignore[attr-defined]


def head_html(ledger: Ledger, drawn: Sheet) -> str:
    """What stands above the shots: totals, chart and what needs attention."""
    template = _environment().get_template("head.html.j2")
    return whole(template.render(sheet=drawn, **_around(ledger, drawn)))


def _around(ledger: Ledger, drawn: Sheet) -> dict[str, Any]:
    rows = ledger.in_states("live", State) if drawn.kind == "live" else []
    amounts, currency = costs(rows)
    return {
        "chart": chart(ledger.transitions(drawn.kind), amounts),
        "currency": currency,
    }


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"clock": _clock, "when": _when, "code": _code}
    return made


def _clock(seconds: float) -> str:
    """``1:05:09`` or ``5:09``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _code(text: str) -> str:
    """A sentence of ours, with what stands in backticks as code."""
    from markupsafe import Markup, escape

    parts = text.split("`")
    marked = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(marked)


@cache
def _part(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")


@cache
def _edition() -> str:
    """Changes when the same batch would give another page."""
    files = sorted(_PAGES.iterdir())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
