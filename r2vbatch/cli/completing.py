"""What TAB offers, imported when TAB is pressed: every verb names it, and hardly any run needs it.

The answers are in `offers`; importing the ledger and the settings for them was a third of what
`check` took to begin.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _later(name: str) -> Offer:
    def offer(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
        answer: Offer = getattr(importlib.import_module("r2vbatch.cli.offers"), name)
        return answer(ctx, param, typed)

    return offer


manifests = _later("manifests")
shot_lists = _later("shot_lists")
output_folders = _later("output_folders")
folders = _later("folders")
endpoints = _later("endpoints")
regions = _later("regions")
shots = _later("shots")
queued_takes = _later("queued_takes")
takes_in_doubt = _later("takes_in_doubt")
done_takes = _later("done_takes")
