"""The text of a source → the kind of place where a value stands, and its name there.

What each kind means, for the Divolte mapping and for dkd's own collector alike (``docs/model.md`` has examples):

* ``parameter x``: event parameter *x*; ``path $.a[*].b``: what a path finds in all of them.
* ``query x``: first value of *x* in the query string of the page's address, decoded; all of them for a list.
* ``cookie x``: request cookie *x*.
* ``header x``: the elements of request header *x*, joined by ``,`` without blanks; all of them for a list;
  ``header x first``, ``last`` or a place from 0 (from the end: -1): one of them.
* ``location``, ``referer``: addresses of the page and of the one before. With ``scheme``, ``host``, ``port``, ``path``,
  ``query`` or ``fragment`` that part, still percent-encoded; decoded with ``decoded`` before the part;
  ``referer query x`` as ``query x``. ``fragment``: the page's fragment, read as an address of its own.
* ``user_agent``: its text; ``user_agent family``: what Divolte reads out of it.
* ``geo country_code``: what the city database knows of the visitor's address.
* the standard columns of raw records, such as ``event``, ``viewport_width``, ``party_id``; and ``pixel_ratio``.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, NamedTuple

from dkd.model.columns import RAW_FIELDS
from dkd.model.geo import GEO
from dkd.model.jsonpath import parse_path
from dkd.model.schema import Field
from dkd.model.step import Condition, Step

Kind = Literal[
    "parameter", "path", "query", "cookie", "header", "address", "part", "decoded", "agent", "geo", "column"
]  # fmt: skip
Carried = Literal["text", "json", "int", "long", "double", "boolean", "texts"]
"""The type of what stands at a source, as Divolte hands it on."""

ADDRESSES = ("location", "referer", "fragment")
PARTS = ("scheme", "host", "port", "path", "query", "fragment")
DECODED = ("path", "query", "fragment")
AGENT_FIELDS = {
    "name": "name()", "family": "family()", "vendor": "vendor()", "type": "type()", "version": "version()",
    "device": "deviceCategory()", "os_family": "osFamily()", "os_version": "osVersion()", "os_vendor": "osVendor()",
}  # fmt: skip
COLUMNS: Mapping[str, tuple[Carried, str]] = {
    field.column: ("text" if field.type == "string" else field.type, field.producer)
    for field in RAW_FIELDS
    if field.producer and field.column not in ("page_url", "referrer_url")
} | {"pixel_ratio": ("int", "devicePixelRatio()")}
"""Type and producer of what every record holds."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What HTTP allows as the name of a header or a cookie."""
_PLACE = re.compile(r"first|last|-?[0-9]{1,3}")
_MOST_TEXT = 1000
_WORDS = ("parameter", "path", "query", "cookie", "header", *ADDRESSES, "user_agent", "geo", *COLUMNS)


class Source(NamedTuple):
    """Where a value stands.

    Attributes:
        kind: ``address`` is a whole address, ``part`` a part of one as it stands, ``decoded`` a part of one decoded.
        name: The value's name there; of a path its text, of an address that address.
        of: Of a query or a part the address; of a header which elements, empty for all.
    """

    kind: Kind
    name: str
    of: str = ""


def parse_source(text: str) -> Source:
    """The place that *text* names.

    Raises:
        ValueError: When *text* names no place; what would follows the last ``": "`` of the message.
    """
    if len(text) > _MOST_TEXT:
        raise ValueError(f"a source of {len(text)} characters: keep it below {_MOST_TEXT}")
    word, _, rest = text.partition(" ")
    found = _READERS[word](word, rest) if word in _READERS else _column(word, rest)
    if found is None:
        raise ValueError(f"{text!r} is no source: {_remedy(word)}")
    return found


def source_text(source: Source) -> str:
    """The text that :func:`parse_source` reads as *source*."""
    if source.kind in ("query", "header"):
        words = (source.of if source.of in ADDRESSES[1:] else "", source.kind, source.name)
        return " ".join(filter(None, (*words, source.of if source.kind == "header" else "")))
    if source.kind in ("part", "decoded"):
        return " ".join(filter(None, (source.of, source.kind if source.kind == "decoded" else "", source.name)))
    if source.kind in ("address", "column"):
        return source.name
    return f"{'user_agent' if source.kind == 'agent' else source.kind} {source.name}"


def steps_of(name: str, field: Field) -> tuple[Step, ...]:
    """The ways to the value of the field *name*, in the order in which they are tried."""
    return field.source or (Step(source=f"parameter {name}"),)


