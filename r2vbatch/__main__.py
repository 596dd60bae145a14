"""``python -m r2vbatch``."""

from r2vbatch.cli import main

if __name__ == "__main__":
    main()
