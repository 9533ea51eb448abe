"""Where a value stands in a request (a source of the model) → that value, its text or its list, as in Divolte."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from dkd.collect import uri
from dkd.collect.convert import as_text
from dkd.collect.geo import Cities, known
from dkd.collect.message import Request
from dkd.collect.target import MalformedTarget, Parameters, parameters
from dkd.model.columns import RAW_FIELDS
from dkd.model.geo import GEO
from dkd.model.jsonpath import Key, parse_path
from dkd.model.source import Source

_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)\\?(?:"|$)|(,)|([ \t]+)|([^,"][^," \t]*)', re.DOTALL)
_COOKIE = re.compile(
    r'[ \t;]*(?:(?P<name>[^ \t;=][^;=]*|)=(?:"(?P<quoted>[^"]*)"|"[^"]*$|(?P<plain>[^;=]*)(?:=[^;]*)?)|[^ \t;][^;]*)'
)
_RAW_NAME = {field.column: field.name for field in RAW_FIELDS}


class Missing:
    """What is not there at all, which null is."""


MISSING = Missing()


class Place(NamedTuple):
    """What the sources of one event read.

    Attributes:
        root: The event's own parameters, any JSON value; MISSING where it has none.
        given: The same by name, empty where they are no object.
        page_url: Address of the page, where there is one.
        referrer_url: Address of the page before.
        request: None where the visitor's browser did not send it, so that its headers say nothing.
        address: The visitor's whole address, which is never stored as such.
        record: The raw record with its standard fields.
        event: The event's name as it was sent.
        pixel_ratio: Pixels of the screen for one of the page.
    """

    root: object
    given: Mapping[str, object]
    page_url: str | None
    referrer_url: str | None
    request: Request | None
    address: str | None
    record: list[object]
    event: str | None = None
    pixel_ratio: int | None = None


Read = Callable[[Place], object]
"""Gives what stands at a source, None where nothing does; never fails."""


class Reader:
    """Makes readers for the records of one layout."""

    def __init__(self, slot: Mapping[str, int], cities: Cities | None) -> None:
        """Standard fields stand in their *slot*; *cities* is asked of addresses."""
        self._slot, self._cities = slot, cities

    def value(self, source: Source) -> Read:
        """What stands at *source*, of its own type; of event parameters a JSON value, MISSING where there is none."""
        name = source.name
        if source.kind == "parameter":
            return lambda place: place.given.get(name, MISSING)
        if source.kind == "path":
            keys = parse_path(name)
            return lambda place: at_path(place.root, keys)
        if source.kind == "geo":
            field, city = GEO[name], self.city
            return lambda place: known(city(place.address), field)
        if source.kind == "column":
            return self._column(name)
        return self._text(source)

    def text(self, source: Source) -> Read:
        """The text at *source*; of an event parameter that is not there, an empty one."""
        if source.kind != "parameter":
            return self.value(source)
        name = source.name
        return lambda place: None if place.root is MISSING else as_text(place.given.get(name, ""))

    def texts(self, source: Source) -> Read:
        """The list at *source*."""
        name = source.name
        if source.kind == "query":
            address = self._address(source.of)
            return lambda place: queries(address(place)).get(name)
        if source.kind == "header":
            lower = name.lower().encode()
            return lambda place: header(place.request, lower)
        return self.value(source)

    def city(self, address: str | None) -> object:
        """The city database's record of *address*."""
        return self._cities(address) if self._cities is not None and address else None

    def _column(self, name: str) -> Read:
        if name == "event":
            return lambda place: place.event
        if name == "pixel_ratio":
            return lambda place: place.pixel_ratio
        slot = self._slot[_RAW_NAME[name]]
        return lambda place: place.record[slot]

    def _text(self, source: Source) -> Read:
        name = source.name
        if source.kind == "cookie":
            return lambda place: cookie(place.request, name)
        if source.kind == "header":
            return _header_text(name.lower().encode(), source.of)
        address = self._address(name if source.kind == "address" else source.of)
        if source.kind == "address":
            return address
        if source.kind == "query":
            return lambda place: (queries(address(place)).get(name) or (None,))[0]
        return lambda place: part(address(place), name, source.kind == "decoded")

    def _address(self, name: str) -> Callable[[Place], str | None]:
        if name == "location":
            return lambda place: place.page_url
        if name == "referer":
            return lambda place: place.referrer_url
        return lambda place: part(place.page_url, "fragment")  # type: ignore[return-value]  # a text


