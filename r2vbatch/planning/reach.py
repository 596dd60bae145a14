"""Links that the service cannot follow, told by their address alone: a rule of ``lint``.

Whether a link is alive is asked on request only (``--online``), and by other rooms.
"""

from __future__ import annotations

from collections.abc import Iterator

from r2vbatch.dashscope.regions import is_private
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import diagnose
from r2vbatch.planning.given import given_to
from r2vbatch.planning.subject import Subject


def out_of_reach(subject: Subject) -> Iterator[Diagnostic]:
    """Addresses of this machine or network. A preview, or an emulator, may well reach them."""
    endpoint = subject.manifest.endpoint
    if endpoint == "preview" or "://" in endpoint:
        return
    for reference in given_to(subject.shot, subject.model):
        if reference.url and is_private(reference.url):
            yield diagnose(
                reference.origin,
                f"no service can reach {reference.called}: its address is one of your own network",
                rule="private-link",
                hint="give the path of the file, which is uploaded, or a public link",
            )
