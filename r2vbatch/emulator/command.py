"""``r2vbatch emulate``: the emulator as a server, every switch and fault an option.

Light to import: what serves is imported when it is about to. What it prints, and what the
libraries below log, may quote the requests of others; all of it goes by way of `visible`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import click
from click.core import ParameterSource

from r2vbatch.emulator.faults import KINDS, Fault
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.readings import strictest
from r2vbatch.emulator.switchboard import Sectioned, as_switches, switches
from r2vbatch.errors import Exit, OutputUnavailable
from r2vbatch.visible import visible

HELP = """Serve the video task API locally: same protocol, slates in place of generated clips.

Any client works against it, the vendor's SDK too (both its 1.x functions and its 2.x client),
with any key that begins with sk-. It prints its address, and stops on Ctrl-C.
"""

COST = "Nothing: no service is asked. Only references that are URLs are fetched."

EXAMPLES = {
    "r2vbatch emulate": "a service that is always free, at the address it prints",
    "r2vbatch emulate --latency 60-120 --fault submit:throttle:#1-3": (
        "as slow as the real one, and three times busy"
    ),
    "r2vbatch emulate --strict --region us-east-1 --port 8080": (
        "what passes here has no known reason to be refused, in another region too"
    ),
}

NOT_EMULATED = """
models other than wan2.6-r2v-flash, wan2.6-r2v and wan2.7-r2v (see --model);
what a model makes of a prompt or a seed (a slate shows the prompt);
moderation, prices, quotas and arrears (order their errors as faults);
the effect of prompt_extend, negative_prompt and reference_voice;
24 frames a second, as one page has it (clips have 30);
EventBridge notices; short-lived keys; keys bound to a workspace;
an object store on a host of its own (files go by the same port)
"""

FAULTS = """A fault is written op:kind[=value][:when]. OP is submit, query, list, cancel, policy,
upload or download; WHEN is a rate (0.1), or #1,4-6 for the first and the fourth to sixth call of
op. A file (--faults) holds one such rule a line; empty lines, and comments that begin with "# ",
count for nothing. Kinds:"""

EXITS = {
    Exit.DONE: "stopped",
    Exit.USAGE: "a switch or a fault makes no sense; nothing was served",
    Exit.OUTPUT: "it cannot listen there",
}


class _Told(Sectioned):
    """The command with its help in the order of the other verbs', and what is its own."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does and does not do, what it costs, and examples."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Not emulated"):
            formatter.write("".join(f"  {line}\n" for line in NOT_EMULATED.strip().splitlines()))
        with formatter.section("Cost"):
            formatter.write_text(COST)
        with formatter.section("Examples"):
            for command, purpose in EXAMPLES.items():
                formatter.write(f"  {command}\n      {purpose}\n")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The faults there are, and exit codes."""
        with formatter.section("Faults"):
            formatter.write_text(FAULTS)
            formatter.write_paragraph()
            formatter.write_dl(
                [
                    (f"{kind}={default}" if default else kind, text)
                    for kind, (_, default, text) in KINDS.items()
                ]
            )
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), words) for code, words in EXITS.items()])


@click.command(
    "emulate",
    cls=_Told,
    help=HELP,
    short_help="Serve the task API locally, with slates, limits and faults to order.",
)
@switches()
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse what any page or report speaks against: each switch about requests that is not "
    "given takes its sternest reading, and a link that cannot be had fails its task.",
)
@click.option("--plain", is_flag=True, help="Draw no slates: one grey clip for all (load tests).")
@click.option("--key", "keys", multiple=True, help="Accept only this (made-up) key; repeatable.")
@click.option(
    "--workspace",
    "workspaces",
    multiple=True,
    help="Accept only this X-DashScope-WorkSpace; repeatable.",
)
@click.option(
    "--model",
    "likes",
    multiple=True,
    metavar="NAME=LIKE",
    help="A model more, which keeps the rules of a known one but for its figures; repeatable.",
)
@click.option("--fault", "texts", multiple=True, metavar="RULE", help="A fault; repeatable.")
@click.option(
    "--faults",
    "script",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of faults, one a line.",
)
@click.option("--die-with-parent", is_flag=True, hidden=True)
@click.pass_context
def emulate(
    context: click.Context,
    /,
    strict: bool,
    plain: bool,
    texts: tuple[str, ...],
    script: Path | None,
    die_with_parent: bool,
    **given: Any,
) -> None:
    """Serve until told to stop. With --die-with-parent the first line of standard input, if
    not empty, is `Options` as JSON, and its end is the end."""
    faults = (*_scripted(script), *(Fault.parse(text) for text in texts))
    asked = as_switches(given)
    sternest = sternly(context, asked["region"]) if strict else {}
    options = Options(render=not plain, faults=faults, **{**asked, **sternest})
    if die_with_parent:
        sent = sys.stdin.readline()
        options = Options.from_json(sent) if sent.strip() else options
    _log_harmlessly()
    asyncio.run(_serve(options, sys.stdin if die_with_parent else None))


def sternly(context: click.Context, region: str) -> dict[str, Any]:
    """What --strict makes of the switches that were not given."""
    return {
        name: value
        for name, value in strictest(region).items()
        if context.get_parameter_source(name) is ParameterSource.DEFAULT
    }


def _scripted(path: Path | None) -> list[Fault]:
    if path is None:
        return []
    from r2vbatch.diagnostics import as_text
    from r2vbatch.emulator.script import read

    faults, problems = read(path)
    if problems:
        click.echo(as_text(problems), nl=False, err=True)
        raise click.exceptions.Exit(Exit.USAGE)
    return faults


class _Harmless(logging.Formatter):
    """Log lines that no terminal obeys; a traceback only where the mistake may be ours."""

    def format(self, record: logging.LogRecord) -> str:
        from aiohttp.http_exceptions import HttpProcessingError
        from aiohttp.web import RequestPayloadError

        problem = record.exc_info[1] if record.exc_info else None
        if isinstance(problem, HttpProcessingError):
            return visible(f"a request that is no HTTP: {' '.join(problem.message.split())}")
        if isinstance(problem, RequestPayloadError):
            why = str(problem).rpartition("message:")[2]
            return visible(f"a body that is not what it says: {' '.join(why.split())}")
        return visible(super().format(record), keep="\n")


def _log_harmlessly() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Harmless("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.captureWarnings(True)


async def _serve(options: Options, lifeline: TextIO | None) -> None:
    from r2vbatch.emulator.server import Emulator

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with Emulator(options).serve() as server:
            if lifeline is not None:
                threading.Thread(
                    target=_leave_at_end, args=(lifeline, loop, stop), daemon=True
                ).start()
                click.echo(json.dumps({"base_url": server.base_url}))
            else:
                click.echo(visible(_address(server.base_url)))
            await stop.wait()
    except OSError as problem:
        where = f"{options.host}:{options.port}"
        raise OutputUnavailable(f"The emulator cannot listen on {where}: {problem}") from None


def _leave_at_end(lifeline: TextIO, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when the parent has gone; leave by force where that takes long."""
    lifeline.read()
    loop.call_soon_threadsafe(stop.set)
    time.sleep(1.0)
    os._exit(0)


def _address(base_url: str) -> str:
    admin = base_url.removesuffix("/api/v1") + "/emulator/stats"
    return (
        f"Emulator at {base_url} (what happened: {admin}; "
        f"for the SDK: export DASHSCOPE_HTTP_BASE_URL={base_url})"
    )
