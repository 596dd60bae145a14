"""Files of faults: what is read from them, and where what is wrong with them stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.diagnostics import as_text
from r2vbatch.emulator.faults import KINDS, BadRule, Fault
from r2vbatch.emulator.script import read
from r2vbatch.errors import UsageProblem

SCRIPTS = Path(__file__).parent / "fault_scripts"


def test_rules_come_in_the_order_of_the_lines():
    """Comments and empty lines count for nothing; ranges of calls are the calls."""
    faults, problems = read(SCRIPTS / "bad-day.txt")
    assert not problems
    assert faults == [
        Fault("submit", "throttle", nth=(1, 2, 3)),
        Fault("submit", "reset_after", nth=(4,)),
        Fault("submit", "fail", nth=(5, 7), value="InternalError.Timeout: no result after 3 h"),
        Fault("query", "status", 0.1, value="502"),
        Fault("list", "list_zone", value="+00:00"),
        Fault("download", "truncated", nth=(1,)),
    ]


def test_every_mistake_is_found_at_its_place():
    """One look shows them all, each with its line, its column, a caret and what to do."""
    script = SCRIPTS / "broken.txt"
    faults, problems = read(script)
    assert faults == [Fault("submit", "slow", nth=(1,))]
    shown = as_text(problems).replace(str(script), script.name)
    assert shown == (SCRIPTS / "broken.expected.txt").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file or directory"), (b"\xff\xfe", "it is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, words: str):
    """It is said in words, without the numbers of the system or of a codec."""
    script = tmp_path / "faults.txt"
    if content is not None:
        script.write_bytes(content)
    with pytest.raises(UsageProblem) as told:
        read(script)
    assert words in told.value.message
    assert "Errno" not in told.value.message


@given(st.text(alphabet="submitlow:=#0-9., é\r\x1b\u2028", max_size=30) | st.text(max_size=30))
def test_any_line_is_a_rule_or_a_mistake_within_it(line):
    """Whatever is written, it is a fault or a `BadRule` whose place lies in the text."""
    try:
        fault = Fault.parse(line)
    except BadRule as bad:
        assert 0 <= bad.start <= bad.end <= len(line)
    else:
        assert fault.kind in KINDS and line.startswith(f"{fault.op}:{fault.kind}")
