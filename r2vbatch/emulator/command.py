"""``r2vbatch emulate``: the emulator as a server, every switch and fault an option.

Light to import: what serves is imported when it is about to.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import click

from r2vbatch.emulator.faults import KINDS, Fault
from r2vbatch.emulator.options import Options, Span
from r2vbatch.errors import OutputUnavailable, UsageProblem

HELP = """Serve the video task API locally: same protocol, slates in place of generated clips.

Any client works against it, the vendor's SDK too, with any key that begins with sk-. Nothing
is spent. It prints its address, and stops on Ctrl-C.

\b
Not emulated: models other than wan2.6-r2v-flash, wan2.6-r2v and wan2.7-r2v; what a model
would make of a prompt; moderation; workspaces; prices, quotas and arrears (order those as
faults); EventBridge notices; short-lived keys; prompt_extend and reference_voice
(accepted, without effect).

\b
A fault is written op:kind[=value][:when]; `when` is a rate, or #1,4 for the first and
fourth call. A file (--faults) holds a YAML or JSON list of such texts, or of mappings
{op, kind, value, rate, nth}. Operations: submit, query, list, cancel, policy, upload,
download. Kinds:
"""


def seconds(value: Any) -> Span:
    """``2`` or ``2-4`` as seconds, or a range of them."""
    low, dash, high = str(value).partition("-")
    try:
        return (float(low), float(high)) if dash else float(low)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither seconds nor a range like 2-4") from None


def limit(value: Any) -> int | None:
    """A whole number, or ``off`` as None."""
    if value == "off":
        return None
    if str(value).isdigit():
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a whole number nor off")


SPAN: dict[str, Any] = {"type": seconds, "metavar": "SECONDS"}
LIMIT: dict[str, Any] = {"type": limit, "metavar": "N|off"}
_KINDS = "".join(
    f"  {kind + ('=' + default if default else ''):32}{text}\n"
    for kind, (_, default, text) in KINDS.items()
)


def _setting(flag: str, text: str, **more: Any) -> Callable[[_Body], _Body]:
    """An option of the command that is a switch of `Options`, with its default."""
    default = getattr(_DEFAULTS, flag.removeprefix("--").replace("-", "_"))
    shown = "off" if default is None else default
    return click.option(flag, default=shown, show_default=True, help=text, **more)


_DEFAULTS = Options()
_Body = Callable[..., Any]


@click.command(
    "emulate",
    help=HELP + "\n\b\n" + _KINDS,
    short_help="Serve the task API locally, with slates, limits and faults to order.",
    context_settings={"max_content_width": 100},
)
@_setting("--host", "Address to listen on.", type=str)
@_setting("--port", "Port to listen on; 0 lets the system choose.", type=int)
@click.option("--key", "keys", multiple=True, help="Accept only this (made-up) key; repeatable.")
@click.option("--one-account", is_flag=True, help="All keys belong to one account.")
@_setting("--seed", "Seed of run times and faults.", type=int)
@_setting("--latency", "Run time of a task, at least what drawing its slate takes.", **SPAN)
@_setting("--answer-delay", "Answer a submit this long after its task was created.", **SPAN)
@_setting("--create-delay", "Create a task this long after its POST arrived.", **SPAN)
@_setting("--in-flight", "Tasks running at once, per model and account.", **LIMIT)
@_setting("--over-limit", "Beyond that: wait, or 429.", type=click.Choice(["queue", "refuse"]))
@_setting("--queue-length", "Tasks that may wait before a submit is refused.", **LIMIT)
@_setting("--submits-per-second", "Per model and account.", **LIMIT)
@_setting("--queries-per-second", "Query, list and cancel together, per account.", **LIMIT)
@_setting("--policies-per-second", "Upload policies, per model and account.", **LIMIT)
@_setting("--zone", "Zone of the time strings.", type=str)
@_setting("--clock-offset", "Seconds the service's clock is ahead of ours.", type=float)
@_setting("--task-life", "Seconds from creation until a task is UNKNOWN.", type=float)
@_setting("--link-life", "Seconds from its end until a clip's link expires.", type=float)
@_setting("--upload-life", "Seconds an upload is kept.", type=float)
@_setting("--policy-life", "Seconds an upload policy holds.", type=float)
@click.option("--plain", is_flag=True, help="Draw no slates: one grey clip for all (load tests).")
@click.option(
    "--workers", type=int, help="Processes that draw. [default: by processors, at most 4]"
)
@_setting(
    "--missing-reference",
    "A remote reference that cannot be had: draw a named card, or fail the task.",
    type=click.Choice(["card", "fail"]),
)
@_setting(
    "--size-refused",
    "A size that is not offered: the task fails later, or HTTP 400.",
    type=click.Choice(["later", "at_once"]),
)
@click.option(
    "--unknown-model",
    type=click.Choice(["404", "400"]),
    default="404",
    show_default=True,
    help="Status for a model that does not exist.",
)
@_setting(
    "--needless-audio",
    "`audio` sent where sound is always on.",
    type=click.Choice(["ignore", "refuse"]),
)
@click.option("--five-or-ten", is_flag=True, help="wan2.6-r2v takes 5 or 10 s only.")
@click.option("--fault", "fault_texts", multiple=True, metavar="RULE", help="A fault; repeatable.")
@click.option(
    "--faults",
    "fault_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML or JSON list of faults.",
)
@click.option("--die-with-parent", is_flag=True, hidden=True)
def emulate(
    keys: tuple[str, ...],
    plain: bool,
    unknown_model: str,
    fault_texts: tuple[str, ...],
    fault_file: Path | None,
    die_with_parent: bool,
    **switches: Any,
) -> None:
    """Serve until told to stop. With --die-with-parent the first line of standard input, if
    not empty, is `Options` as JSON, and its end is the end."""
    faults = [*_faults_in(fault_file), *(Fault.parse(text) for text in fault_texts)]
    options = Options(
        keys=keys,
        render=not plain,
        unknown_model=404 if unknown_model == "404" else 400,
        faults=tuple(faults),
        **switches,
    )
    if die_with_parent:
        sent = sys.stdin.readline()
        options = Options.from_json(sent) if sent.strip() else options
    asyncio.run(_serve(options, sys.stdin if die_with_parent else None))


def _faults_in(path: Path | None) -> list[Fault]:
    if path is None:
        return []
    import yaml

    try:
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise UsageProblem(f"{path} cannot be read as YAML or JSON: {problem}") from None
    if not isinstance(rules, list):
        raise UsageProblem(f"{path} does not hold a list of faults")
    return [Fault.of(rule) for rule in rules]


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
                click.echo(_address(server.base_url))
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
