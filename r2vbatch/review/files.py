"""The files of a page: clips, slates and posters of the output folder, and nothing else of it.

Not the ledger, nothing beyond the folder, and no link that could lead there.
"""

from __future__ import annotations

import stat
from pathlib import PurePath

from aiohttp import web

from r2vbatch.storage import Folder

_SUFFIXES = {"clips": {".mp4"}, "preview": {".mp4", ".jpg"}, "posters": {".jpg"}}


def file_response(folder: Folder, place: str, name: str) -> web.FileResponse:
    """A file of a sub-folder, or the part of it that is asked for. Raises `web.HTTPNotFound` for
    all that is not to be handed out."""
    plain = PurePath(name).name == name and "\0" not in name and "\\" not in name
    if plain and PurePath(name).suffix in _SUFFIXES.get(place, ()):
        path = folder.path(place) / name
        try:
            inside = stat.S_ISDIR(folder.path(place).lstat().st_mode)
            if inside and stat.S_ISREG(path.lstat().st_mode):
                return web.FileResponse(path)
        except OSError:  # gone, or a name that no file system takes
            pass
    raise web.HTTPNotFound(text="there is no such file\n")
