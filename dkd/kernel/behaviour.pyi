from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

VISITOR_BYTES: int
PAGE: int
CLICK: int
DONE: int

def watched(
    order: Array,
    count: int,
    starts: Array,
    parties: int,
    times: Array,
    watermarks: Array,
    kinds: Array,
    pages: Array,
    known: Array,
    limits: tuple[int | float, ...],
    bits: tuple[int, ...],
    has_pages: bool,
    is_new: Callable[[int, int], bool],
    flags: Array,
    rows: Array,
) -> None: ...
