from typing import Any

from numpy.typing import NDArray

KINDS: tuple[str, ...]

def walk(
    text: bytes,
    ends: NDArray[Any],
    frame_bytes: int,
    kinds: NDArray[Any],
    columns: list[tuple[NDArray[Any], NDArray[Any]]],
    verdicts: NDArray[Any],
) -> None: ...
