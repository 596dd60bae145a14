"""An output folder with takes that are done, without a run that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from film_clips import look, make_clip
from ledgers import add, bring, new_take

from r2vbatch.batch.delivering import Delivery, deliver
from r2vbatch.film import Watch
from r2vbatch.ledger import Kind, Ledger, State
from r2vbatch.storage import Folder

LINK = "https://bucket.example.com/clip.mp4?Expires=1&Signature="
SECRET = b"c2VjcmV0"


class Shelf:
    """An output folder with a ledger, and clips of grey in it."""

    go_on = Watch(lambda: False, lambda what, done, total: None)

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True)
        self.folder = Folder(root)
        self.ledger = Ledger.open(root / "ledger.db")
        self.keys: dict[tuple[str, Kind], int] = {}
        self.board: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def put(self, take: str, kind: Kind = "live", *, grey: int = 60, **clip: Any) -> int:
        """A done take with a clip."""
        key = self.want(take, kind)
        name = f"{'clips' if kind == 'live' else 'preview'}/{take}.mp4"
        make_clip(self.folder.path(name), grey=grey, **clip)
        bring(
            self.ledger,
            key,
            State.DONE,
            file=name,
            sha256=f"{take}{grey}{kind}",
            link=f"{LINK}{SECRET.decode()}",
        )
        return key

    def want(self, take: str, kind: Kind = "live") -> int:
        """A take that is planned."""
        [key] = add(self.ledger, new_take(take, kind))
        self.keys[take, kind] = key
        if take not in self.board:
            self.board.append(take)
        self.ledger.set_board([(each, f"f-{each}") for each in self.board])
        return key

    def deliver(self, **options: Any) -> Delivery:
        return deliver(self.ledger, self.folder, self.go_on, **options)

    def text(self, name: str) -> str:
        return self.folder.path(name).read_text(encoding="utf-8")

    def greys(self) -> list[int]:
        """Of the third frame of each shot of the reel: 15 frames each, as a rule."""
        return [round(grey, -1) for grey in look(self.folder.path("reel.mp4")).greys[2::15]]

    def times(self) -> dict[str, int]:
        """When each file of the film was last written."""
        files = [*self.folder.root.glob("reel.*"), *self.folder.root.glob("timeline.*")]
        return {file.name: file.stat().st_mtime_ns for file in files}
