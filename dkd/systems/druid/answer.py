"""What Druid says when it refuses becomes one line: it may be JSON, plain text, a page of HTML, or nothing."""

import html
import json
import re

_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MESSAGE = re.compile(r"<th>MESSAGE:</th><td>(.*?)</td>", re.IGNORECASE | re.DOTALL)
_CHAIN = re.compile(r"\s*\(through reference chain:.*$", re.DOTALL)
_SOURCE = re.compile(r"\s*at \[Source: .*?\](?=\s|$)", re.DOTALL)

LONGEST = 400
"""Characters of Druid's text that are shown; a list of acceptable tokens alone can be 1,000."""


def reason(status: int, body: str) -> str:
    """Why Druid refused, in one line of at most :data:`LONGEST` characters.

    Args:
        status: The HTTP status.
        body: The body as it came.
    """
    said = _said(body.strip())
    line = " ".join(_SOURCE.sub("", _CHAIN.sub("", said)).split()) or f"HTTP {status} without a word"
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def fields(body: str) -> dict[str, object]:
    """The answer's JSON object; empty when it is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _said(body: str) -> str:
    found = fields(body)
    if found:
        return str(found.get("errorMessage") or found.get("error") or found.get("errorClass") or "")
    if body[:1] != "<":
        return body
    parts = [match[1] for match in (_TITLE.search(body), _MESSAGE.search(body)) if match]
    return html.unescape(" ".join(dict.fromkeys(parts)))
