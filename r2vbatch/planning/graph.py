"""Who waits for whom: `after` and `continues` from ids to the shots meant, and the loops in it.

Pure; refuses to know takes, and what to do about a shot that ended badly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from r2vbatch.manifest.model import Shot


def waits_for(shot: Shot) -> tuple[str, ...]:
    """The shots that it waits for, as written: those it comes after, and the one it continues."""
    return (*shot.after, shot.continues) if shot.continues else shot.after


class Order:
    """The `after` and `continues` of a storyboard, resolved. A base id means all its variations."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self._meant: dict[str, list[str]] = {}
        for shot in shots:
            self._meant.setdefault(shot.id, []).append(shot.id)
            if shot.base_id != shot.id:
                self._meant.setdefault(shot.base_id, []).append(shot.id)
        self._shots = {shot.id: shot for shot in shots}

    def meant(self, after: Sequence[str]) -> tuple[str, ...]:
        """The ids of the shots that `after` names, each once. Unknown names mean none."""
        return tuple(dict.fromkeys(id for name in after for id in self._meant.get(name, ())))

    def loops(self) -> Iterator[tuple[str, ...]]:
        """Each loop as ids from one of its shots back to the same, every one after the next."""
        # a group stands between a shot and the variations it waits for, so that many
        # waiting for many stay few edges
        waits = {id: set(waits_for(shot)) for id, shot in self._shots.items()}
        waiting = {id: names for id, names in waits.items() if names}
        groups = {name for name in self._meant if name not in self._shots}
        waiting |= {name: set(self._meant[name]) for name in groups}
        while loop := _find_loop(waiting):
            yield self._turned([id for id in loop if id not in groups])
            for id in loop:
                del waiting[id]
            waiting = {id: names & waiting.keys() for id, names in waiting.items()}

    def _turned(self, loop: list[str]) -> tuple[str, ...]:
        """The loop begun at its first shot in storyboard order, and closed."""
        first = next(id for id in self._shots if id in loop)
        at = loop.index(first)
        return (*loop[at:], *loop[:at], first)


def _find_loop(waiting: dict[str, set[str]]) -> list[str] | None:
    try:
        TopologicalSorter(waiting).prepare()
    except CycleError as loop:
        # graphlib names each before what waits for it, and the first again at the end
        found: list[str] = loop.args[1]
        return found[:0:-1]
    return None
