"""Files of faults: what is read from them, and where what is wrong with them stands."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.diagnostics import as_text
from r2vbatch.emulator.faults import KINDS, BadRule, Fault
from r2vbatch.emulator.script import read

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


@given(st.text(alphabet="submitlow:=#0-9., é\r\x1b\u2028", max_size=30) | st.text(max_size=30))
def test_any_line_is_a_rule_or_a_mistake_within_it(line):
    """Whatever is written, it is a fault or a `BadRule` whose place lies in the text."""
    try:
        fault = Fault.parse(line)
    except BadRule as bad:
        assert 0 <= bad.start <= bad.end <= len(line)
    else:
        assert fault.kind in KINDS and line.startswith(f"{fault.op}:{fault.kind}")
