from typing import Any

from numpy.typing import NDArray

class Index:
    def __len__(self) -> int: ...
    def number(self, keys: NDArray[Any], numbers: NDArray[Any], firsts: NDArray[Any]) -> int: ...
