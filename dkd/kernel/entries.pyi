from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def latest(asked: Array, count: int, keys: Array, times: Array, length: int, found: Array) -> None: ...
def merged(
    keys: Array,
    times: Array,
    count: int,
    more_keys: Array,
    more_times: Array,
    more: int,
    since_ms: int,
    found_keys: Array,
    found_times: Array,
) -> int: ...
