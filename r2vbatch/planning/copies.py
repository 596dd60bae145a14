"""What is given to each model for each reference: the file, or a copy that conforms; or the link.

Decided once for each reference and model, and judged once: a copy by what it will measure, a file
by what it measures, with a word where fitting would mend it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from r2vbatch.catalogue import Model
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Fit, Manifest, Reference, Shot, diagnose
from r2vbatch.media import FileFacts
from r2vbatch.planning import probe
from r2vbatch.planning.fitting import Fitting, fitting
from r2vbatch.planning.given import given
from r2vbatch.planning.model import Facts, Links, Sent


class Copies:
    """The copies that the references of a manifest need."""

    def __init__(self, manifest: Manifest, facts: Facts, links: Links) -> None:
        self._fit = Fit() if manifest.fit else None
        self._facts = facts
        self._links = links
        self._made: dict[tuple[str, int], Fitting | None] = {}
        self._judged: dict[tuple[str, int], tuple[Diagnostic, ...]] = {}

    def fit(self, reference: Reference) -> Fit | None:
        """Whether it may be fitted, and how. A link is given as it is."""
        return (reference.fit or self._fit) if reference.file else None

    def used(self) -> Iterator[str]:
        """What is fitted and why, each once, in words."""
        yield from dict.fromkeys(str(made) for made in self._made.values() if made)

    def place(self, shot: Shot, sent: Sequence[Sent], model: Model) -> tuple[Sent, ...]:
        """What is sent to `model`, with copies in the place of files that need one."""
        return tuple(
            self._place(reference, each, model)
            for reference, each in zip(given(shot, model).all, sent, strict=True)
        )

    def _place(self, reference: Reference, sent: Sent, model: Model) -> Sent:
        if sent.voice and reference.voice:
            sent = replace(sent, voice=self._place(reference.voice, sent.voice, model))
        made = self._of(reference, model)
        return made.sent(sent) if made else sent

    def judge(self, reference: Reference, model: Model) -> tuple[Diagnostic, ...]:
        """What speaks against giving it to `model`."""
        key = (model.name, id(reference))
        if key not in self._judged:
            facts = self._measured(reference)
            # a link, or not measured; a missing file is told already
            self._judged[key] = tuple(self._judge(reference, facts, model)) if facts else ()
        return self._judged[key]

    def _judge(self, reference: Reference, facts: FileFacts, model: Model) -> Iterator[Diagnostic]:
        fit = self.fit(reference)
        if fit is None:
            yield from _with_fit(reference, facts, model)
            yield from probe.misnamed(reference, facts)
            return
        yield from _about_trim(reference, fit, facts)
        made = self._of(reference, model)
        if made:
            yield from probe.judge(reference, made.measured(facts), model)
        else:
            yield from probe.judge(reference, facts, model)
            yield from probe.misnamed(reference, facts)

    def _of(self, reference: Reference, model: Model) -> Fitting | None:
        key = (model.name, id(reference))
        if key not in self._made:
            fit, facts = self.fit(reference), self._measured(reference)
            self._made[key] = fitting(reference, fit, facts, model) if fit and facts else None
        return self._made[key]

    def _measured(self, reference: Reference) -> FileFacts | None:
        if reference.file:
            return self._facts.get(reference.file)
        return self._links.get(reference.url or "")


def _with_fit(reference: Reference, facts: FileFacts, model: Model) -> Iterator[Diagnostic]:
    """What speaks against a file as it is; a hint names fitting where that would mend it."""
    found = list(probe.judge(reference, facts, model))
    made = fitting(reference, Fit(), facts, model) if found and reference.file else None
    if made is None:
        yield from found
        return
    left = {each.hint for each in probe.judge(reference, made.measured(facts), model)}
    ask = "fit: true" if reference.name else "--fit"
    for each in found:
        yield each if each.hint in left else replace(each, hint=f"{each.hint}; or {ask}")


def _about_trim(reference: Reference, fit: Fit, facts: FileFacts) -> Iterator[Diagnostic]:
    if fit.trim is None or fit.origin is None or facts.seconds is None:
        return
    if fit.trim[1] > facts.seconds:
        name = reference.file.name if reference.file else ""
        yield diagnose(
            fit.origin,
            f"trim ends at {fit.trim[1]:f} s, but {name} is {facts.seconds.normalize():f} s long",
            rule="bad-trim",
            hint="give seconds within it",
        )
