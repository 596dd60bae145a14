"""A file to text, or a diagnostic that says why not and where.

Only UTF-8 and UTF-16/32 with a byte order mark are read, as YAML asks; a file that is not
text is reported at the byte that shows it. No YAML is understood here.
"""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from r2vbatch.diagnostics import Diagnostic, Position

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes. 100,000 shots fit; a video given by mistake does not."""

_BOMS = (  # UTF-32's little-endian mark begins with UTF-16's, so it is looked for first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow in a file."""


def read_text(file: Path, shown: str) -> str | Diagnostic:
    """The text of `file` without its byte order mark, or the one problem with it.

    `shown` is the name used in messages. Never raises for anything a file can be.
    """
    try:
        found = file.stat()
        if stat.S_ISDIR(found.st_mode):
            return _unreadable(shown, "this is a folder, not a file", _folder_hint(file))
        if not stat.S_ISREG(found.st_mode):
            return _unreadable(shown, "this is not a regular file", "give the path of a YAML file")
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return _unreadable(shown, "no such file", _missing_hint(file))
    except NotADirectoryError:
        return _unreadable(shown, "no such file", "a part of its path is a file, not a folder")
    except PermissionError:
        return _unreadable(shown, "no permission to read this file", "")
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        return _unreadable(shown, f"the file cannot be read: {reason}", "")
    if len(data) > LARGEST_FILE:
        return Diagnostic(
            Position(shown, 1, 1),
            f"the file is larger than {LARGEST_FILE // 1024**2} MiB, the limit for a manifest",
            rule="file-too-large",
            hint="is it the right file? A storyboard this long can be split into several manifests",
        )
    return decode(data, shown)


def decode(data: bytes, shown: str) -> str | Diagnostic:
    """`data` as text, or a diagnostic at the first byte that is not."""
    mark, encoding = next(((m, e) for m, e in _BOMS if data.startswith(m)), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as problem:
        before = body[: problem.start].decode(encoding, "replace")
        rest = body[problem.start : problem.start + 200].decode(encoding, "replace")
        if encoding != "utf-8":
            message = f"the file is not valid {encoding[:-3].upper()}"
        else:
            message = f"the byte 0x{body[problem.start]:02X} here is not valid UTF-8"
        return Diagnostic(
            position_in(before + rest, len(before), shown),
            message,
            rule="bad-encoding",
            hint="save the file as UTF-8 in your editor",
        )


def control_character(text: str, shown: str) -> Diagnostic | None:
    """The first character of `text` that YAML does not allow, if there is one."""
    found = _NOT_TEXT.search(text)
    if not found:
        return None
    code = ord(found[0])
    what = "a NUL byte" if code == 0 else f"the control character U+{code:04X}"
    hint = (
        "this looks like UTF-16 without its mark, or no text file: save it as UTF-8"
        if text.count("\0") > len(text) // 4
        else "delete it, or write it as an escape in double quotes"
    )
    place = position_in(text, found.start(), shown)
    return Diagnostic(place, f"{what} is not allowed here", rule="control-character", hint=hint)


LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def line_spans(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Each line of `text` from `start` on, as an editor counts them: where it begins, and where
    it ends with its line break."""
    return (found.span() for found in _LINE.finditer(text, start))


def position_in(text: str, index: int, shown: str, width: int = 1) -> Position:
    """The place of character `index` of `text`: for one-off use, it reads from the start."""
    starts = [0, *(m.end() for m in LINE_BREAK.finditer(text, 0, index))]
    end = LINE_BREAK.search(text, index)
    source = text[starts[-1] : end.start() if end else len(text)]
    return Position(shown, len(starts), index - starts[-1] + 1, width, source)


def _unreadable(shown: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(Position(shown, 1, 1), message, rule="unreadable-file", hint=hint)


def _missing_hint(file: Path) -> str:
    for suffix in (".yaml", ".yml"):
        other = file.with_suffix(suffix) if file.name else file
        if other != file and other.is_file():
            return f"there is {other.name} in that folder"
    return "check the path; it counts from the folder you are in"


def _folder_hint(folder: Path) -> str:
    try:
        names = sorted(f.name for f in folder.iterdir() if f.suffix in (".yaml", ".yml"))
    except OSError:
        names = []
    return f"give a file in it, such as {names[0]}" if names else "give the path of a YAML file"
