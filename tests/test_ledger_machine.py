"""The ledger against a model of it: random steps, legal and not, closed, copied and reopened."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule
from ledgers import add, new_take

from r2vbatch.ledger import IllegalTransition, Kind, Ledger, State, legal

LINK = "https://oss.example.com/clip.mp4?Expires=1&Signature=secret"


class LedgerMachine(RuleBasedStateMachine):
    """What is committed stays, what is illegal changes nothing, and the history tells it all."""

    takes = Bundle("takes")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-"))
        self.copies = 0
        self.path = self.folder / "ledger.db"
        self.ledger = Ledger.open(self.path)
        self.states: dict[int, State] = {}
        self.kinds: dict[int, Kind] = {}
        self.history: dict[int, list[tuple[str | None, str | None]]] = {}
        self.seen: list[tuple[int, State, State]] = []
        self.told: list[tuple[int, State, State]] = []
        self._listen()

    def _listen(self) -> None:
        self.ledger.listener = lambda t: self.told.append((t.key, t.before, t.after))

    @rule(target=takes, kind=st.sampled_from(["live", "preview"]))
    def wish(self, kind: Kind) -> int:
        """A new take is planned."""
        (key,) = add(self.ledger, new_take(f"sh_t{len(self.states) + 1:02d}", kind))
        self.states[key], self.kinds[key] = State.PLANNED, kind
        self.history[key] = [(None, "planned")]
        return key

    @rule(key=takes, to=st.sampled_from(State))
    def move(self, key: int, to: State) -> None:
        """Any step: a legal one is committed, another raises and changes nothing."""
        before, revision = self.states[key], self.ledger.revision()
        columns: dict[str, Any] = {"link": LINK, "error_message": f"cannot get {LINK}"}
        if not legal(self.kinds[key], before, to):
            with pytest.raises(IllegalTransition):
                self.ledger.move(key, to, "because", **columns)
            assert self.ledger.revision() == revision
            return
        assert self.ledger.move(key, to, f"as in {LINK}", **columns).state is to
        self._note(key, before, to)

    @rule(steps=st.lists(st.tuples(takes, st.sampled_from(State)), min_size=1, max_size=4))
    def move_all(self, steps: list[tuple[int, State]]) -> None:
        """Several steps at once: all of them, or none."""
        after, good = dict(self.states), True
        for key, to in steps:
            good = good and legal(self.kinds[key], after[key], to)
            after[key] = to
        revision, moves = self.ledger.revision(), [(key, to, "") for key, to in steps]
        if good:
            self.ledger.move_all(moves)
            for key, to in steps:
                self._note(key, self.states[key], to)
        else:
            with pytest.raises(IllegalTransition):
                self.ledger.move_all(moves)
            assert self.ledger.revision() == revision

    @rule(steps=st.lists(st.tuples(takes, st.sampled_from(State)), min_size=1, max_size=4))
    def together(self, steps: list[tuple[int, State]]) -> None:
        """Several calls as one transaction: until it ends nothing is told, and where one of them
        raises, none was made."""
        revision, told, after = self.ledger.revision(), len(self.told), dict(self.states)
        try:
            with self.ledger.together():
                for key, to in steps:
                    assert self.ledger.move(key, to).state is to
                    after[key] = to
                assert len(self.told) == told
        except IllegalTransition:
            assert not legal(self.kinds[key], after[key], to)
            assert self.ledger.revision() == revision
        else:
            for key, to in steps:
                self._note(key, self.states[key], to)

    def _note(self, key: int, before: State, to: State) -> None:
        self.history[key].append((before, to))
        self.seen.append((key, before, to))
        self.states[key] = to

    @rule(key=takes)
    def amend(self, key: int) -> None:
        """Columns without a step leave the state, and an event without states."""
        self.ledger.amend(key, "a new link", link=LINK)
        self.history[key].append((None, None))

    @rule()
    def checkpoint(self) -> None:
        """The log goes into the file."""
        self.ledger.checkpoint()

    @rule()
    def reopen(self) -> None:
        """Closed and opened again; a copy of the file alone is complete in between."""
        self.ledger.close()
        assert [p.name for p in self.folder.iterdir() if p.name.startswith(self.path.name)] == [
            self.path.name
        ]
        self._open_copy([""])

    @rule()
    def crash(self) -> None:
        """Gone without closing: what lay on the disk at that moment is opened, log and all."""
        self._open_copy(["", "-wal"])

    def _open_copy(self, endings: list[str]) -> None:
        self.copies += 1
        fresh = self.folder / f"copy-{self.copies}.db"
        for ending in endings:
            old = Path(f"{self.path}{ending}")
            if old.exists():
                shutil.copyfile(old, f"{fresh}{ending}")
        if endings != [""]:
            self.ledger.close()
        self.path, self.ledger = fresh, Ledger.open(fresh)
        self._listen()

    @invariant()
    def a_second_reader_sees_every_step(self) -> None:
        """Another connection, opened while the first one writes, sees all that was committed."""
        reader = Ledger.open(self.path, create=False)
        try:
            assert {key: reader.take(key).state for key in self.states} == self.states
            for key, expected in self.history.items():
                events = reader.events(key)
                assert [(before, after) for _, before, after, _, _ in events] == expected
        finally:
            reader.close()

    @invariant()
    def the_history_replayed_is_the_present(self) -> None:
        """The last state that the events name is the take's state, and no event names a link."""
        for key, state in self.states.items():
            events = self.ledger.events(key)
            assert [after for _, _, after, _, _ in events if after][-1] == state
            assert "secret" not in repr(events)
            assert "secret" not in (self.ledger.take(key).error_message or "")

    @precondition(lambda self: self.seen)
    @invariant()
    def listeners_hear_each_step_once(self) -> None:
        """Every committed step was told, in order, and no other."""
        assert self.told == self.seen

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
TestLedger = LedgerMachine.TestCase
