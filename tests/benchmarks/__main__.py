"""``python -m tests.benchmarks [--all] [NAME…]``: measure, and print the table."""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import r2vbatch
from tests.benchmarks import bulk, crash, loop, pace, pictures
from tests.benchmarks.table import Row, markdown

QUICK: dict[str, Callable[[Path], Iterator[Row]]] = {
    "crash": crash.five_in_flight,
    "crash-100": crash.hundred_in_flight,
    "queued": pace.queued,
    "refused": pace.refused,
    "cpu": loop.cpu,
    "finishing": pictures.finishing,
    "memory": bulk.memory,
    "tables": bulk.tables,
    "finished": bulk.finished,
    "check": bulk.check,
    "slates": pictures.slates,
}
LONG = {"minute": pace.minute_long}


def main() -> int:
    """Measure what is asked for; 1 where a bar is missed."""
    every = QUICK | LONG
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(every)}")
    parser.add_argument("--all", action="store_true", help="with those that take minutes each")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(every):
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("dashscope") is None:
        parser.error("the vendor's SDK is missing: pip install -e '.[test]'")
    # as pip leaves it: where no bytecode may be written, each start would compile all of it anew
    compileall.compile_dir(Path(r2vbatch.__file__).parent, quiet=2)
    names = asked.names or (every if asked.all else QUICK)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="r2vbatch-bench-") as folder:
        for name in names:
            began = time.monotonic()
            rows += every[name](Path(folder) / name)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors")
    print(markdown(rows))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
