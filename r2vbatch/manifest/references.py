"""A reference as written to a `Reference`: a local file that exists, or a URL of a known kind.

Only names and existence are looked at; what is in the file is for rooms that may open it.
"""

from __future__ import annotations

import errno
import re
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from r2vbatch.manifest.fits import read_fit
from r2vbatch.manifest.model import Fit, MediaKind, Origin, Reference
from r2vbatch.manifest.problems import Problems, folded, listed, nfc
from r2vbatch.manifest.section import Section

KINDS: dict[str, MediaKind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".bmp", ".webp"), "image"),
    **dict.fromkeys((".mp4", ".mov"), "video"),
}
"""What each accepted suffix is (dossier 2.5)."""
VOICES: dict[str, MediaKind] = dict.fromkeys((".wav", ".mp3"), "audio")
"""What a voice may be (dossier 3.1)."""

FRAMES = {suffix: kind for suffix, kind in KINDS.items() if kind == "image"}
"""What a first frame may be."""
_A: dict[MediaKind, str] = {"image": "an image", "video": "a video", "audio": "a recording"}

FITTED: dict[str, MediaKind] = {
    **dict.fromkeys((".heic", ".heif", ".gif", ".tif", ".tiff", ".avif"), "image"),
    **dict.fromkeys((".m4v", ".mkv", ".webm", ".avi", ".3gp", ".mts"), "video"),
    **dict.fromkeys((".m4a", ".aac", ".flac", ".ogg", ".opus", ".aif", ".aiff"), "audio"),
}
"""What a local file may be besides: no model takes it as it is, but a copy can be made of it.
Whether one is to be made (``--fit``) is not known here: that is for the probe to tell."""

SCHEMES = ("http", "https", "oss")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Fault(NamedTuple):
    """Why a reference, or a path, cannot be used."""

    rule: str
    message: str
    hint: str = ""


def read_cast(section: Section, folder: Path, problems: Problems) -> dict[str, Reference | None]:
    """The cast by name (NFC). An entry that cannot be used is there as None, so that a prompt
    which mentions it is not blamed for it."""
    cast: dict[str, Reference | None] = {}
    for key in section.names():
        origin = section.key_origin(key)
        name = _cast_name(key, origin, cast, problems)
        if name is not None:
            cast[name] = _cast_entry(name, key, section, folder, problems)
    return cast


def _cast_name(
    key: str, origin: Origin, cast: dict[str, Reference | None], problems: Problems
) -> str | None:
    name = nfc(key)
    if name == "previous":
        hint = "@previous stands for the last frame of the shot that is continued"
        problems.add(origin, "the name previous is reserved", rule="bad-name", hint=hint)
    elif not is_name(name):
        problems.add(
            origin,
            f'"{key}" cannot be mentioned in a prompt',
            rule="bad-name",
            hint="cast names consist of letters (of any script), digits, _ and -",
        )
    elif name in cast:
        message = f'"{key}" is the same name as one above, written with other Unicode characters'
        problems.add(origin, message, rule="duplicate-name")
    else:
        return name
    return None


def is_name(text: str) -> bool:
    """Whether `text` can be a cast name: letters and digits of any script, ``_`` and ``-``."""
    plain = text.replace("_", "0").replace("-", "0")
    return plain.isalnum() or (bool(text) and all(c.isalnum() or _is_mark(c) for c in plain))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _cast_entry(
    name: str, key: str, section: Section, folder: Path, problems: Problems
) -> Reference | None:
    if (text := section.text(key)) is not None:
        return read_reference(text, None, name, section.origin(key), folder, problems)
    if section.node(key) is None:
        return None
    entry = section.section(key)
    given = [kind for kind in ("image", "video") if entry.has(kind)]
    if len(given) != 1:
        problems.add(
            section.key_origin(key) if not given else entry.key_origin(given[1]),
            f"{name} has both image and video" if given else f"{name} has neither image nor video",
            rule="cast-kind",
            hint="a cast entry is one image: or one video:, with a path or a URL",
        )
        return None
    kind: MediaKind = "image" if given == ["image"] else "video"
    fit = read_fit(entry, kind, problems)
    voice = _voice(entry, name, folder, problems)
    text = entry.text(kind)
    if text is None:
        return None
    reference = read_reference(text, kind, name, entry.origin(kind), folder, problems)
    if reference and reference.url and fit:
        problems.add(
            entry.key_origin("fit"),
            "only a local file can be fitted, not a URL",
            rule="bad-fit",
            hint="save it as a file and give its path, or take fit: away",
        )
    if voice and voice.file and fit:
        voice = replace(voice, fit=Fit())  # `trim` is of the video
    return reference and replace(reference, voice=voice, fit=fit)


def _voice(entry: Section, name: str, folder: Path, problems: Problems) -> Reference | None:
    text, origin = entry.text("voice"), entry.origin("voice")
    if text is None:
        return None
    return read_reference(text, "audio", name, origin, folder, problems, VOICES)