def at_path(root: object, keys: tuple[Key, ...]) -> object:
    """What the path *keys* finds in *root*: MISSING, or a list where it may find many."""
    if None in keys:
        return MISSING if root is MISSING else list(_each(root, keys))
    for key in keys:
        root = _member(root, key)
    return root


def cookie(request: Request | None, name: str) -> str | None:
    """The cookie *name* as Divolte's server reads it: the first of a header, and of several headers the last one's."""
    for text in reversed(_lines(request, b"cookie")):
        for found, value in _cookies(text):
            if found == name:
                return value
    return None


def header(request: Request | None, name: bytes) -> list[str] | None:
    """The elements of header *name*, empty ones left out; None where it was not sent."""
    lines = _lines(request, name)
    return [element for line in lines for element in _elements(line)] if lines else None


def queries(address: str | None) -> Parameters:
    """The decoded parameters in the query string of *address*."""
    text = part(address, "query")
    return _parameters(text) if isinstance(text, str) else {}


def part(address: str | None, name: str, is_decoded: bool = False) -> object:
    """One part of *address*, still encoded or decoded; None where it has none, or is none that Java reads."""
    found = uri.parse(address) if address is not None else None
    value = getattr(found, name) if found else None
    return uri.decoded(value) if is_decoded and value is not None else value


@lru_cache(maxsize=32)
def _parameters(text: str) -> Parameters:
    try:
        return parameters(text, most=len(text) + 1)
    except MalformedTarget:
        return {}


def _header_text(name: bytes, of: str) -> Read:
    if not of:

        def joined(place: Place) -> str | None:
            found = header(place.request, name)
            return None if found is None else ",".join(found)

        return joined
    at = {"first": 0, "last": -1}.get(of)
    index = int(of) if at is None else at

    def element(place: Place) -> str | None:
        found = header(place.request, name) or []
        return found[index] if -len(found) <= index < len(found) else None

    return element


def _lines(request: Request | None, name: bytes) -> list[str]:
    return [value.decode("latin-1") for found, value in request.headers if found == name] if request else []


def _cookies(line: str) -> Iterator[tuple[str, str]]:
    """Names and values: without quotes around the whole, and only up to an equals sign."""
    at = 0
    while found := _COOKIE.match(line, at):
        value = found["plain"] if found["quoted"] is None else found["quoted"]
        if value is not None:
            yield found["name"], value
        at = found.end()


def _elements(line: str) -> Iterator[str]:
    """Divolte's reading of a list: quotes and escapes go; after a first blank, each piece has one before it."""
    element, is_blank = "", False
    started = False
    for quoted, comma, blank, token in _PIECE.findall(line):
        if comma:
            if element:
                yield element
            element, is_blank, started = "", False, False
        elif blank:
            is_blank = is_blank or started
        else:
            started = True
            element += (" " if is_blank else "") + (token or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
    if element:
        yield element


def _member(value: object, key: Key) -> object:
    if isinstance(key, str):
        return value.get(key, MISSING) if isinstance(value, dict) else MISSING
    if isinstance(value, list) and key is not None:
        # Divolte finds null at a place beyond the end.
        return value[key] if -len(value) <= key < len(value) else None
    return MISSING


def _each(value: object, keys: tuple[Key, ...]) -> Iterator[object]:
    if value is MISSING:
        return
    if not keys:
        yield value
    elif keys[0] is None:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for one in inner:
            yield from _each(one, keys[1:])
    else:
        yield from _each(_member(value, keys[0]), keys[1:])
