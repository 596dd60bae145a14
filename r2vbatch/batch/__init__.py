"""The composition root of a run: what is left to do, with which endpoint, store and limits."""
