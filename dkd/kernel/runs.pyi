from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]

Rows = TypeVar("Rows", bound=NDArray[Any])
Ends = TypeVar("Ends", bound=NDArray[Any])

ROW_BYTES: int

def blob_ends(rows: Array, count: int, ends: Array) -> None: ...
def found(
    runs: Sequence[tuple[Array, Array, Array, bytes | memoryview]],
    keys: Array,
    asked: int,
    room: Callable[[int], Rows],
) -> tuple[Rows, list[bytes]]: ...
def blobs(rows: Array, ends: Array, text: bytes | memoryview, places: Array, count: int) -> list[bytes]: ...
def merged(
    runs: Sequence[tuple[Array, Array, bytes | memoryview]], is_whole: bool, room: Callable[[int], tuple[Rows, Ends]]
) -> tuple[Rows, Ends, bytes]: ...
