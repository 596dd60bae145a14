"""Output folders with a ledger for tests: made from a plan, and arranged to another one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ledgers import ROADS

from r2vbatch.batch.arranging import arrange, finish_moves, planned_row
from r2vbatch.batch.matching import match
from r2vbatch.ledger import Kind, Ledger, State
from r2vbatch.planning import Plan, request
from r2vbatch.storage import Folder, poster_name
from r2vbatch.take.naming import clip_name


def make_done(ledger: Ledger, folder: Folder, kind: Kind) -> None:
    """Every wanted take that is planned gets a clip (or slate) of its own, and a poster."""
    for row in ledger.wanted(kind):
        if row.state is State.PLANNED:
            content = f"{kind} clip {row.key}"
            name = clip_name(kind, row.take)
            part = folder.part(str(row.key))
            part.write_text(content)
            folder.publish(part, name, replace=kind == "preview")
            folder.write(poster_name(name), f"poster {row.key}")
            for state in ROADS[State.FETCHED]:
                ledger.move(row.key, state)
            sha256 = hashlib.sha256(content.encode()).hexdigest()
            ledger.move(row.key, State.DONE, file=name, sha256=sha256, bytes=len(content))


def arrange_plan(ledger: Ledger, folder: Folder, kind: Kind, plan: Plan) -> None:
    """What a run does before it makes anything: finish moves left over, match, arrange."""
    finish_moves(ledger, folder)
    known = [k for k in ledger.known(kind) if kind == "live" or k.wanted]
    matching = match(plan.takes, known)
    wanted = {take.id: take for take in plan.takes}
    rows = {take.id: planned_row(kind, take, request(take), take.id) for take in plan.takes}
    named = [(k.key, rows[take]) for take, k in matching.kept.items()
             if k.take != take or not k.wanted]  # fmt: skip
    fresh = [rows[take.id] for take in matching.fresh]
    assert set(matching.kept) | {t.id for t in matching.fresh} == set(wanted)
    arrange(ledger, folder, kind, matching, fresh, named)


def there(out: Path) -> dict[str, str]:
    """All media of a folder, by name, with what is in them."""
    return {
        str(path.relative_to(out)): path.read_text()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.suffix not in {".db", ".db-wal", ".db-shm"}
    }
