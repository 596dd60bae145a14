"""What was found wrong so far, and the "did you mean" that goes with it.

One collector for a whole reading: the same mistake met by several ways (an anchor merged
into fifty shots, a prompt read once per variation) is one problem.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection

from r2vbatch.diagnostics import Diagnostic, Severity, in_order
from r2vbatch.manifest.model import Origin, diagnose

_MOST_COMPARISONS = 200_000
"""difflib takes some 10 µs each; 5,000 misspelt ids among 5,000 would take minutes."""

_MOST = 20_000
"""Problems kept. A file made to fill the memory with them ends here, and is told so."""


class Problems:
    """Diagnostics in the order found, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], Diagnostic] = {}
        self._comparisons = 0

    def add(
        self,
        origin: Origin,
        message: str,
        *,
        rule: str,
        hint: str = "",
        severity: Severity = "error",
        offset: int = 0,
        width: int | None = None,
    ) -> None:
        """Note one problem at `origin` (or inside its text)."""
        self.extend(
            diagnose(
                origin,
                message,
                rule=rule,
                hint=hint,
                severity=severity,
                offset=offset,
                width=width,
            )
        )

    def extend(self, *diagnostics: Diagnostic) -> None:
        """Note problems that another room found."""
        for one in diagnostics:
            if len(self._found) == _MOST:
                message = f"there are more than {_MOST:,} problems; the rest is not shown"
                one = Diagnostic(one.position, message, rule="too-many-problems")
            if len(self._found) <= _MOST:
                place = one.position
                self._found.setdefault((place.file, place.line, place.column, one.message), one)

    def has(self, rule: str) -> bool:
        """Whether anything was found by `rule`."""
        return any(one.rule == rule for one in self._found.values())

    def all(self) -> list[Diagnostic]:
        """Everything found, in the order of the file, or of each of the files."""
        return in_order(self._found.values())

    def nearest(self, word: str, candidates: Collection[str]) -> str | None:
        """The candidate that `word` most likely stands for, if one is near."""
        self._comparisons += len(candidates)
        if self._comparisons > _MOST_COMPARISONS:
            return None
        by_folded = {folded(name): name for name in candidates}
        close = difflib.get_close_matches(folded(word), by_folded, n=1, cutoff=0.6)
        return by_folded[close[0]] if close else None

    def suggestion(self, word: str, candidates: Collection[str], form: str = "{}") -> str:
        """``did you mean …?`` with the nearest candidate in `form`; a small choice in full."""
        if (near := self.nearest(word, candidates)) is not None:
            return f"did you mean {form.format(near)}?"
        if 0 < len(candidates) <= 6:
            verb = "is" if len(candidates) == 1 else "are"
            return f"there {verb} {listed([form.format(name) for name in candidates], 'and')}"
        return ""


def nfc(text: str) -> str:
    """`text` in the Unicode form in which names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """`text` as it compares without regard to case."""
    return nfc(nfc(text).casefold())


def listed(words: Collection[str], last: str = "or") -> str:
    """``a, b or c``."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
