"""What the program must reach, measured: ``python -m tests.benchmarks``, one command, one table.

Everything runs as people run it, as programs against an emulator, next to what they would use
instead: the vendor's SDK in threads, and a minimal script (`peers`). A third peer, which nobody
would use, tells what the promise costs without the program. Needs the extra `test`.
Not collected by pytest: figures of a busy machine must not fail a change.
"""
