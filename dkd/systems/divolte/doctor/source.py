"""Producers of a Divolte mapping → the standard column that they fill, or the model's ``from:`` that says the same.

This is the one place where producers become sources, steps and conditions of the model.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from dkd.errors import ModelError
from dkd.model.columns import RAW_FIELDS
from dkd.model.jsonpath import parse_path
from dkd.model.load import load
from dkd.model.naming import snake_case
from dkd.systems.divolte.doctor.producer import Call, Literal, Matched, Negated, Parsed, Producer, shown
from dkd.systems.flow import flow

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
_ADDRESSES = {
    "location()": "location", "referer()": "referer", "(parse location() to uri).rawFragment()": "fragment",
    "(parse location() to uri).decodedFragment()": "fragment",
}  # fmt: skip
STANDARD_PRODUCERS = {field.producer: field.column for field in RAW_FIELDS if field.producer}
STANDARD_FIELDS = {
    **{field.name: field.column for field in RAW_FIELDS},
    **{f"userAgent{name[0].upper()}{name[1:]}": column for name, column in _AGENT.items()},
    "userAgentOs": "os", "userAgent": "user_agent", "userAgentString": "user_agent", "eventTime": "timestamp_ms",
    "pageUrl": "page_url", "url": "page_url", "referrer": "referrer_url", "pagePath": "page_path",
}  # fmt: skip
"""Names that fields of old schemas have → standard columns."""

Step = dict[str, Any]
"""A step of ``from:``, as the model's YAML writes it."""


def standard_of(producer: Producer) -> str | None:
    """The standard column that holds what *producer* gives; None when there is none."""
    if (found := STANDARD_PRODUCERS.get(shown(producer))) is not None:
        return found
    if isinstance(producer, Call) and isinstance(producer.of, Call) and producer.of.of is None:
        table = {"userAgent": _AGENT, "ip2geo": _GEO if not producer.of.args else {}}.get(producer.of.name, {})
        return table.get(producer.name)
    if isinstance(producer, Call) and _address_of(producer) == "location":
        return _PAGE.get(producer.name)
    name = _query(producer)
    return name if name in _UTM else None


class Said(NamedTuple):
    """A producer in the words of the model.

    Attributes:
        step: The step of a ``from:``.
        differs: What it does in another way; empty where it says the same.
    """

    step: Step
    differs: str


@lru_cache(maxsize=4096)
def _can_say(kind: str, source: str) -> bool:
    """Whether a model may have a field of that type with that ``from:``, by the model's own checks."""
    text = (
        "dkd: 1\nsite: s\ncollector: {geo_database: a.mmdb}\nevents: {e: {}}\n"
        f"fields: {{f: {{type: {kind}, from: {source}}}}}\n"
    )
    try:
        load(text, "from")
    except ModelError:
        return False
    return True


def can_say(kind: str, source: Any) -> bool:
    """Whether a field of the model's type *kind* can have the ``from:`` *source*: a text, a step, or a list of them."""
    return _can_say("string" if kind == "enum" else kind, flow(source))


def step_of(producer: Producer, kind: str) -> Said | None:
    """The step of a field of the model's type *kind* that *producer* fills; None where the model cannot say it."""
    return next((said for said in _ways(producer) if can_say(kind, said.step)), None)


def condition_of(conditions: Iterable[Producer]) -> Step | None:
    """The condition of the model that holds where all of *conditions* do; None where it cannot say one of them."""
    found = [_condition(one) for one in conditions]
    whole = [one for one in found if one is not None]
    if len(whole) < len(found):
        return None
    return whole[0] if len(whole) == 1 else {"all": whole}


def _ways(producer: Producer) -> Iterator[Said]:
    """What might say it, the best first; the model's language decides."""
    if isinstance(producer, Literal):
        if (value := _value(producer)) is not None:
            yield Said({"value": value}, "")
        return
    if isinstance(producer, Parsed):
        yield from _ways(producer.of)
    if isinstance(producer, Negated) or (isinstance(producer, Call) and producer.of is not None):
        test = _condition(producer)
        if test is not None:
            yield Said({"test": test}, "")
    if isinstance(producer, Call):
        yield from (Said({"source": text}, differs) for text, differs in _texts(producer))
        yield from _matched(producer)


def _value(literal: Literal) -> Any:
    if literal.kind == "bool":
        return literal.text == "true"
    if literal.kind in ("int", "long"):
        return int(literal.text.rstrip("lLiI"))
    if literal.kind in ("float", "double", "decimal"):
        return float(literal.text.rstrip("fFdDgG"))
    return literal.text if literal.kind == "string" else None


def _matched(producer: Call) -> Iterator[Said]:
    """A group of a pattern, or whether it fits; and the place of an address that a text holds."""
    of = producer.of
    if isinstance(of, Matched) and isinstance(of.pattern, Literal):
        for text, differs in _texts(of.of):
            step: Step = {"source": text, "match": of.pattern.text}
            group = producer.args[0] if producer.args else None
            if producer.name == "group" and isinstance(group, Literal):
                step["group"] = _value(group)
            yield Said(step, differs)
    if isinstance(of, Call) and of.name == "ip2geo" and of.args:
        for text, differs in _texts(of.args[0]):
            yield Said({"source": text, "geo": _geo_word(producer.name)}, differs)


