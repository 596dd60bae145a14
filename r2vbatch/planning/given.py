"""What a shot gives to its model: references, and a first frame where the model takes one.

The last frame of a continued shot is a reference like any other, except where a model can open a
clip on a picture: there it is that picture, unless the shot names one of its own, or has nothing
else to give (such a model wants one reference beside its first frame).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from r2vbatch.catalogue import Model
from r2vbatch.manifest.model import Reference, Shot


class Given(NamedTuple):
    """What is given, and in which part."""

    references: tuple[Reference, ...]
    """In the order they are sent."""
    first_frame: Reference | None

    @property
    def all(self) -> tuple[Reference, ...]:
        """The first frame last, as it is sent."""
        return (*self.references, self.first_frame) if self.first_frame else self.references


def given(shot: Shot, model: Model) -> Given:
    """What `shot` gives to `model`, voices aside."""
    if not model.naming.first_frame:
        return Given(shot.references, None)
    previous = next((each for each in shot.references if each.frame_of), None)
    others = tuple(each for each in shot.references if each is not previous)
    if shot.first_frame or previous is None or not others:
        return Given(shot.references, shot.first_frame)
    return Given(others, previous)


def given_to(shot: Shot, model: Model) -> Iterator[Reference]:
    """All of it, each voice behind its reference where the model takes one."""
    for reference in given(shot, model).all:
        yield reference
        if reference.voice and model.voices:
            yield reference.voice
