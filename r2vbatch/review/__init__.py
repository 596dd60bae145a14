"""The contact sheet, served live on this machine: watch, circle, note, ask for another take.

The page is the report's own (`film`), drawn from the ledger whenever that has changed, so it shows
a batch that runs in another process; what a person says goes into the ledger at once, and that
process hears of it there. It never makes a take: asking for one spends nothing by itself.

`door` says who may come in, `files` what is handed out, `following` what has changed, `saying` what
may be said; `server` puts them together. Nothing here knows the service.
"""

from __future__ import annotations

from r2vbatch.review.server import Review, serve

__all__ = ["Review", "serve"]
