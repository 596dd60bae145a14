"""What a run is asked to do: the manifest's wishes, and the command line that wins over them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from storyboards import MANIFESTS, read, storyboard

from r2vbatch.batch.settings import Options, Settings, output_of, parse_money, scope, settle
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Manifest, Money

SIX, TWO = Money(Decimal("6.00"), "USD"), Money(Decimal("2"), "USD")


def board(**keys: Any) -> Manifest:
    """Three shots, the second in two variations."""
    shots = (
        {"id": "sh010", "prompt": "@ellen walks"},
        {"id": "sh020", "prompt": "@ellen, ${lens}", "vary": {"lens": ["wide", "close-up"]}},
        {"id": "end", "prompt": "@ellen sits"},
    )
    return read(storyboard(*shots, **keys))


def chosen(*only: str, first: int | None = None) -> list[str]:
    """The shots that a scope leaves."""
    shots = board().shots
    return [shot.id for shot in shots if scope(shots, only, first)(shot.id)]


def test_scopes() -> None:
    """Globs over ids, with or without the variation's number; the first N as written, of those
    that the globs leave."""
    assert chosen() == ["sh010", "sh020-1", "sh020-2", "end"]
    assert chosen("sh*") == ["sh010", "sh020-1", "sh020-2"]
    assert chosen("sh020") == ["sh020-1", "sh020-2"]
    assert chosen("sh020-2", "end") == ["sh020-2", "end"]
    assert chosen("*-[!2]") == ["sh020-1"]
    assert chosen(first=2) == ["sh010", "sh020-1", "sh020-2"]
    assert chosen("*-1", first=2) == ["sh020-1"]
    assert chosen("end", first=1) == ["end"]
    assert chosen("sh02*", "end", first=1) == ["sh020-1", "sh020-2"]
    assert chosen(first=99) == ["sh010", "sh020-1", "sh020-2", "end"]


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("sh011", "did you mean sh010?"),
        ("SH010", "did you mean sh010?"),
        ("sh010,end", "repeat it: --only sh010 --only end"),
        ("sh010,x", "did you mean sh010?"),
        ("x*", "`r2vbatch plan` lists the shots"),
    ],
)
def test_a_scope_of_nothing_is_a_mistake(glob: str, hint: str) -> None:
    """One glob that matches no shot is said, though another does."""
    with pytest.raises(UsageProblem) as said:
        chosen("end", glob)
    assert said.value.message == f"--only {glob!r} matches no shot"
    assert said.value.hint == hint


def test_where_a_batch_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`-o` from the working directory, else `output:` from the manifest, else a folder of the
    manifest's name beside it; the ledger in it, unless it is elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert output_of(board(), Options()) == MANIFESTS / "out" / "test"
    assert output_of(board(output="../x"), Options()).resolve() == (MANIFESTS / "../x").resolve()
    settings = settle(board(output="../x"), Options(output=Path("here")))
    assert (settings.output, settings.ledger) == (tmp_path / "here", tmp_path / "here/ledger.db")
    assert settle(board(), Options(ledger=Path("l.db"))).ledger == tmp_path / "l.db"


def live(manifest: Manifest, **options: Any) -> Settings:
    """Settings of a live run."""
    return settle(manifest, Options(endpoint="singapore", **options))


def test_caps_are_for_live_spending() -> None:
    """The manifest's and the command line's both hold; a preview costs nothing and has none."""
    capped = board(budget={"max_cost": "6.00 USD"})
    assert live(capped, max_cost=TWO).caps == (SIX, TWO)
    assert live(capped).caps == (SIX,)
    assert live(board()).caps == ()
    assert settle(capped, Options(max_cost=TWO)).caps == ()


def test_the_endpoint_of_the_command_line_wins() -> None:
    """And is marked as named by the person."""
    named = settle(board(endpoint="beijing"), Options(endpoint="singapore"))
    assert (named.endpoint.name, named.endpoint_given, named.kind) == ("singapore", True, "live")
    written = settle(board(endpoint="beijing"), Options())
    assert (written.endpoint.name, written.endpoint_given) == ("beijing", False)
    assert settle(board(), Options()).kind == "preview"


def test_money() -> None:
    """An amount, a blank, a currency that has prices."""
    assert parse_money("6.00 USD") == SIX
    assert parse_money("  40   CNY ") == Money(Decimal(40), "CNY")
    assert parse_money("0 USD") == Money(Decimal(0), "USD")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        "6.00",
        "USD 6",
        "6 EUR",
        "6,00 USD",
        "-1 USD",
        "NaN USD",
        "Infinity USD",
        "6 USD USD",
        "$6",
        "1e400 USD",
        "1000000000000 USD",
    ],
)
def test_what_is_no_money(text: str) -> None:
    """Each is refused, with an example of what is meant."""
    with pytest.raises(UsageProblem, match="is not an amount of money") as said:
        parse_money(text)
    assert said.value.hint == 'write it as "6.00 USD" or "40 CNY"'
