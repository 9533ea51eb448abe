from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

KINDS: tuple[str, ...]

def walk(
    values: list[bytes],
    frame_bytes: int,
    kinds: NDArray[Any],
    columns: list[tuple[NDArray[Any], NDArray[Any]]],
    verdicts: NDArray[Any],
) -> list[bytes]: ...
def one_head(values: Sequence[bytes | None], size: int) -> bytes | None: ...
