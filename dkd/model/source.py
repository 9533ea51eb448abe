"""A field's ``from:`` becomes the kind of place its value stands in, and the value's name there.

What each kind means, for the Divolte mapping and for dkd's own collector alike:

* ``parameter x``: event parameter *x*.
* ``query x``: first value of *x* in the query string of the page's address, decoded.
* ``cookie x``: request cookie *x*.
* ``header x``: request header *x*; elements of a list joined by ``,`` without blanks, as Divolte gives them.
* ``location host|path|query|fragment``: that part of the page's address; all but the host still percent-encoded.
"""

import re
from typing import Literal, NamedTuple, get_args

Kind = Literal["parameter", "query", "cookie", "header", "location"]

LOCATION_PARTS = ("host", "path", "query", "fragment")
_KINDS = frozenset(get_args(Kind))
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What HTTP allows as the name of a header or a cookie."""


class Source(NamedTuple):
    """Where a field's value stands."""

    kind: Kind
    name: str


def parse_source(text: str | None, default_name: str) -> Source:
    """The place that *text* names.

    Args:
        text: A field's ``from:``, such as ``cookie cart``; None where the model has none.
        default_name: The field's own name, which then is the name of the event parameter.

    Raises:
        ValueError: When *text* names no place; the message says what would.
    """
    if text is None:
        return Source("parameter", default_name)
    kind, _, name = text.partition(" ")
    if kind == "location":
        allowed = name in LOCATION_PARTS
    elif kind in ("cookie", "header"):
        allowed = bool(_TOKEN.fullmatch(name))
    else:
        # Divolte's path language cannot quote a comma.
        allowed = kind in _KINDS and bool(name) and name.isprintable() and not {" ", ","} & set(name)
    if not allowed:
        raise ValueError(
            f"{text!r} is no source: write parameter, query, cookie or header NAME, "
            f"or location {', '.join(LOCATION_PARTS[:-1])} or {LOCATION_PARTS[-1]}"
        )
    return Source(kind, name)  # type: ignore[arg-type]  # a member of _KINDS
