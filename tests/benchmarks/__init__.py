"""What the program must reach, measured: ``python -m tests.benchmarks``, one command, one table.

Everything runs as people run it, as programs against an emulator, next to what they would use
instead: the vendor's SDK in threads, and a minimal script (`peers`). Needs the extra `bench`.
Not collected by pytest: figures of a busy machine must not fail a change.
"""
