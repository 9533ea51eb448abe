"""What an event counts as, by its name, as bits of a number."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.rules import HEARTBEAT

KIND = "?kind"
"""The column of an event's :func:`kinds_of`."""

PAGE = "page_view"
DONE = frozenset(("scroll", HEARTBEAT, "form_submit"))
"""Beside clicks, what the tag sends only when a person did something."""

IS_PAGE, IS_CLICK, IS_DONE, IS_HEARTBEAT = 1, 2, 4, 8


def is_click(name: str) -> bool:
    """Whether an event of that name counts as a click: it is called ``click``, or something that ends so."""
    return name == "click" or name.endswith("_click")


def kinds_of(names: pl.Series) -> NDArray[np.uint8]:
    """What events of such *names* are."""
    kinds = {name: _kind(name) for name in names.unique().to_list()}
    found = names.replace_strict(list(kinds), list(kinds.values()), return_dtype=pl.UInt8)
    return found.to_numpy()


def _kind(name: str) -> int:
    done = IS_DONE if is_click(name) or name in DONE else 0
    return done | IS_PAGE * (name == PAGE) | IS_CLICK * is_click(name) | IS_HEARTBEAT * (name == HEARTBEAT)
