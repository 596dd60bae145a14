"""Runs a program in this very process and writes down what the process itself used.

``python -m tests.benchmarks.usage REPORT MODULE ARGUMENTS…``. Children (pools, the emulator of a
preview) are not counted, which a look from outside could not tell apart.
"""

from __future__ import annotations

import json
import resource
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the module as a program; its exit code is ours."""
    report, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime
        report.write_text(json.dumps({"cpu": seconds, "peak": _peak()}), "utf-8")


def _peak() -> int:
    """The most memory this process had, in bytes."""
    try:  # what getrusage says is not below what the parent had when it forked
        status = Path("/proc/self/status").read_text("ascii")
        return next(
            int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")
        )
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
