from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

def hashed(
    columns: Sequence[tuple[Any, Any, int, Sequence[Any]]],
    rows: int,
    digest: Callable[[bytes], int],
    found: NDArray[Any],
) -> None: ...
