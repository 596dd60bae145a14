"""Two lines on a terminal: a bar with what is done, and below it what is waited for.

Each is cut to the width of the terminal, whatever it is at that moment, so that neither wraps;
tqdm knows how wide a character is. Take ids are not in them: those may be long.
"""

from __future__ import annotations

from typing import TextIO

from tqdm import tqdm
from tqdm.utils import disp_len, disp_trim

from r2vbatch.clock import now
from r2vbatch.ledger import State, Transition
from r2vbatch.pacing import Change
from r2vbatch.progress.tally import BAD, Tally
from r2vbatch.progress.words import folded, line, spending, time_left, troubles, waiting
from r2vbatch.visible import visible

_UNKNOWN = 79
"""Columns of a terminal that does not say."""


class Bar:
    """What is done, failed and left; what is waited for, and the money."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        self._tally = tally
        self._bar = tqdm(
            total=tally.total,
            file=stream,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} takes{postfix}",
        )
        self._below = tqdm(file=stream, dynamic_ncols=True, bar_format="{desc}", leave=False)
        self._update()

    def show(self, transition: Transition) -> None:
        """Move the bar."""
        self._tally.note(transition)
        told = transition.after in BAD or transition.after in {State.IN_DOUBT, State.HELD}
        if told and self._tally.name(transition.key):
            self.say(line(self._tally, transition))
        self._update()

    def say(self, sentence: str) -> None:
        """A line above the bar."""
        width = self._below.format_dict["ncols"] or _UNKNOWN
        self._bar.write(folded(visible(sentence), width), file=self._bar.fp)

    def pace(self, change: Change) -> None:
        """What holds up submitting is said below the bar."""
        self._tally.pace(change, now())
        self._update()

    def tick(self) -> None:
        """Time left, and times waited, go on."""
        self._update()

    def _update(self) -> None:
        self._bar.total, self._bar.n = self._tally.total, self._tally.ended
        purse = self._tally.purse
        parts = (
            troubles(self._tally),
            spending(purse) if purse else "",
            time_left(self._tally, now()),
        )
        self._bar.set_postfix_str(", ".join(filter(None, parts)), refresh=True)
        width = self._below.format_dict["ncols"] or _UNKNOWN
        self._below.set_description_str(self._status(width), refresh=True)

    def _status(self, width: int) -> str:
        """What is waited for, in `width` columns, and what is set aside for it where that fits."""
        text = waiting(self._tally, now())
        purse = self._tally.purse
        if purse and purse.set_aside.amount:
            whole = f"{text}; {purse.set_aside} set aside"
            if disp_len(whole) <= width:
                return whole
        return str(disp_trim(text, width))

    def hide(self) -> None:
        """Take both lines away; the next change brings them back."""
        self._below.clear()
        self._bar.clear()

    def close(self) -> None:
        """Leave the last state of the bar on the screen."""
        self._update()
        self._below.close()
        self._bar.close()
