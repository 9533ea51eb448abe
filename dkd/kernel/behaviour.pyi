from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]

Rows = TypeVar("Rows", bound=NDArray[Any])

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
def newest(runs: Sequence[Array], since_ms: int, room: Callable[[int], Rows]) -> Rows: ...
