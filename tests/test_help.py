"""What `--help` tells: every verb by its task, what each costs, and examples that can be typed."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from r2vbatch.cli import cli

VERBS = cli.list_commands(click.Context(cli))


def verb(name: str) -> click.Command:
    """A verb of the program."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def told(*args: str) -> str:
    """What `--help` prints on a terminal of 80 columns."""
    result = CliRunner().invoke(cli, [*args, "--help"], prog_name="r2vbatch", terminal_width=80)
    assert result.exit_code == 0
    return result.output


def test_every_verb_is_told_once_by_task() -> None:
    """The first page names each verb in one of its groups, with a line about it, and the way in."""
    page = told()
    for name in VERBS:
        (line,) = [line for line in page.splitlines() if line.startswith(f"  {name} ")]
        assert len(line.split(None, 1)[1]) > 10
    for title in ("Start here:", "Make it:", "Go on:", "Look:", "Check:"):
        assert f"\n{title}\n" in page


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_says_what_it_costs_before_its_examples(name: str) -> None:
    """Cost, then one to three examples, then the options."""
    page = told(name)
    places = [page.index(f"\n{title}:\n") for title in ("Cost", "Examples", "Options")]
    assert places == sorted(places)
    shown = page[places[1] : places[2]]
    assert 1 <= len(re.findall(r"^  \S", shown, re.MULTILINE)) <= 3


@pytest.mark.parametrize("args", [(), *((name,) for name in VERBS)])
def test_help_fits_eighty_columns(args: tuple[str, ...]) -> None:
    """No line is longer, examples too."""
    assert [line for line in told(*args).splitlines() if len(line) > 80] == []


def examples() -> list[str]:
    """Every command line that help shows, without what is the shell's."""
    pages = [told(), *(told(name) for name in VERBS)]
    shown = [re.split(r"\n(?:Examples|Start here):\n", page)[1].split("\n\n")[0] for page in pages]
    return re.findall(r"^  .*?\b(r2vbatch [^>)\n]+)", "\n".join(shown), re.MULTILINE)


@pytest.mark.parametrize("line", examples())
def test_an_example_can_be_typed(line: str) -> None:
    """Its verb, options and values are ones that the program takes."""
    _, name, *args = shlex.split(line)
    verb(name).make_context(name, args, parent=click.Context(cli))
