"""The manifests that ship: what they promise in their comments and in the README."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from storyboards import CATALOGUE, MANIFESTS, shipped
from studio import KEY, service

from r2vbatch import load, media, run_sync
from r2vbatch.emulator.readings import strictest
from r2vbatch.manifest import load_text
from r2vbatch.manifest.model import Money
from r2vbatch.planning import expected, local_files, plan, request

REQUESTS = Path(__file__).parent / "requests"
DOCUMENTATION = json.loads((REQUESTS / "documentation.json").read_text("utf-8"))


def in_order(body: object) -> str:
    """A body as text, so that the order of its keys is compared too."""
    return json.dumps(body)


def test_documentation_request_comes_out_equal() -> None:
    """In reference form the request is the documentation's, key for key, in its order."""
    made = shipped("documentation-request.yaml")
    assert made.diagnostics == []
    assert [in_order(request(take)) for take in made.takes] == [in_order(DOCUMENTATION)]


def test_documentation_request_from_a_cast() -> None:
    """With a cast it is the same, but for the case in which characters are named."""
    made = shipped("documentation-request-cast.yaml")
    assert made.diagnostics == []
    lower = json.loads(in_order(DOCUMENTATION).replace("Character", "character"))
    assert [request(take) for take in made.takes] == [lower]


@pytest.mark.parametrize("model", ["wan2.6-r2v-flash", "wan2.6-r2v", "wan2.7-r2v"])
def test_quickstart_runs_on_every_model(model: str) -> None:
    """The storyboard holds on each model, only its `model:` changed, and its requests are those
    recorded in ``requests/``, which the model's schema takes."""
    file = MANIFESTS / "quickstart.yaml"
    text = file.read_text("utf-8").replace("model: wan2.6-r2v-flash", f"model: {model}")
    manifest, diagnostics = load_text(text, file)
    assert manifest is not None
    assert not diagnostics
    made = plan(manifest, media.facts_of(local_files(manifest)), CATALOGUE)
    assert {d.severity for d in made.diagnostics} <= {"warning"}
    recorded = REQUESTS / f"quickstart-{model}.jsonl"
    validator = Draft202012Validator(CATALOGUE.models[model].request)
    sent = [json.loads(line) for line in recorded.read_text("utf-8").splitlines()]
    assert [request(take) for take in made.takes] == [line["request"] for line in sent]
    assert [take.id for take in made.takes] == [line["take"] for line in sent]
    assert all(validator.is_valid(line["request"]) for line in sent)


@pytest.mark.long
@pytest.mark.parametrize("model", CATALOGUE.models)
def test_quickstart_is_made_by_every_model(model: str, tmp_path: Path) -> None:
    """All of it, only its `model:` changed, at an emulator that takes the sternest reading of all
    that is in doubt, and within its budget: each clip is made, as it is asked for, and no more."""
    shutil.copytree(MANIFESTS / "refs", tmp_path / "refs")
    text = (MANIFESTS / "quickstart.yaml").read_text("utf-8")
    board = tmp_path / "quickstart.yaml"
    board.write_text(text.replace("model: wan2.6-r2v-flash", f"model: {model}"))
    with service(submits_per_second=None, **strictest("cn-beijing")) as child:
        made = run_sync(
            load(board), endpoint=child.base_url, key=KEY, consent=True, output=tmp_path / "out"
        )
        tasks = child.stats()["total"]["tasks"]
    recorded = (REQUESTS / f"quickstart-{model}.jsonl").read_text("utf-8").splitlines()
    asked = sorted(json.loads(line)["request"]["input"]["prompt"] for line in recorded)
    assert made.complete
    # the emulator's cheap clips are of one colour, so no cut is seen where one was asked for
    assert {flag for take in made.takes for flag in take.flags} <= {"cuts"}
    assert sorted(task["prompt"] for task in tasks) == asked


def test_quickstart_has_nothing_to_complain_of() -> None:
    """What a newcomer starts from gives neither an error nor a warning."""
    assert shipped("quickstart.yaml").diagnostics == []


def test_quickstart_shows_the_format() -> None:
    """Stills and a video, dialogue, multi-shot, both orientations, silence, takes, order."""
    made = shipped("quickstart.yaml")
    shots = {take.shot.id: take.shot for take in made.takes}
    sent = [reference for take in made.takes for reference in take.sent]
    asked = [expected(take) for take in made.takes]
    assert made.takes[0].id == "sh010_t01"
    assert len({shot.base_id for shot in shots.values()}) in range(6, 9)
    assert {"sh020-1", "sh020-2"} <= set(shots)
    assert {reference.kind for reference in sent} == {"image", "video"}
    assert {(e.width, e.height) for e in asked} == {(1280, 720), (720, 1280)}
    assert {e.audio for e in asked} == {True, False}
    assert {shot.settings.get("shot_type", "single") for shot in shots.values()} >= {"multi"}
    assert max(take.number for take in made.takes) == 2
    assert any(take.after for take in made.takes)
    assert any(
        request(take)["input"]["prompt"].count("says to") == 2 and len(take.sent) == 2
        for take in made.takes
    )


def test_quickstart_is_quick_and_within_its_budget() -> None:
    """At most 40 s of slates to draw, and a live run that its own budget allows."""
    made = shipped("quickstart.yaml")
    assert sum(expected(take).duration or 0 for take in made.takes) <= 40
    cost = sum((take.estimate.cost.amount for take in made.takes if take.estimate.cost), Decimal(0))
    assert made.manifest.max_cost is not None
    assert Decimal(1) < cost < made.manifest.max_cost.amount
    assert made.takes[0].estimate.cost == Money(Decimal("0.20"), "USD")
    assert all(take.estimate.exact for take in made.takes)


def test_references_are_credited() -> None:
    """Every file of the quickstart is named in the credits beside it."""
    credits = (MANIFESTS / "refs" / "README.md").read_text("utf-8")
    for file in (MANIFESTS / "refs").iterdir():
        assert file.name in credits or file.name == "README.md"
