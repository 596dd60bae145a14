"""Files measured in threads of a program that is somebody else's."""

from __future__ import annotations

import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from r2vbatch.media import head


class Slow(io.BytesIO):
    """A picture that is not read on after a first look at it, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        Image.new("RGB", (320, 320)).save(self, "PNG")
        self.begun, self.go = threading.Event(), threading.Event()
        self._looked = False

    def read(self, size: int | None = -1) -> bytes:
        if self._looked:
            self.begun.set()
            assert self.go.wait(30)
        self._looked = True
        return super().read(size)


def test_two_files_at_once_leave_the_programs_warnings_as_they_were() -> None:
    """Pillow's are not shown meanwhile; those of the program are again afterwards, in whatever
    order the threads end."""
    before = list(warnings.filters)
    first, second = Slow(), Slow()
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(head, first, first.getbuffer().nbytes)
        assert first.begun.wait(30)
        two = pool.submit(head, second, second.getbuffer().nbytes)
        assert second.begun.wait(30)
        first.go.set()
        assert one.result(30).kind == "image"
        second.go.set()
        assert two.result(30).kind == "image"
    assert list(warnings.filters) == before
