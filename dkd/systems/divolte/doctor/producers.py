"""The producers of Divolte 0.9.0's mapping language: what each gives, and what can be asked of that."""

from collections.abc import Mapping
from typing import NamedTuple

from dkd.systems.divolte.doctor.producer import Call, Literal, Matched, Negated, Parsed, Producer, shown
from dkd.systems.faults import nearest


class Wrong(ValueError):
    """No such producer; the message says what is wrong, ``remedy`` what to write."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Form(NamedTuple):
    """What a call gives, and how many arguments it takes at least and at most."""

    gives: str
    least: int = 0
    most: int = 0


def _all(names: str, gives: str) -> dict[str, Form]:
    return {name: Form(gives) for name in names.split()}


FUNCTIONS: Mapping[str, Form] = {
    **_all("location referer eventType remoteHost partyId sessionId pageViewId eventId userAgentString", "string"),
    **_all("firstInSession corrupt duplicate", "bool"),
    **_all("timestamp clientTimestamp", "long"),
    **_all("viewportPixelWidth viewportPixelHeight screenPixelWidth screenPixelHeight devicePixelRatio", "int"),
    "userAgent": Form("agent"),
    "cookie": Form("string", 1, 1),
    "header": Form("header", 1, 1),
    "eventParameter": Form("string", 1, 1),
    "eventParameters": Form("json"),
    "ip2geo": Form("geo", 0, 1),
    "digest": Form("digester", 1, 2),
}
_ASKED: Mapping[str, Mapping[str, Form]] = {
    "agent": _all("name family vendor type version deviceCategory osFamily osVersion osVendor", "string"),
    "header": {**_all("first last commaSeparated", "string"), "get": Form("string", 1, 1)},
    "uri": {
        **_all("path rawPath scheme host decodedQueryString rawQueryString decodedFragment rawFragment", "string"),
        "port": Form("int"),
        "query": Form("query"),
    },
    "query": {"value": Form("string", 1, 1), "valueList": Form("strings", 1, 1)},
    "matcher": {"matches": Form("bool"), "group": Form("string", 1, 1)},
    "json": {"value": Form("string", 1, 1), "path": Form("path", 1, 1)},
    "geo": {
        **_all(
            "cityId continentId countryId metroCode mostSpecificSubdivisionId registeredCountryId representedCountryId "
            "autonomousSystemNumber", "int",
        ),
        **_all(
            "cityName continentCode continentName countryCode countryName timeZone mostSpecificSubdivisionCode "
            "mostSpecificSubdivisionName postalCode registeredCountryCode registeredCountryName representedCountryCode "
            "representedCountryName autonomousSystemOrganization domain isp organisation", "string",
        ),
        **_all("latitude longitude", "double"),
        **_all("subdivisionCodes subdivisionNames", "strings"),
        **_all("subdivisionIds", "ints"),
        **_all("anonymousProxy satelliteProvider", "bool"),
    },
    "digester": {"add": Form("digester", 1, 1), "result": Form("digest")},
    "digest": _all("toHexLower toHexUpper toBase64", "string"),
}  # fmt: skip
_ANY = {"isPresent": Form("bool"), "isAbsent": Form("bool"), "equalTo": Form("bool", 1, 1)}
_BOOL = {"and": Form("bool", 1, 1), "or": Form("bool", 1, 1), "negate": Form("bool")}
PARSES = {"int32": "int", "int64": "long", "fp32": "float", "fp64": "double", "bool": "bool", "uri": "uri"}
_INVENTED = {"customCookie": "cookie", "userAgentName": "userAgent().name", "ip": "remoteHost", "url": "location"}


def gives(producer: Producer) -> str:
    """What *producer* gives: string, int, long, double, float, bool, strings, json, path, query, digest and so on.

    Raises:
        Wrong: When it is none that Divolte has.
    """
    if isinstance(producer, Literal):
        return f"literal {producer.kind}"
    if isinstance(producer, Parsed):
        _require_text(producer.of, "parse")
        if producer.kind not in PARSES:
            raise Wrong(f"there is no type {producer.kind!r} to parse to", nearest(producer.kind, PARSES))
        return PARSES[producer.kind]
    if isinstance(producer, Matched):
        _require_text(producer.of, "match")
        return "matcher"
    if isinstance(producer, Negated):
        gives(producer.of)
        return "bool"
    return _call(producer)


def _require_text(of: Producer, what: str) -> None:
    found = gives(of)
    if found not in ("string", "path", "literal string"):
        raise Wrong(f"{what} takes a text, {shown(of)} gives {found}", "take one of its texts")


def _call(call: Call) -> str:
    known = FUNCTIONS if call.of is None else _methods(gives(call.of))
    form = known.get(call.name)
    if form is None:
        where = "" if call.of is None else f" of {shown(call.of)}"
        remedy = (
            f"write {_INVENTED[call.name]}" if call.of is None and call.name in _INVENTED else nearest(call.name, known)
        )
        raise Wrong(f"there is no producer {call.name}(){where}", remedy)
    if call.args is None:
        raise Wrong(f"{shown(call)} lacks its parentheses", f"write {call.name}()")
    if not form.least <= len(call.args) <= form.most:
        wanted = f"{form.least}" if form.least == form.most else f"{form.least} or {form.most}"
        raise Wrong(f"{shown(call)} has {len(call.args)} arguments", f"give {wanted}")
    for argument in call.args:
        gives(argument)
    return form.gives


def _methods(kind: str) -> Mapping[str, Form]:
    kind = {"path": "json"}.get(kind, kind)
    return {**_ASKED.get(kind, {}), **(_BOOL if kind == "bool" else {}), **_ANY}


def calls(producer: Producer) -> list[Call]:
    """Every call inside *producer*, the innermost first."""
    if isinstance(producer, Literal):
        return []
    if isinstance(producer, Parsed | Negated):
        return calls(producer.of)
    if isinstance(producer, Matched):
        return calls(producer.of)
    inner = [] if producer.of is None else calls(producer.of)
    return [*inner, *(one for argument in producer.args or () for one in calls(argument)), producer]
