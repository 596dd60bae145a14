"""What becomes of clips: a reel, timelines that an editor takes up, a page to look at them all.

It is given the storyboard as plain data and the output folder, and writes where it is told.

This room refuses to know when a film is wanted, and who may write to the folder meanwhile.
"""

from __future__ import annotations

from r2vbatch.film.cutting import Cutting, cut, on_timeline
from r2vbatch.film.gathering import film_of
from r2vbatch.film.made import SHOP, Made
from r2vbatch.film.model import FilmShot, Footage, Remark
from r2vbatch.film.reel import Cut, Stopped, Watch, write_reel
from r2vbatch.film.survey import Unreadable
from r2vbatch.film.writing import FORMS, written

__all__ = [
    "FORMS",
    "SHOP",
    "Cut",
    "Cutting",
    "FilmShot",
    "Footage",
    "Made",
    "Remark",
    "Stopped",
    "Unreadable",
    "Watch",
    "cut",
    "film_of",
    "on_timeline",
    "write_reel",
    "written",
]
