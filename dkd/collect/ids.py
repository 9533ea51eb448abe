"""Party and session ids as a browser sends them → the one spelling that columns, Kafka key and duplicate hash share."""

import re

from dkd.collect import base36

_CANONICAL = re.compile(r"0:(?:0|[1-9a-z][0-9a-z]{0,11}):[^:]*")


def canonical(text: str) -> str | None:
    """The id in Divolte's spelling, ``0:<base 36 ms>:<unique>`` in lower case; None where *text* is no id.

    The unique part may be any text without a colon, even an empty one: that is what Divolte accepts, whatever its
    documentation says.
    """
    if _CANONICAL.fullmatch(text):
        return text
    parts = text.split(":")
    if len(parts) != 3 or parts[0] != "0":
        return None
    created_ms = base36.read(parts[1])
    return None if created_ms is None else f"0:{base36.write(created_ms)}:{parts[2]}"
