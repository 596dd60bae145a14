"""One stream on its way from a decoder through filters into an encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import av.container
    import av.filter
    from av.filter.context import FilterContext


class Filters(NamedTuple):
    """A chain of filters that is ready."""

    put: Callable[[Any], None]
    """Takes a frame; None after the last."""
    get: Callable[[], Any]
    """A filtered frame. Raises av.BlockingIOError or av.EOFError where there is none."""
    graph: av.filter.Graph


@dataclass(slots=True)
class Track:
    """The stream, and how much of it has been written."""

    stream: Any
    out: Any
    filters: Filters | None
    """None until the first frame has said what it needs."""
    copy: av.container.OutputContainer
    most: int
    """Frames of the copy."""
    written: int = 0
    ended: bool = False

    def take(self, frame: Any) -> None:
        """The next frame of the original; None after the last."""
        import av

        assert self.filters is not None
        self.filters.put(frame)
        while True:
            try:
                made: Any = self.filters.get()
            except (av.BlockingIOError, av.EOFError):
                return
            if self.written < self.most:
                self.written += 1
                if isinstance(made, av.VideoFrame):
                    made.pict_type = 0  # key frames are the encoder's to choose
                self.copy.mux(self.out.encode(made))

    def close(self) -> None:
        """Write what the filters and the encoder still hold."""
        if self.filters is not None:
            self.take(None)
        self.copy.mux(self.out.encode(None))


def linked(graph: av.filter.Graph, first: FilterContext, *filters: str | FilterContext) -> Filters:
    """`filters`, each one of the graph or written as ``name=options``, behind `first`."""
    nodes = [first, *(added(graph, f) if isinstance(f, str) else f for f in filters)]
    for before, after in pairwise(nodes):
        before.link_to(after)
    graph.configure()
    return Filters(first.push, nodes[-1].pull, graph)


def added(graph: av.filter.Graph, written: str) -> FilterContext:
    """A new filter of the graph, written as ``name=options``."""
    name, _, options = written.partition("=")
    return graph.add(name, options)
