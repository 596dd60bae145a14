"""Options of the command line made from the switches of `Options`, under their headings.

What a switch is called, what it may be, its default and what it says are read off the dataclass;
nothing of it is written twice. This room refuses to know what a switch does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from r2vbatch.emulator.options import Options, Span, flag

Body = Callable[..., Any]

_DEFAULTS = Options()


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
    if str(value).isascii() and str(value).isdigit():
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a whole number nor off")


def switches() -> Callable[[Body], Body]:
    """A decorator: one option for each switch of each section."""

    def decorate(body: Body) -> Body:
        for section in reversed(sections()):
            for name in reversed(section.__annotations__):
                body = _option(name, section)(body)
        return body

    return decorate


def sections() -> tuple[type, ...]:
    """The classes `Options` is made of, in the order of `--help`."""
    return Options.__bases__


def as_switches(given: Mapping[str, Any]) -> dict[str, Any]:
    """What click hands over, as `Options` takes it: numbers among choices are numbers again."""
    found = dict(given)
    for section in sections():
        for name, hint in get_type_hints(section).items():
            choices = {str(choice): choice for choice in _choices(hint)}
            if choices and name in found:
                found[name] = choices[found[name]]
    return found


class Sectioned(click.Command):
    """A command whose switches stand under the headings of their sections, all else first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, in several lists."""
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx))
        }
        lists = [
            (section.__doc__ or "", [records.pop(name) for name in section.__annotations__])
            for section in sections()
        ]
        for title, listed in [("Options", list(records.values())), *lists]:
            with formatter.section(title):
                formatter.write_dl(listed)


def _option(name: str, section: type) -> Callable[[Body], Body]:
    hint = get_type_hints(section)[name]
    (text,) = get_type_hints(section, include_extras=True)[name].__metadata__
    default = getattr(_DEFAULTS, name)
    written = flag(name)
    if hint is bool:
        return click.option(written, is_flag=True, help=text)
    if default is None and hint == int | None:
        default = "off"
    elif isinstance(default, float):
        default = int(default)
    more = _kind(hint)
    return click.option(
        written, default=default, show_default=default is not None, help=text, **more
    )


def _kind(hint: Any) -> dict[str, Any]:
    if choices := _choices(hint):
        return {"type": click.Choice([str(choice) for choice in choices])}
    if hint == Span:
        return {"type": seconds, "metavar": "SECONDS"}
    if hint == int | None:
        return {"type": limit, "metavar": "N|off"}
    (plain,) = set(get_args(hint) or (hint,)) - {NoneType}
    return {"type": plain}


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()
