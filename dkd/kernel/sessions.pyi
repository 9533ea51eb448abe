from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

ROW_BYTES: int
FRESH: int
EXTENDED: int
OTHER: int

def placed(
    rows: Array,
    held_count: int,
    events: Array,
    count: int,
    order: Array,
    limits: tuple[int, int, int],
    groups: Array,
    is_first: Array,
    origins: Array,
    ends: Array,
    openers: Array,
) -> tuple[int, int, list[int]]: ...
def alone(
    count: int,
    keys: Array,
    ties: Array,
    times: Array,
    inside: Array,
    bot: Array,
    kinds: Array,
    has_path: Array,
    parties: list[bytes],
    rows: Array,
) -> None: ...
def folded(
    rows: Array,
    held_count: int,
    events: Array,
    count: int,
    groups: Array,
    group_count: int,
    ids: Array,
    linked: Array,
    most_pages: int,
    found: Array,
    first: Array,
    origins: Array,
    kinds: Array,
) -> None: ...
def written(
    heads: list[bytes],
    kinds: Array,
    groups: Array,
    events: Array,
    count: int,
    paged: Array,
    pages: list[bytes],
    found: Array,
) -> list[bytes]: ...
