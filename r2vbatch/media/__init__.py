"""Files of pictures and sound: what they are, whether they are whole, a poster of them.

Everything here is a plain function of paths, picklable in and out, so that it runs in this
process, in a pool of processes or on a cluster. Bad media is an answer, never an exception;
only the file system raises (OSError). PyAV and Pillow are imported when first needed:
most commands never open a picture. PyAV keeps FFmpeg's own messages off the terminal.

This room refuses to know takes, the ledger and the service; it is told what to expect.
"""

from __future__ import annotations

from r2vbatch.media.clips import finish, verify
from r2vbatch.media.facts import FactsCache, facts, facts_of, looks_of
from r2vbatch.media.fitting import fit
from r2vbatch.media.frames import last_frame
from r2vbatch.media.heads import head
from r2vbatch.media.model import SUFFIXES, ClipFacts, Expected, FileFacts, Finished, Verdict
from r2vbatch.media.posters import poster
from r2vbatch.media.recipes import Recipe

__all__ = [
    "SUFFIXES",
    "ClipFacts",
    "Expected",
    "FactsCache",
    "FileFacts",
    "Finished",
    "Recipe",
    "Verdict",
    "facts",
    "facts_of",
    "finish",
    "fit",
    "head",
    "last_frame",
    "looks_of",
    "poster",
    "verify",
]
