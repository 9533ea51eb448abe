"""Code under test once by the compiled kernel, where there is one, and once by its plain form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from dkd import kernel

Found = TypeVar("Found")


@contextmanager
def plain() -> Iterator[None]:
    """Have only plain forms run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "IS_COMPILED", False)
        yield


def both(asked: Callable[[], Found], as_text: Callable[[Found], object]) -> Found:
    """What *asked* gives, which must be the same *as_text* by both forms."""
    found = asked()
    with plain():
        assert as_text(found) == as_text(asked())
    return found
