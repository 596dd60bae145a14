"""Where the data files that ship with the program lie.

In the wheel they sit inside the package; in a checkout (editable install) they are the
top-level folders of the repository. Nothing else may know about that difference.
"""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """The shipped folder `name`: ``schemas`` or ``manifests``."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def manifest_schema() -> Path:
    """The JSON Schema of a manifest, absolute."""
    return (folder("schemas") / "manifest.schema.json").resolve()
