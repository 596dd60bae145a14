"""What each model accepts, how it names references, and what it costs.

All of it is data: ``schemas/models/<model>.json`` for what a schema cannot say, and
``schemas/requests/<model>.schema.json`` for the request as sent. The schema is the one place
where a parameter, its range and the service's default are written; a model has a parameter
if its schema lists it. To add a model of the family is to add two files; a user adds one, or
changes a price, with a file of their own (`own`).

This room refuses to know manifests, shots and money rules: it answers questions, ``plan``
asks them.
"""

from __future__ import annotations

from r2vbatch.catalogue.data import load
from r2vbatch.catalogue.model import (
    DEFAULT_PRICES,
    Bound,
    Catalogue,
    Doubt,
    FileLimits,
    InputCap,
    Model,
    Naming,
    Own,
    Prices,
    Rates,
)

__all__ = [
    "DEFAULT_PRICES",
    "Bound",
    "Catalogue",
    "Doubt",
    "FileLimits",
    "InputCap",
    "Model",
    "Naming",
    "Own",
    "Prices",
    "Rates",
    "load",
]
