"""Where clips land: an output folder in which a file appears whole or not at all.

Files are written beside their place, synced, given their name without ever replacing a file
that is already there, and the folder is synced before anyone is told. Paths handed out and
taken in are relative to the folder, with ``/``: the ledger keeps them, and the folder may be
moved or copied as one.

This room refuses to know about takes, the ledger or the service.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize

from r2vbatch.errors import OutputUnavailable

_SHARED = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "drvfs", "fuse.rclone", "fuse.sshfs", "glusterfs",
     "lustre", "ncpfs", "nfs", "nfs4", "smb", "smb2", "smb3", "smbfs", "virtiofs", "webdav"}
)  # fmt: skip
_SYNCED = ("dropbox", "google drive", "googledrive", "icloud", "mobile documents", "onedrive")


_SHOPS = (".parts", ".film", "fitted", "frames")
"""Folders in which we write over what has the name already."""
_OURS = (*_SHOPS, ".moving", "clips", "preview", "posters", "retired")


def unwritable(root: Path, problem: OSError) -> OutputUnavailable:
    """What the operating system says of the output folder, in words."""
    full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
    what = "the disk is full" if full else f"{problem.strerror or problem}"
    return OutputUnavailable(
        f"{root} cannot be written to: {what}",
        hint="free some room and run again; what was made is fetched then, while its links live",
    )


def poster_name(clip: str) -> str:
    """Where the poster of a clip lies; that of a slate or a retired clip lies beside it."""
    folder, _, name = clip.rpartition("/")
    stem, _, _ = name.rpartition(".")
    return f"{'posters' if folder == 'clips' else folder}/{stem}.jpg"


class Folder:
    """An output folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """The absolute path of a relative name. Raises `OutputUnavailable` for one that leads out
        of the folder, as a ledger that came from somebody else may hold."""
        if name.startswith("/") or (".." in name and ".." in name.split("/")):
            raise OutputUnavailable(
                f"the ledger of {self.root} names a file outside of the folder: {name}",
                hint="something else than r2vbatch changed it: do not go on with this folder",
            )
        return self.root / name

    def part(self, stem: str) -> Path:
        """Where a file is written until it is whole. The same for the same `stem`."""
        place = self.root / ".parts"
        if not place.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        return place / f"{stem}.part"

    def clear_parts(self, keep: Iterable[str]) -> None:
        """Delete part files other than those of the stems in `keep`, and what is left of pictures
        and copies whose writer was killed."""
        kept = {f"{stem}.part" for stem in keep}
        parts = [p for p in self.root.glob(".parts/*.part") if p.name not in kept]
        left = (*self.root.glob("*/*.jpg.*.part"), *self.root.glob("fitted/*.part"))
        for part in (*parts, *left):
            if not part.is_dir():
                part.unlink(missing_ok=True)

    def refuse_links(self) -> None:
        """Raise `OutputUnavailable` where one of our own folders leads elsewhere, or something in
        one that we write over: a folder that came from somebody else must not make us write to, or
        delete in, another place, nor wait at a pipe for ever."""
        for name in _OURS:
            if self.path(name).is_symlink():
                raise OutputUnavailable(
                    f"{self.path(name)} is a link, which is not followed",
                    hint="replace it by a real folder (the whole output folder may be a link)",
                )
        for entry in self._in_shops():
            if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
                what = "a link, which is not followed" if entry.is_symlink() else "no file"
                raise OutputUnavailable(
                    f"{entry.path} is {what}", hint="delete it: r2vbatch did not make it"
                )

    def _in_shops(self) -> Iterator[os.DirEntry[str]]:
        """What lies in the folders in which we write over things."""
        for shop in _SHOPS:
            with suppress(FileNotFoundError, NotADirectoryError):
                yield from os.scandir(self.path(shop))

    def sizes(self, folder: str) -> dict[str, int]:
        """The files of a sub-folder with their sizes, named as by `names`."""
        return {
            f"{folder}/{normalize('NFC', entry.name)}": entry.stat(follow_symlinks=False).st_size
            for entry in self._entries(folder)
            if entry.is_file(follow_symlinks=False)
        }

    def names(self, folder: str) -> set[str]:
        """What lies in a sub-folder now, as relative names in Unicode NFC (some file systems hand
        out another form than they were given): one read instead of many."""
        return {f"{folder}/{normalize('NFC', entry.name)}" for entry in self._entries(folder)}

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What a sub-folder holds, if it is there. Raises `OutputUnavailable` where it cannot be
        read: its clips are not known to have gone."""
        place = self.root / folder
        try:
            with os.scandir(place) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as problem:
            raise OutputUnavailable(
                f"{place} cannot be read: {problem.strerror}",
                hint="see who may read it, and whether its disk is well; nothing was changed",
            ) from problem

    def films(self) -> set[str]:
        """Every clip and slate that lies here now, named as by `names`."""
        return self.names("clips") | self.names("preview") | self.names("retired")

    def exists(self, name: str) -> bool:
        """Whether there is anything of that name."""
        return os.path.lexists(self.path(name))

    def same(self, name: str, other: str) -> bool:
        """Whether two names lead to one file."""
        with suppress(OSError):
            return bool(other) and self.path(name).samefile(self.path(other))
        return False

    def size(self, name: str) -> int | None:
        """Bytes of a file, None when it is not there."""
        with suppress(OSError):
            return self.path(name).stat().st_size
        return None

    def publish(self, part: Path, name: str, *, replace: bool = False) -> None:
        """Give a finished part file its name, durably.

        Raises FileExistsError when something else has that name already and `replace` is
        false. Publishing the same part again after a crash in between is no error.
        """
        target = self.path(name)
        _make(target.parent)
        _sync(part)
        if replace:
            part.replace(target)
            _sync(target.parent)
        else:
            _give_name(part, target)

    def rename(self, source: str, target: str) -> None:
        """Move a file to a free name, durably. Raises FileExistsError when it is not free."""
        old, new = self.path(source), self.path(target)
        _make(new.parent)
        _give_name(old, new)
        _sync(old.parent)

    def carry(self, source: str, target: str) -> None:
        """Move a file that can be made again, if it is there."""
        with suppress(OSError):
            self.path(target).parent.mkdir(parents=True, exist_ok=True)
            self.path(source).replace(self.path(target))

    def remove(self, name: str) -> None:
        """Delete a file of ours that can be made again at no cost."""
        self.path(name).unlink(missing_ok=True)

    def write(self, name: str, text: str) -> None:
        """Write a small text file whole or not at all, whoever else writes it meanwhile: a contact
        sheet may be asked for while a run ends."""
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = self.part(f"{target.name}.{os.getpid()}-{threading.get_ident()}")
        written = False
        while not written:
            part.write_text(text, encoding="utf-8", newline="")
            with suppress(FileNotFoundError):  # a run that begins took it for left over
                _sync(part)
                part.replace(target)
                written = True

    def free(self) -> int:
        """Bytes free on the disk of the folder."""
        return shutil.disk_usage(_nearest(self.root)).free


def on_shared_disk(path: Path) -> bool:
    """Whether `path` lies on a network or synced file system, as far as can be told."""
    where = _nearest(path).resolve()
    if any(word in part.lower() for part in where.parts for word in _SYNCED):
        return True
    return sys.platform == "linux" and _linux_type(where) in _SHARED


def _linux_type(where: Path) -> str:
    best, found = "", ""
    with suppress(OSError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            _, mount, kind, *_ = line.split(" ")
            mount = mount.replace("\\040", " ")
            if where.is_relative_to(mount) and len(mount) >= len(best):
                best, found = mount, kind
    return found


def _nearest(path: Path) -> Path:
    """The nearest existing ancestor, `path` included."""
    absolute = path.absolute()
    return next(p for p in (absolute, *absolute.parents) if p.exists())


def _make(folder: Path) -> None:
    """Make a folder, durably: a file synced in a folder that is not would be lost with it."""
    if not folder.is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True)  # another thread may make it at this moment
        except FileExistsError:  # not a name that is taken, but a folder that cannot be
            what = errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)
            raise NotADirectoryError(*what) from None
        _sync(folder.parent)


def _give_name(old: Path, new: Path) -> None:
    """Rename without replacing, the new name durable before the old one goes.

    A hard link is refused where the name is taken, so there is no moment in which another file
    could be lost, nor one in which this one has no name.
    """
    try:
        os.link(old, new)
    except FileExistsError:
        if not os.path.samestat(old.lstat(), new.lstat()):
            raise
        if old.lstat().st_nlink == 1:  # one name in two spellings, not two names
            old.rename(new)
            return
    except OSError:  # a file system without hard links
        if os.path.lexists(new):
            raise FileExistsError(f"{new} is already there") from None
        old.rename(new)
        _sync(new.parent)
        return
    _sync(new.parent)
    old.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
