"""Where a field's value stands in a request (``from:`` in the model) → that value."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from dkd.collect.message import Request
from dkd.collect.target import MalformedTarget, parameters
from dkd.model.source import Source

_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+')
_LEGAL = r"(?:[^\x00-\x20\x7f\"#<>?\\^`{|}%\[\]]|%[0-9A-Fa-f]{2})"
_URI = re.compile(
    rf"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?"
    rf"(?://(?:[^/?#@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|(?:(?![/:@]){_LEGAL})*)(?::[0-9]*)?)?"
    rf"(?P<path>{_LEGAL}*)(?:\?(?P<query>(?:{_LEGAL}|\?|[\[\]])*))?(?:#(?P<fragment>(?:{_LEGAL}|\?|[\[\]])*))?"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(
    rf"\[.*\]|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|(?:{_LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
)


class Place(NamedTuple):
    """What the sources of one event read.

    Attributes:
        given: The event's own parameters.
        page_url: Address of the page, where there is one.
        request: None where the visitor's browser did not send it, so that its headers say nothing.
    """

    given: Mapping[str, object]
    page_url: str | None
    request: Request | None


def finder(source: Source) -> Callable[[Place], object]:
    """Gives the value that stands at *source*, None where there is none; never fails."""
    name = source.name
    if source.kind == "parameter":
        return lambda place: place.given.get(name)
    if source.kind == "cookie":
        return lambda place: cookie(place.request, name)
    if source.kind == "header":
        return lambda place: header(place.request, name.lower().encode())
    if source.kind == "query":
        return lambda place: query(place.page_url, name)
    return lambda place: part(place.page_url, name)


def cookie(request: Request | None, name: str) -> str | None:
    """The first cookie *name*, as Divolte's server reads it: without quotes, and only up to an equals sign."""
    for text in _lines(request, b"cookie"):
        for pair in text.split(";"):
            found, has_value, value = pair.partition("=")
            if has_value and found.lstrip() == name:
                return value.strip().removeprefix('"').removesuffix('"').partition("=")[0]
    return None


def header(request: Request | None, name: bytes) -> str | None:
    """All elements of header *name*, joined by ``,`` without blanks; quotes removed, empty ones left out."""
    lines = _lines(request, name)
    elements = [element for line in lines for element in map(_element, _ELEMENT.findall(line)) if element]
    return ",".join(elements) or None


def query(page_url: str | None, name: str) -> str | None:
    """The first value of *name* in the query string of *page_url*, decoded."""
    text = part(page_url, "query")
    try:
        found = parameters(text).get(name) if text else None
    except MalformedTarget:
        return None
    return found[0] if found else None


def part(page_url: str | None, name: str) -> str | None:
    """Host, path, query or fragment of *page_url*; all but the host still encoded.

    As strict as Java, which Divolte uses: of an address with a character that must be escaped there is no part at all,
    and a name that no server on the internet may have is no host.
    """
    found = _URI.fullmatch(page_url) if page_url else None
    if found is None or (found["scheme"] and not found["host"] and not found["path"].startswith("/")):
        return None
    text = found[name]
    if name == "host":
        return text if text and len(text) < 256 and _HOST.fullmatch(text) else None
    return text


def _lines(request: Request | None, name: bytes) -> list[str]:
    return [value.decode("latin-1") for found, value in request.headers if found == name] if request else []


def _element(text: str) -> str:
    text = " ".join(text.split()) if '"' not in text else text.strip()
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text
