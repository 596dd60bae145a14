"""The program on a machine whose clock steps back in the middle of a batch.

``python step_clock.py SECONDS TIMES WORDS...`` runs ``r2vbatch WORDS...``; once the `TIMES`-th
POST has been answered, this process's clock shows `SECONDS` less. The loop's own clock, which is
monotonic, goes on: as where a machine's time is put right.
"""

from __future__ import annotations

import sys
import time
from typing import Any

REAL_TIME = time.time


def main() -> None:
    seconds, times = float(sys.argv[1]), int(sys.argv[2])
    sys.argv[1:] = sys.argv[3:]
    answered = 0
    # before the program looks at it for the first time
    time.time = lambda: REAL_TIME() - (seconds if answered >= times else 0.0)

    from r2vbatch.__main__ import main as program
    from r2vbatch.dashscope.client import Client

    submit = Client.submit

    async def submit_and_step(self: Client, *args: Any, **named: Any) -> Any:
        nonlocal answered
        created = await submit(self, *args, **named)
        answered += 1
        return created

    Client.submit = submit_and_step  # type: ignore[method-assign]
    program()


if __name__ == "__main__":
    main()
