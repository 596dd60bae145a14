"""Links of a manifest, looked into: is there something, is it what it should be, how long, how big.

Only on request, for everything else that judges a manifest touches no network. Of each link as much
is asked for as tells what it is (`LOOK_BYTES` at most), once, however many shots use it; no key, no
cookie and no name of ours but the program's go with it. What is found is measured like a file; why
nothing was found is a sentence.

This room refuses to know manifests, models and their limits.
"""

from __future__ import annotations

from r2vbatch.links.asking import LOOK_BYTES
from r2vbatch.links.looking import LOOK_SECONDS, look_into
from r2vbatch.links.model import Look

__all__ = ["LOOK_BYTES", "LOOK_SECONDS", "Look", "look_into"]
