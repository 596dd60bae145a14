"""A batch whose shots stand in a table: it is made, picked up and edited like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from studio import KEY, Studio, account, service

from r2vbatch.errors import Exit


@pytest.mark.long
def test_a_table_travels_with_its_batch(tmp_path: Path) -> None:
    """A killed batch goes on from its output folder with the table it was started with, and says
    that the file differs by now; `run` takes the file, and makes the edited shot alone."""
    studio = Studio(tmp_path)
    table = tmp_path / "shots.csv"
    table.write_text("id,prompt\r\na,@ellen waves.\r\nb,@ellen sits.\r\nc,@chelsea naps.\r\n")
    studio.board["shots"] = "shots.csv"
    studio.save()
    with service(latency=0.3, in_flight=1) as at:
        studio.killed_after("done", 1, *studio.live_words(at), DASHSCOPE_API_KEY=KEY)
        table.write_text("id,prompt\na,@ellen waves.\nb,@ellen stands.\nc,@chelsea naps.\n")
        words = ["resume", str(studio.output), "--yes", "--grace", "2"]
        resumed = studio.call(*words, DASHSCOPE_API_KEY=KEY)
        assert resumed.code == Exit.DONE, resumed.err
        assert f"{table} differs from the table this batch was started with" in resumed.err
        assert account(at)["billed_tasks"] == 3
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 4
    assert {row["prompt"] for row in studio.rows().values()} == {
        "character1 waves.",
        "character1 stands.",
        "character1 naps.",
    }
