"""A production shot list (Kitsu, StudioBinder, a sheet of one's own) to a manifest to complete.

Such lists are made for people and cameras: what a column is called differs, lengths are frames,
framing stands apart from the action. Whatever has to be guessed here is said in a comment at its
place, and whatever is left out is named; a person goes on from there, with `check` at their side.
A table whose columns are named as the keys of a shot needs none of this: `shots:` reads it.

- `columns`: what a column holds, by its name.
- `reading`: the file to rows, or to its problems.
- `camera`: size, angle, movement and lens as words of a prompt.
- `lengths`: frames, rates and times of day to the whole seconds that a model makes.
- `drafts`: rows to shots, with what was guessed.
- `writing`: shots to the text of a manifest.

Column names were taken from the sources of Kitsu and Zou (import and export of shots), and from
what StudioBinder writes about the shot lists that its templates hold.
"""

from __future__ import annotations

from r2vbatch.shotlist.drafts import Draft, draft
from r2vbatch.shotlist.reading import ShotList, read_shot_list
from r2vbatch.shotlist.writing import manifest_text

__all__ = ["Draft", "ShotList", "draft", "manifest_text", "read_shot_list"]
