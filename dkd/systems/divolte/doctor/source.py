"""A producer of a Divolte mapping → the standard column that it fills, or the model's ``from:`` that says the same."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dkd.model.columns import RAW_FIELDS
from dkd.model.naming import snake_case
from dkd.model.source import parse_source
from dkd.systems.divolte.doctor.producer import Call, Literal, Parsed, Producer, shown

_AGENT = {
    "name": "browser", "family": "browser", "version": "browser_version", "osFamily": "os", "osVersion": "os_version",
    "deviceCategory": "device_type",
}  # fmt: skip
_GEO = {"countryCode": "country", "cityName": "city"}
_PAGE = {
    "host": "page_host", "path": "page_path", "rawPath": "page_path", "rawQueryString": "page_query",
    "decodedQueryString": "page_query",
}  # fmt: skip
_UTM = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"})
_PARTS = {
    "scheme": "scheme", "host": "host", "port": "port", "rawPath": "path", "path": "decoded path",
    "rawQueryString": "query", "decodedQueryString": "decoded query", "rawFragment": "fragment",
    "decodedFragment": "decoded fragment",
}  # fmt: skip
_AGENT_WORDS = {"deviceCategory": "device", "osFamily": "os_family", "osVersion": "os_version", "osVendor": "os_vendor"}
STANDARD_PRODUCERS = {field.producer: field.column for field in RAW_FIELDS if field.producer}
STANDARD_FIELDS = {
    **{field.name: field.column for field in RAW_FIELDS},
    **{f"userAgent{name[0].upper()}{name[1:]}": column for name, column in _AGENT.items()},
    "userAgentOs": "os", "userAgent": "user_agent", "userAgentString": "user_agent", "eventTime": "timestamp_ms",
    "pageUrl": "page_url", "url": "page_url", "referrer": "referrer_url", "pagePath": "page_path",
}  # fmt: skip
"""Names that fields of old schemas have → standard columns."""


def standard_of(producer: Producer) -> str | None:
    """The standard column that holds what *producer* gives; None when there is none."""
    if (found := STANDARD_PRODUCERS.get(shown(producer))) is not None:
        return found
    if isinstance(producer, Call) and isinstance(producer.of, Call) and producer.of.of is None:
        table = {"userAgent": _AGENT, "ip2geo": _GEO if not producer.of.args else {}}.get(producer.of.name, {})
        return table.get(producer.name)
    if _is_part(producer, "location") and isinstance(producer, Call):
        return _PAGE.get(producer.name)
    name = _query(producer)
    return name if name in _UTM else None


class Said(NamedTuple):
    """A producer in the words of the model.

    Attributes:
        text: The ``from:``.
        differs: What it does in another way; empty where it says the same.
    """

    text: str
    differs: str


def from_text(producer: Producer) -> Said | None:
    """The ``from:`` of a field that *producer* fills; None where the model cannot say it.

    This is the one place where producers become sources.
    """
    return next((said for said in _ways(producer) if is_source(said.text)), None)


def is_source(text: str) -> bool:
    """Whether *text* can be the ``from:`` of a field with dkd's collector, and without a city database."""
    try:
        return parse_source(text).kind not in ("agent", "geo")
    except ValueError:
        return False


def _ways(producer: Producer) -> Iterator[Said]:
    """What might say it, the best first; the model's language decides."""
    if isinstance(producer, Parsed):
        yield from _ways(producer.of)
    if not isinstance(producer, Call):
        return
    of, name, text = producer.of, producer.name, _argument(producer)
    if of is None:
        kind = {"cookie": "cookie", "header": "header", "eventParameter": "parameter"}.get(name)
        if kind and text:
            yield Said(f"{kind} {text}", "")
        elif name == "devicePixelRatio":
            yield Said("pixel_ratio", "")
    elif shown(of) == "eventParameters()" and text:
        yield from _parameter(name, text)
    elif isinstance(of, Call) and of.of is None:
        yield from _part_of(of, producer)
    yield from _address(producer)


def _parameter(name: str, text: str) -> Iterator[Said]:
    plain = text.removeprefix("$.")
    if name == "value" or (text.startswith("$.") and not {".", "[", "*"} & set(plain)):
        yield Said(f"parameter {plain if name == 'path' else text}", "")
    elif name == "path":
        yield Said(f"path {text}", "")


def _part_of(of: Call, producer: Call) -> Iterator[Said]:
    """A part of a header, of the user agent, or of a place."""
    name = producer.name
    if of.name == "header":
        header = f"header {_argument(of)}"
        which = {"first": "first", "last": "last"}.get(name, "")
        if name == "get" and producer.args and isinstance(producer.args[0], Literal):
            which = producer.args[0].text
        if which:
            yield Said(f"{header} {which}", "")
        yield Said(header, "all values of the header, with commas between" if name != "commaSeparated" else "")
    elif of.name == "userAgent":
        yield Said(f"user_agent {_AGENT_WORDS.get(name, name)}", "")
    elif of.name == "ip2geo" and not of.args:
        words = re.sub("^most_specific_", "", snake_case(name))
        yield Said(f"geo {words}", "")


def _address(producer: Call) -> Iterator[Said]:
    """A part of an address, or a parameter of its query."""
    for address in ("location", "referer"):
        if _is_part(producer, address) and producer.name in _PARTS:
            words = _PARTS[producer.name]
            yield Said(f"{address} {words}", "")
            yield Said(f"{address} {words.removeprefix('decoded ')}", "it stays percent-encoded")
    of = producer.of
    if producer.name in ("value", "valueList") and isinstance(of, Call) and of.name == "query":
        if _is_part(of, "location"):
            yield Said(f"query {_argument(producer)}", "")
        elif _is_part(of, "referer"):
            yield Said(f"referer query {_argument(producer)}", "")


def _argument(call: Call) -> str:
    first = call.args[0] if call.args else None
    return first.text if isinstance(first, Literal) and first.kind == "string" else ""


def _is_part(producer: Producer, address: str) -> bool:
    """Whether it is asked of the address that the page, or the one before, has."""
    of = producer.of if isinstance(producer, Call) else None
    return isinstance(of, Parsed) and of.kind == "uri" and shown(of.of) == f"{address}()"


def _query(producer: Producer) -> str | None:
    """The name of the parameter of the page's query that it gives."""
    if not isinstance(producer, Call) or producer.name not in ("value", "valueList"):
        return None
    of = producer.of
    is_page = isinstance(of, Call) and of.name == "query" and _is_part(of, "location")
    return _argument(producer) if is_page else None
