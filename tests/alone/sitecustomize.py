"""Found by every Python that a test begins (`PYTHONPATH`, set by conftest): it is cut off, too."""

from __future__ import annotations

from cut_off import cut_off

cut_off()
