"""The first bytes of a request by a method that llhttp does not know → its name, and the same as a GET."""

import re

_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ")
_KNOWN = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"})


def renamed(data: bytes) -> tuple[str, bytes] | None:
    """The method of *data* and the bytes of a GET in its place; None where it begins with no method's name."""
    found = _METHOD.match(data)
    if found is None:
        return None
    name = found[1].upper() if found[1].upper() in _KNOWN else found[1]
    return name.decode(), b"GET" + data[found.end(1) :]
