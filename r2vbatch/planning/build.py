"""``plan``: a manifest and the facts of its files to all takes, in storyboard order.

Pure: the same manifest, facts and catalogue give the same plan. Each shot is judged by the
rules of ``lint`` and by its place in the graph; the takes of a shot that would be refused are
left out, and everything found is reported together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from r2vbatch.catalogue import Catalogue, Model
from r2vbatch.dashscope.regions import region_of
from r2vbatch.diagnostics import Diagnostic, in_order
from r2vbatch.garbage import uncollected
from r2vbatch.manifest.model import Manifest, Origin, Shot, diagnose
from r2vbatch.planning import lint
from r2vbatch.planning.compose import parameters
from r2vbatch.planning.copies import Copies
from r2vbatch.planning.gate import Gate
from r2vbatch.planning.given import given, given_to
from r2vbatch.planning.graph import Order, waits_for
from r2vbatch.planning.identity import shot_fingerprint, take_fingerprint, take_id
from r2vbatch.planning.model import NO_LINKS, Estimate, Facts, Links, Plan, PlannedTake, Sent
from r2vbatch.planning.price import estimate, price_region, prices_read
from r2vbatch.planning.subject import Subject
from r2vbatch.planning.wording import name_references, opening, spoken


@uncollected()
def plan(
    manifest: Manifest,
    facts: Facts,
    catalogue: Catalogue,
    *,
    prices: str | None = None,
    links: Links = NO_LINKS,
) -> Plan:
    """All takes of `manifest`, and everything wrong with it that the manifest alone cannot tell.

    `prices` names the region whose price table applies where the endpoint is no region.
    Raises UsageProblem if there is no such table.
    """
    region = price_region(manifest.endpoint, prices, catalogue)
    planner = _Planner(manifest, facts, catalogue, region, links)
    takes = planner.takes()
    return Plan(
        manifest=manifest,
        takes=takes,
        diagnostics=planner.diagnostics(),
        prices=region,
        prices_read=prices_read({t.model.name: t.model for t in takes}.values(), region, catalogue),
        fitted=tuple(planner.copies.used()),
        catalogue=catalogue,
    )


class _Planner:
    """One pass over a storyboard, with what shots share computed once."""

    def __init__(
        self,
        manifest: Manifest,
        facts: Facts,
        catalogue: Catalogue,
        region: str,
        links: Links,
    ) -> None:
        self._manifest = manifest
        self._facts = facts
        self._catalogue = catalogue
        self._region = region
        self._place = region_of(manifest.endpoint)
        self._gate = Gate()
        self._links = links
        self.copies = Copies(manifest, facts, links)
        self._order = Order(manifest.shots)
        self._sent: dict[object, tuple[Sent, ...]] = {}
        self._estimates: dict[object, Estimate] = {}
        self._after: dict[tuple[str, ...], tuple[str, ...]] = {}
        # shots share settings and prompts, so findings repeat; each is told once
        self._found: dict[Diagnostic, None] = {}

    def diagnostics(self) -> list[Diagnostic]:
        """What was found, in the order of the manifest's lines, and of its table's."""
        return in_order(self._found)

    def takes(self) -> Sequence[PlannedTake]:
        self._note(self._about_budget())
        refused = self._looped()
        take_ids = {
            shot.id: tuple(take_id(shot.id, n) for n in range(1, shot.takes + 1))
            for shot in self._manifest.shots
        }
        return [
            take
            for shot in self._manifest.shots
            for take in self._takes_of(shot, take_ids, refused)
        ]

    def _takes_of(
        self, shot: Shot, take_ids: Mapping[str, tuple[str, ...]], refused: set[str]
    ) -> Iterator[PlannedTake]:
        model = self._catalogue.model(shot.model)
        sent = self._name(shot, model or self._catalogue.widest)
        asked = parameters(shot, model or self._catalogue.widest)
        prompt = spoken(shot.prompt, sent)
        sound = self._judge(shot, model, sent, prompt, asked)
        if not sound or model is None or shot.id in refused:
            return
        fingerprint = shot_fingerprint(shot, model, prompt, sent, asked)
        price = self._estimate(model, asked, sent)
        after = self._predecessors(shot, take_ids)
        for number, id in enumerate(take_ids[shot.id], 1):
            yield PlannedTake(
                id=id,
                shot=shot,
                number=number,
                fingerprint=take_fingerprint(fingerprint, number),
                shot_fingerprint=fingerprint,
                after=after,
                estimate=price,
                model=model,
                sent=sent,
            )

    def _name(self, shot: Shot, model: Model) -> tuple[Sent, ...]:
        # by what is sent: rows of a table write the same few references again and again
        parts = given(shot, model)
        key = (
            model.name,
            parts.first_frame is not None and opening(shot),
            *((r.name, r.file, r.url, r.kind, r.fit, id(r.voice)) for r in parts.all),
        )
        if key not in self._sent:
            named = name_references(shot, model, self._facts)
            self._sent[key] = self.copies.place(shot, named, model)
        return self._sent[key]

    def _estimate(self, model: Model, asked: Mapping[str, Any], sent: tuple[Sent, ...]) -> Estimate:
        key = (model.name, id(sent), *asked.values())
        if key not in self._estimates:
            self._estimates[key] = estimate(
                model, asked, sent, self._facts, self._region, self._links
            )
        return self._estimates[key]

    def _predecessors(self, shot: Shot, take_ids: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        names = waits_for(shot)
        if names not in self._after:
            before = self._order.meant(names)
            self._after[names] = tuple(id for name in before for id in take_ids[name])
        return self._after[names]

    def _judge(
        self,
        shot: Shot,
        model: Model | None,
        sent: tuple[Sent, ...],
        prompt: str,
        asked: Mapping[str, Any],
    ) -> bool:
        """Note everything about one shot; True where it can be made."""
        meant = model or self._catalogue.widest
        subject = Subject(
            manifest=self._manifest,
            shot=shot,
            model=meant,
            given=given(shot, meant),
            sent=sent,
            prompt=prompt,
            parameters=asked,
            region=self._region,
            place=self._place,
            facts=self._facts,
            gate=self._gate,
        )
        found = [*self._about_model(shot, model), *self._about_files(shot, subject.model)]
        for rule in lint.RULES:
            found += rule(subject)
        self._note(found)
        return all(diagnostic.severity != "error" for diagnostic in found)

    def _about_files(self, shot: Shot, model: Model) -> Iterator[Diagnostic]:
        """Its local references, held to what the model takes."""
        for reference in given_to(shot, model):
            yield from self.copies.judge(reference, model)

    def _about_model(self, shot: Shot, model: Model | None) -> Iterator[Diagnostic]:
        if model is None:
            if not shot.model:
                return  # missing, or not even text: that is told already
            close = self._catalogue.suggest(shot.model)
            known = "known: " + ", ".join(self._catalogue.models)
            yield diagnose(
                _model_origin(self._manifest, shot),
                f"there is no model {shot.model}",
                rule="unknown-model",
                hint=f"did you mean {close}? {known}" if close else known,
            )
        elif self._place and self._place not in model.regions:
            yield diagnose(
                _model_origin(self._manifest, shot),
                f"{model.name} is not offered in {self._place}",
                rule="model-not-in-region",
                hint=f"it is in {', '.join(model.regions)}",
            )

    def _looped(self) -> set[str]:
        """The shots that wait for themselves, each loop told once."""
        shots = {shot.id: shot for shot in self._manifest.shots}
        refused: set[str] = set()
        for loop in self._order.loops():
            refused |= set(loop)
            first, continuing = shots[loop[0]], any(shots[id].continues for id in loop)
            found = diagnose(
                first.where("continues" if first.continues == loop[1] else "after"),
                f"these shots wait for each other: {' -> '.join(loop)}",
                rule="after-loop",
                hint="each waits for the next; take one `after` or `continues` away"
                if continuing
                else "each comes after the next; take one `after` away",
            )
            self._note([found])
        return refused

    def _about_budget(self) -> Iterator[Diagnostic]:
        """A cap in another currency than the prices can cap nothing."""
        cap = self._manifest.max_cost
        currency = self._catalogue.currency(self._region)
        if cap and cap.currency != currency:
            bound = self._place == self._region
            yield diagnose(
                self._manifest.where("budget"),
                f"the budget is in {cap.currency}, but prices of {self._region} are in {currency}",
                rule="budget-currency",
                hint=f"currencies are never converted; write it in {currency}"
                + ("" if bound else ", or choose the price table with --prices"),
            )

    def _note(self, found: Iterable[Diagnostic]) -> None:
        self._found |= dict.fromkeys(found)


def _model_origin(manifest: Manifest, shot: Shot) -> Origin:
    """Where the model of `shot` was written: there, in `defaults`, or for the whole manifest."""
    return shot.origins.get("model") or manifest.where("model")
