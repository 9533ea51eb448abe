"""Names as pages and programs write them → names as the model writes them."""

import re

_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """``pageView`` as ``page_view``."""
    return _BORDER.sub("_", name).lower()
