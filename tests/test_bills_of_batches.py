"""The money of whole batches: caps across runs, two currencies in one folder, bills that are not
the estimate. Each take is 2 s of sound at 720P: 0.10 USD, or 0.60 CNY."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from media_files import video
from studio import KEY, Studio, account, service

from r2vbatch.errors import Exit


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder of its own."""
    return Studio(tmp_path / "film")


def money_in(studio: Studio) -> dict[str, dict[str, float]]:
    """What `status` says of the folder."""
    said = json.loads(studio.call("status", "out", "--json").out)
    return {name: said[name] for name in ("spent", "set_aside")}


def test_the_budget_holds_from_run_to_run(studio: Studio) -> None:
    """Killed with two takes at the service, edited, and run again under another cap: what was
    submitted before counts, wanted or not, at no moment is more spent or set aside than the cap,
    what does not fit is held, and a higher cap makes it."""
    studio.shots("a", "b", "c", "d", "e")
    with service(latency=0.4) as at:
        words = studio.live_words(at, "--max-cost", "0.20 USD")
        studio.killed_after("submitted", 2, *words, DASHSCOPE_API_KEY=KEY)
        studio.board["shots"][0]["prompt"] = "@chelsea instead."
        studio.save()
        result = studio.live(at, "--max-cost", "0.40 USD", "--progress", "json")
        assert result.code == Exit.REFUSED, result.err
        events = [json.loads(line) for line in result.out.splitlines()]
        assert max(e["spent"] + e["set_aside"] for e in events) == pytest.approx(0.40)
        assert sorted(studio.states().values()) == ["done", "done", "done", "held", "held"]
        assert len(studio.hashes("retired")) == 1
        assert "--max-cost '0.60 USD'" in result.err
        assert account(at)["billed_tasks"] == 4
        assert studio.live(at, "--max-cost", "0.60 USD", verb="resume").code == Exit.DONE
        assert account(at)["billed_tasks"] == 6
    assert money_in(studio) == {"spent": {"USD": 0.6}, "set_aside": {"USD": 0.0}}


def test_two_currencies_in_one_folder(studio: Studio) -> None:
    """Dollars spent at one region's prices neither count under a cap in yuan nor are converted;
    both are told, and a take is billed at the prices it was made for."""
    studio.shots("a")
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        studio.shots("a", "b", "c")
        result = studio.live(at, "--prices", "beijing", "--max-cost", "1.00 CNY")
    assert result.code == Exit.REFUSED
    for said in ("spent, cap 1.00\nalso", "also in this folder: 0.10 USD spent, which the cap"):
        assert said in result.out
    assert "also in this folder: 0.10 USD spent" in result.err
    assert {t: (r["cost"], r["currency"]) for t, r in studio.rows().items()} == {
        "a_t01": (0.1, "USD"), "b_t01": (0.6, "CNY"), "c_t01": (None, "CNY"),
    }  # fmt: skip
    assert money_in(studio)["spent"] == {"CNY": 0.6, "USD": 0.1}


def test_a_bill_that_is_not_the_estimate(studio: Studio) -> None:
    """A service that rounds the seconds of references up bills more than the published rule says:
    what it bills is what counts, and the closing words name the takes."""
    film = video(seconds=3.0, size=(320, 240))
    (studio.folder / "refs" / "walk.mp4").write_bytes(film)
    studio.board["cast"]["walk"] = {"video": "refs/walk.mp4"}
    studio.shots("a", {"id": "b", "prompt": "@walk beside @ellen."})
    with service(usage_seconds="whole") as at:
        result = studio.live(at)
    assert result.code == Exit.DONE, result.out
    assert "0.325 USD" in result.err  # 2 s, and 2 + 2.5 s
    assert "money in this folder: 0.35 USD spent\n" in result.out
    assert (
        "1 take billed otherwise than estimated: 0.25 USD for 0.225 USD\n"
        "    b_t01 0.25 USD for 0.225 USD\n"
    ) in result.out
    assert studio.rows()["b_t01"]["billed_seconds"] == 5
