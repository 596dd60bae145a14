"""r2vbatch: storyboards to clips, and clips to a film, paid for once."""

__version__ = "0.1.0"
