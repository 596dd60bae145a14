"""What people say about takes in doubt: beforehand on the command line, or asked on a terminal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from r2vbatch.ledger import TakeRow

Question = Callable[[str], Awaitable[bool]]


def matching(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether a take's id matches one of `globs`."""
    return lambda take: any(fnmatchcase(take, glob) for glob in globs)


@dataclass
class Answers:
    """What people have said about takes in doubt."""

    ask: Question | None = None
    """Puts a question to a person; None where there is nobody to ask."""
    agreed: Callable[[str], bool] = lambda take: False
    """Whether sending a take again was agreed to beforehand, by take id."""
    yes: set[int] = field(default_factory=set)
    no: set[int] = field(default_factory=set)
    used: set[int] = field(default_factory=set)
    """Takes for which a yes has been acted on: it was for one resend."""

    def consent(self, row: TakeRow) -> bool:
        """Whether a person agrees to send the take again."""
        return row.key not in self.used and (row.key in self.yes or self.agreed(row.take))

    async def put(self, row: TakeRow, why: str) -> bool:
        """Ask about one take, once; False when nothing new was learned."""
        if self.ask is None or row.key in self.no:
            return False
        price = str(row.price) if row.price else "an unknown price"
        reason = why.rstrip(".")
        if await self.ask(f"{row.take}: {reason}. Send it again, at worst paying {price} twice?"):
            self.yes.add(row.key)
            self.used.discard(row.key)
            return True
        self.no.add(row.key)
        return False