def plain_parameter(name: str, field: Field) -> str:
    """The event parameter that alone and as such is the field *name*; empty where the model says anything else."""
    steps = steps_of(name, field)
    if len(steps) > 1 or steps[0] != Step(source=steps[0].source) or not steps[0].source:
        return ""
    source = parse_source(steps[0].source)
    return source.name if source.kind == "parameter" else ""


def parameters_of(name: str, field: Field) -> Iterator[str]:
    """Names of the event parameters that the field *name* reads, in its steps or their conditions."""
    for step in steps_of(name, field):
        conditions = [condition for condition in (step.when, step.test) if condition is not None]
        for text in (step.source, *(text for condition in conditions for text in named(condition))):
            source = parse_source(text) if text is not None else None
            if source is not None and source.kind in ("parameter", "path"):
                key = parse_path(source.name)[:1] if source.kind == "path" else (source.name,)
                yield from (one for one in key if isinstance(one, str))


def named(condition: Condition) -> Iterator[str]:
    """The text of every source that *condition* tests."""
    yield from (text for text in (condition.source, condition.same_as) if text is not None)
    for inner in (*((condition.not_,) if condition.not_ else ()), *(condition.all or ()), *(condition.any or ())):
        yield from named(inner)


def carried(source: Source) -> Carried:
    """The type of what stands at *source*; where a field is a list, ``query`` and ``header`` hold lists too."""
    if source.kind in ("parameter", "path"):
        return "json"
    if source.kind == "geo":
        return GEO[source.name].type
    if source.kind == "column":
        return COLUMNS[source.name][0]
    return "int" if source.kind == "part" and source.name == "port" else "text"


def holds_list(source: Source) -> bool:
    """Whether *source* gives a list where one is asked for."""
    return source.kind == "query" or (source.kind == "header" and not source.of) or carried(source) in ("json", "texts")


def _named(word: str, rest: str) -> Source | None:
    # Divolte's path language cannot quote a comma.
    good = bool(rest) and rest.isprintable() and not {" ", ","} & set(rest)
    return Source(word, rest, "location" if word == "query" else "") if good else None  # type: ignore[arg-type]


def _path(_word: str, rest: str) -> Source:
    try:
        parse_path(rest)
    except ValueError as error:
        raise ValueError(f"{error}: write a path such as $.items[*].sku") from error
    return Source("path", rest)


def _cookie(_word: str, rest: str) -> Source | None:
    return Source("cookie", rest) if _TOKEN.fullmatch(rest) else None


def _header(_word: str, rest: str) -> Source | None:
    name, blank, of = rest.partition(" ")
    good = _TOKEN.fullmatch(name) and (_PLACE.fullmatch(of) if blank else not of)
    return Source("header", name, {"0": "first", "-1": "last", "-0": "first"}.get(of, of)) if good else None


def _address(word: str, rest: str) -> Source | None:
    if not rest:
        return None if word == "fragment" else Source("address", word)
    first, _, name = rest.partition(" ")
    if first == "decoded":
        return Source("decoded", name, word) if name in DECODED else None
    if first == "query" and name and word != "location":
        found = _named("query", name)
        return found._replace(of=word) if found else None
    return Source("part", rest, word) if rest in PARTS else None


def _agent(_word: str, rest: str) -> Source | None:
    if not rest:
        return Source("column", "user_agent")
    return Source("agent", rest) if rest in AGENT_FIELDS else None


def _geo(_word: str, rest: str) -> Source | None:
    return Source("geo", rest) if rest in GEO else None


def _column(word: str, rest: str) -> Source | None:
    return Source("column", word) if word in COLUMNS and not rest else None


_READERS = {
    "parameter": _named, "query": _named, "path": _path, "cookie": _cookie, "header": _header, "user_agent": _agent,
    "geo": _geo, **dict.fromkeys(ADDRESSES, _address),
}  # fmt: skip


def _remedy(word: str) -> str:
    if word in ("location", "referer", "fragment"):
        return f"write {word} with {', '.join(PARTS[:-1])} or {PARTS[-1]}, or {word} decoded {', '.join(DECODED)}"
    if word == "geo":
        return f"write geo with one of {', '.join(GEO)}"
    if word == "user_agent":
        return f"write user_agent alone, or with one of {', '.join(AGENT_FIELDS)}"
    if word in ("parameter", "query", "cookie", "header"):
        return f"write {word} NAME, without blanks and commas in NAME"
    close = get_close_matches(word, _WORDS, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "write parameter, query, cookie or header NAME, path $.NAME, location or referer PART, or a standard column"
