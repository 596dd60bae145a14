"""The forms in which a timeline is written, by the endings of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from r2vbatch.film.fcpxml import as_fcpxml
from r2vbatch.film.timeline import Place, as_edl, as_otio

FORMS: Mapping[str, Callable[[Sequence[Place], str], str]] = {
    "otio": as_otio,
    "edl": as_edl,
    "fcpxml": as_fcpxml,
}


def written(places: Sequence[Place], title: str, form: str) -> str:
    """The timeline as the text of a file, in one of `FORMS`."""
    return FORMS[form](places, title)