def read_reference(
    text: str,
    kind: MediaKind | None,
    name: str | None,
    origin: Origin,
    folder: Path,
    problems: Problems,
    kinds: Mapping[str, MediaKind] = KINDS,
) -> Reference | None:
    """`text`, said to be of `kind` if that was said, with a suffix of `kinds`, or one of `FITTED`
    for a file. None, and noted, if it cannot be used."""
    is_url = bool(_SCHEME.match(text)) and not _DRIVE.match(text)
    fault = _url_fault(text) if is_url else path_fault(text, folder, problems)
    suffix = _suffix(urlsplit(text).path if is_url and not fault else text)
    wanted = set(kinds.values())
    fitted = {} if is_url else {s: k for s, k in FITTED.items() if k in wanted}
    known = kinds.get(suffix) or fitted.get(suffix)
    if fault is None:
        fault = _kind_fault(suffix, kind, kinds, fitted, is_url)
    if fault is not None:
        problems.add(origin, fault.message, rule=fault.rule, hint=fault.hint)
        if fault.rule != "missing-file":
            return None
    file = None if is_url else _joined(folder, text)
    return Reference(name, kind or known, file, text if is_url else None, origin)


@lru_cache(maxsize=1024)  # thousands of rows write the same few paths, and a path is a large thing
def _joined(folder: Path, text: str) -> Path:
    return folder / text


def _suffix(path: str) -> str:
    return PurePosixPath(unquote(path)).suffix.lower()


def _kind_fault(
    suffix: str,
    kind: MediaKind | None,
    kinds: Mapping[str, MediaKind],
    fitted: Mapping[str, MediaKind],
    is_url: bool,
) -> Fault | None:
    known = (KINDS | FITTED | VOICES).get(suffix)
    accepted = listed([s for s, k in kinds.items() if kind in (None, k)])
    if kind and known and kind != known:
        elsewhere = known in kinds.values()
        hint = f"write {known}: instead" if elsewhere else f"the name must end in {accepted}"
        return Fault("kind-mismatch", f"{suffix} is {_A[known]}", hint)
    if suffix in kinds or suffix in fitted or (is_url and (kind or not suffix)):
        return None
    if is_url:
        hint = f"say image: or video: in front of it; known by name are {accepted}"
        return Fault("unknown-kind", f"{suffix} does not tell an image from a video", hint)
    what = f"files of type {suffix}" if suffix else "files without a suffix"
    return Fault("unknown-kind", f"{what} are not accepted", f"the name must end in {accepted}")


def _url_fault(text: str) -> Fault | None:
    scheme = text.split(":")[0].lower()
    if scheme == "data":
        hint = "save it as a file and give its path"
        return Fault("data-uri", "data: URIs are not accepted as references", hint)
    if scheme == "file":
        return Fault("bad-url", "file: URLs are not accepted", "give the path itself")
    if scheme not in SCHEMES:
        hint = "references are local paths, or http, https or oss URLs"
        return Fault("bad-url", f"{scheme}: is not a kind of URL that can be sent", hint)
    if any(c.isspace() or ord(c) < 32 for c in text):
        return Fault("bad-url", "a URL cannot hold spaces", "write %20 for each")
    try:
        host = urlsplit(text).netloc
    except ValueError:
        host = ""
    if not host:
        hint = f"write it in full: {scheme}://host/path"
        return Fault("bad-url", "this URL names no host", hint)
    return None


def path_fault(
    text: str, folder: Path, problems: Problems, wanted: str = "one image or video file"
) -> Fault | None:
    """Why `text`, which counts from `folder`, is no regular file; None if it is one."""
    try:
        mode = (folder / text).stat().st_mode
    except (OSError, ValueError) as problem:
        if isinstance(problem, PermissionError):
            return Fault("missing-file", f"no permission to look at {text}")
        if isinstance(problem, OSError) and problem.errno == errno.ELOOP:
            return Fault("missing-file", f"{text} is a link that leads back to itself")
        return Fault("missing-file", f"no such file: {text}", _nearest_file(text, folder, problems))
    if stat.S_ISREG(mode):
        return None
    what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
    return Fault("not-a-file", f"{text} is {what}", f"give {wanted}")


_FOLDERS = 40
"""Entries beside a manifest that are looked into; thousands of missing files must cost little."""


def _one_folder_down(name: str, folder: Path) -> str:
    """The file of that very name in a folder beside the manifest: to leave ``refs/`` out, or to
    misspell it, is the commonest slip."""
    beside = _names_in(folder) or []
    if not name or len(beside) > _FOLDERS:
        return ""
    return next((f"{entry}/{name}" for entry in beside if _exists(folder / entry / name)), "")


def _nearest_file(text: str, folder: Path, problems: Problems) -> str:
    if _DRIVE.match(text):
        return "this is a Windows path; write it relative to the manifest, with /"
    if text.startswith("~"):
        return "~ is not expanded; write the path in full, or relative to the manifest"
    if "\\" in text and _exists(folder / text.replace("\\", "/")):
        return f"write it with /: {text.replace(chr(92), '/')}"
    if text != text.strip() and _exists(folder / text.strip()):
        return "remove the spaces around it"
    path = PurePosixPath(text)
    if below := _one_folder_down(path.name, folder):
        return f"did you mean {below}?"
    names = _names_in(folder / path.parent)
    if names is None:
        return f"there is no folder {path.parent}; paths count from the manifest's own folder"
    by_folded = {folded(name): name for name in names}
    near = by_folded.get(folded(path.name)) or problems.nearest(path.name, names)
    if near:
        return f"did you mean {path.parent / near}?"
    return "paths count from the manifest's own folder"


def _exists(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _names_in(folder: Path) -> list[str] | None:
    """What lies in `folder`; None if it is no folder."""
    try:
        return sorted(file.name for file in folder.iterdir())
    except (OSError, ValueError):
        return None
