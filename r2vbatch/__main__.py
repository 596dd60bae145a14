"""``python -m r2vbatch``, and the command itself.

Nothing is imported here before a Ctrl-C can be answered.
"""


def main() -> None:
    """The program; a Ctrl-C while it is still being loaded leaves without a traceback."""
    try:
        from r2vbatch.cli import main as program

        program()
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