def _condition(producer: Producer) -> Step | None:
    """A condition of the model; None where it has none like it."""
    if isinstance(producer, Negated):
        inner = _condition(producer.of)
        return {"not": inner} if inner is not None else None
    if not isinstance(producer, Call):
        return None
    if producer.of is None:
        is_flag = producer.name in ("firstInSession", "corrupt", "duplicate")
        return (
            {"source": STANDARD_PRODUCERS[shown(producer)], "equals": True} if is_flag and not producer.args else None
        )
    name, of, first = producer.name, producer.of, producer.args[0] if producer.args else None
    if name == "negate":
        return _condition(Negated(of))
    if name in ("and", "or") and first is not None:
        return _joined(name, of, first)
    if name == "matches" and isinstance(of, Matched) and isinstance(of.pattern, Literal):
        return _tested(of.of, matches=of.pattern.text)
    if name in ("isPresent", "isAbsent"):
        return _tested(of, **{"is": name[2:].lower()})
    if name == "equalTo" and isinstance(first, Literal):
        return _tested(of, equals=_value(first))
    if name == "equalTo" and first is not None:
        other = _tested(first)
        return _tested(of, same_as=other["source"]) if other is not None else None
    return None


def _joined(name: str, one: Producer, other: Producer) -> Step | None:
    parts = [_condition(one), _condition(other)]
    return None if None in parts else {"all" if name == "and" else "any": parts}


def _tested(of: Producer, **test: Any) -> Step | None:
    text = next((text for text, differs in _texts(of) if not differs), None)
    return {"source": text, **test} if text is not None and None not in test.values() else None


def _texts(producer: Producer) -> Iterator[tuple[str, str]]:
    """Texts that might name it as a source, with what each does in another way."""
    if isinstance(producer, Parsed):
        yield from _texts(producer.of)
    if not isinstance(producer, Call):
        return
    of, name, text = producer.of, producer.name, _argument(producer)
    if of is None:
        kind = {"cookie": "cookie", "header": "header", "eventParameter": "parameter"}.get(name)
        column = STANDARD_PRODUCERS.get(shown(producer)) or {"devicePixelRatio": "pixel_ratio"}.get(name)
        if name in ("location", "referer"):
            yield name, ""
        elif kind and text:
            yield f"{kind} {text}", ""
        elif column:
            yield column, ""
    elif shown(of) == "eventParameters()" and text:
        yield from _parameter(name, text)
    elif isinstance(of, Call) and of.of is None:
        yield from _part_of(of, producer)
    yield from _address(producer)


def _parameter(name: str, text: str) -> Iterator[tuple[str, str]]:
    if name == "value":
        yield f"parameter {text}", ""
        return
    try:
        steps = parse_path(text) if name == "path" else ()
    except ValueError:
        return
    if len(steps) == 1 and isinstance(steps[0], str) and steps[0] != "*":
        yield f"parameter {steps[0]}", ""
    elif name == "path":
        yield f"path {text}", ""


def _part_of(of: Call, producer: Call) -> Iterator[tuple[str, str]]:
    """A part of a header, of the user agent, or of a place."""
    name = producer.name
    if of.name == "header":
        header = f"header {_argument(of)}"
        which = {"first": "first", "last": "last"}.get(name, "")
        if name == "get" and producer.args and isinstance(producer.args[0], Literal):
            which = producer.args[0].text
        yield f"{header} {which}".rstrip(), ""
    elif of.name == "userAgent":
        yield f"user_agent {_AGENT_WORDS.get(name, name)}", ""
    elif of.name == "ip2geo" and not of.args:
        yield f"geo {_geo_word(name)}", ""


def _geo_word(name: str) -> str:
    return re.sub("^most_specific_", "", snake_case(name))


def _address(producer: Call) -> Iterator[tuple[str, str]]:
    """A part of an address, or a parameter of its query."""
    address = _address_of(producer)
    if address is not None and producer.name in _PARTS:
        yield f"{address} {_PARTS[producer.name]}", ""
    of = producer.of
    if producer.name in ("value", "valueList") and isinstance(of, Call) and of.name == "query":
        whose = _address_of(of)
        if whose is not None:
            yield f"{whose} query {_argument(producer)}".removeprefix("location "), ""


def _argument(call: Call) -> str:
    first = call.args[0] if call.args else None
    return first.text if isinstance(first, Literal) and first.kind == "string" else ""


def _address_of(producer: Call) -> str | None:
    """The address of which it is asked: that of the page, of the one before, or the page's fragment."""
    of = producer.of
    return _ADDRESSES.get(shown(of.of)) if isinstance(of, Parsed) and of.kind == "uri" else None


def _query(producer: Producer) -> str | None:
    """The name of the parameter of the page's query that it gives."""
    if not isinstance(producer, Call) or producer.name not in ("value", "valueList"):
        return None
    of = producer.of
    is_page = isinstance(of, Call) and of.name == "query" and _address_of(of) == "location"
    return _argument(producer) if is_page else None
