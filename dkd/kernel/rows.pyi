from collections.abc import Sequence
from typing import Any

KINDS: tuple[str, ...]

def written(parts: list[tuple[int, bytes, Any, Any, int, Sequence[Any]]], count: int) -> list[bytes]: ...
