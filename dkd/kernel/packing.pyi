from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def packed(rows: Array, count: int, row_bytes: int, columns: Sequence[tuple[int, int, bool]]) -> bytes: ...
