"""What a Python program calls: `reading` (load, check, plan) and `running` (run, run_sync).

``from r2vbatch import load, plan, run`` is the way in. The command line goes the same way: it
reads, judges and plans through `reading`, and runs what `running` runs; it adds questions and
words. Nothing here prints, asks, exits or reads a terminal.
"""
