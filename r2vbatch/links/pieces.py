"""A file that lies elsewhere, as far as it is here: it seems to end where that ends, and remembers
that somebody wanted more.

So a reader that knows nothing of networks can be tried again and again, with more of the file each
time, until it wants no more. (To raise instead would be heard by nobody: Pillow takes an exception
for bad media, and FFmpeg writes it on the terminal.)
"""

from __future__ import annotations

import io


class Pieces(io.RawIOBase):
    """The pieces of a file that are here."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        """Of the whole file, in bytes."""
        self.missing: int | None = None
        """Where something was wanted that is not here, since `rewind`."""
        self._pieces: dict[int, bytearray] = {}
        self._at = 0

    def put(self, start: int, data: bytes) -> None:
        """`data` is what stands at `start`."""
        before = next((at for at, piece in self._pieces.items() if at + len(piece) == start), None)
        if before is not None:
            self._pieces[before] += data
        else:
            self._pieces[start] = bytearray(data)

    def rewind(self) -> None:
        """Begin again, with nothing missed."""
        self._at, self.missing = 0, None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if self._at < 0:
            self._at = 0
            raise OSError("there is nothing before the beginning")
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, or all; less at the end, and where some are not here."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        found = bytearray()
        while self._at < end:
            part = self._here()[: end - self._at]
            if not part:
                self.missing = self._at if self.missing is None else self.missing
                break
            found += part
            self._at += len(part)
        return bytes(found)

    def _here(self) -> bytearray:
        """What is here from where we are on."""
        for start, data in self._pieces.items():
            if start <= self._at < start + len(data):
                return data[self._at - start :]
        return bytearray()
