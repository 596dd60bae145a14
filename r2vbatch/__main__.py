"""``python -m r2vbatch``, and the command itself.

Nothing else is imported here before a Ctrl-C can be answered.
"""

import signal
from types import FrameType


def main() -> None:
    """The program; a Ctrl-C while it is still being loaded leaves without a traceback, and SIGTERM
    is answered like one wherever nobody else does."""
    try:
        signal.signal(signal.SIGTERM, _as_ctrl_c)
        from r2vbatch.cli import main as program

        program()
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


def _as_ctrl_c(_: int, frame: FrameType | None) -> None:
    """What stops a service or a job in a queue loses no more than a person at the keys."""
    answer = signal.getsignal(signal.SIGINT)
    if not callable(answer):  # a shell in the background has Ctrl-C ignored
        raise KeyboardInterrupt
    answer(signal.SIGINT, frame)


if __name__ == "__main__":
    main()
