"""What is said of a command line that cannot be read: one sentence, and what to type instead.

The words of other tools are known here, so that who types ``generate`` or ``help run`` is told
what it is called in this house.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from difflib import get_close_matches

import click

from r2vbatch.cli.verb import Verb
from r2vbatch.errors import UsageProblem

_ELSEWHERE = {
    "init": ("new", "start", "setup"),
    "run": ("preview", "make", "generate", "render", "create", "submit", "live"),
    "resume": ("continue", "retry", "restart"),
    "collect": ("download", "fetch", "get", "pull"),
    "cancel": ("stop", "abort", "kill"),
    "plan": ("price", "cost", "estimate", "requests", "list"),
    "status": ("show", "info", "ls", "progress"),
    "check": ("validate", "lint", "verify"),
    "emulate": ("serve", "server", "mock"),
}
"""By verb: what it is called elsewhere."""


def unknown_verb(args: Sequence[str], verbs: Collection[str]) -> UsageProblem:
    """The answer to a line that begins with no verb of ours."""
    return UsageProblem(f"there is no verb {args[0]!r}", hint=_meant(args, verbs))


def _meant(args: Sequence[str], verbs: Collection[str]) -> str:
    word = args[0]
    if word == "help":
        known = [verb for verb in args[1:] if verb in verbs]
        return f"did you mean `r2vbatch {' '.join([*known[:1], '--help'])}`?"
    if word.lower().endswith((".yaml", ".yml")):
        return f"did you mean `r2vbatch run {shlex.quote(word)}`?"
    here = next((verb for verb, others in _ELSEWHERE.items() if word.lower() in others), "")
    if here:
        return f"did you mean `{shlex.join(['r2vbatch', here, *args[1:]])}`?"
    near = get_close_matches(word, verbs, 1)
    return f"did you mean {near[0]}?" if near else "`r2vbatch --help` lists the verbs"


def told(problem: click.ClickException) -> UsageProblem:
    """What click found wrong, in our voice."""
    message = problem.format_message().rstrip(".")
    return UsageProblem(message[:1].lower() + message[1:], hint=_hint(problem))


def _hint(problem: click.ClickException) -> str:
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    if context is None:
        return ""
    if isinstance(context.command, click.Group):
        return "options stand behind the verb: r2vbatch run film.yaml --endpoint singapore"
    if isinstance(problem, click.MissingParameter) and isinstance(context.command, Verb):
        return f"such as: {context.command.examples[0][0]}"
    return f"`{context.command_path} --help` shows how it is used"
