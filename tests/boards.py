"""Output folders with a batch in them, made without running one: what pages are drawn from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ledgers import add, bring, new_take
from media_files import picture, video

from r2vbatch.ledger import Kind, Ledger, State
from r2vbatch.storage import Folder

LINK = "https://results.example.com/clip.mp4?Signature=sk-secret&Expires=1"
KEY = "sk-" + "a1b2c3d4" * 4


@dataclass
class Shot:
    """One shot of a board: its takes by state, each kind apart."""

    id: str
    live: Sequence[State] = ()
    preview: Sequence[State] = ()
    prompt: str = "@ellen walks along the beach."
    columns: dict[str, Any] = field(default_factory=dict)
    """Set with the last step of each live take."""


def folder_with(root: Path, shots: Sequence[Shot], title: str = "A day off") -> Folder:
    """A folder whose ledger has these shots, with files for what is done."""
    folder = Folder(root)
    for name in ("clips", "posters", "preview"):
        (root / name).mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(root / "ledger.db")
    ledger._db.execute("PRAGMA synchronous = OFF")  # nothing crashes here
    try:
        _remember(ledger, root, shots, title)
        _fill(ledger, folder, shots)
    finally:
        ledger.close()
    return folder


def _remember(ledger: Ledger, root: Path, shots: Sequence[Shot], title: str) -> None:
    kind = "live" if any(shot.live for shot in shots) else "preview"
    (root.parent / "ellen.png").write_bytes(picture())
    board = {
        "version": 1,
        "title": title,
        "model": "wan2.6-r2v-flash",
        "cast": {"ellen": {"image": "ellen.png"}},
        "shots": [{"id": shot.id, "prompt": shot.prompt} for shot in shots],
    }
    text = yaml.safe_dump(board, sort_keys=False, allow_unicode=True)
    facts = {"manifest_text": text, "manifest_file": str(root.parent / "film.yaml")}
    ledger.set_meta(kind=kind, **{f"{kind} {name}": value for name, value in facts.items()})


def _fill(ledger: Ledger, folder: Folder, shots: Sequence[Shot]) -> None:
    kinds: tuple[tuple[Kind, str], ...] = (("live", "clips"), ("preview", "preview"))
    names = []
    for shot in shots:
        count = max(len(shot.live), len(shot.preview))
        names += [(f"{shot.id}_t{n:02}", f"f-{shot.id}_t{n:02}") for n in range(1, count + 1)]
    ledger.set_board(names)
    for kind, place in kinds:
        wanted = [
            (new_take(f"{s.id}_t{n:02}", kind, prompt=s.prompt), state, s.columns)
            for s in shots
            for n, state in enumerate(s.live if kind == "live" else s.preview, start=1)
        ]
        keys = add(ledger, *(take for take, _, _ in wanted))
        for key, (take, state, columns) in zip(keys, wanted, strict=True):
            given = dict(columns) if kind == "live" else {}
            if state is State.DONE:
                file = f"{place}/{take.take}.mp4"
                _link(folder.path(file), _clip)
                poster = file if kind == "preview" else f"posters/{take.take}.mp4"
                _link(folder.path(poster).with_suffix(".jpg"), _poster)
                given |= {"file": file, "sha256": "ab" * 32, "bytes": 1, "link": LINK}
                given |= {"cost": Decimal("0.25")} if kind == "live" else {}
            bring(ledger, key, state, **given)


def _link(target: Path, make: Any) -> None:
    """A file that all takes share, under another name."""
    source = target.parent / f".one{target.suffix}"
    if not source.exists():
        source.write_bytes(make())
    os.link(source, target)


@cache
def _clip() -> bytes:
    return video(seconds=2.0, size=(320, 180), rate=30)


@cache
def _poster() -> bytes:
    return picture(320, 180, "JPEG")
