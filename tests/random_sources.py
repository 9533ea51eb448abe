"""Random ways to a field's value, and random requests that may hold one: drawn from dice, so that a seed names them."""

from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import quote

NAMES = ("a", "b", "é", "it's")
TOKENS = ("a", "x-y")
TEXTS = (
    "", "a", "b", "true", "True", "TRUE", "false", "null", "0", "-1", "+1", "007", "2147483648", "1.5", "1e3", ".5",
    "1.", "0x1p3", "0X1.8P-1f", "1f", "2D", "NaN", "-Infinity", "INF", " 1 ", "é😀", "it's", "a,b", '"a', "/shop/7",
    "\\", "-9223372036854775808", "9223372036854775808", "1e400", "4e38", "\u0661", "1_0", "x\ny",
)  # fmt: skip
ADDRESSES = ("location", "referer", "fragment")
COLUMNS = ("event", "party_id", "collector_session_id", "pageview_id", "event_id", "user_agent", "ip")
PLACES = ("country_code", "city_name", "time_zone", "continent_name")
TYPED: dict[str, tuple[str, ...]] = {
    "int": ("location port", "referer port", "viewport_width", "screen_height", "pixel_ratio", "geo city_id"),
    "long": ("received_ms", "client_ms"),
    "timestamp": ("received_ms", "client_ms"),
    "boolean": ("detected_corruption", "detected_duplicate", "collector_first_in_session"),
    "double": ("geo latitude", "geo longitude"),
    "list": ("geo subdivision_codes", "geo subdivision_names"),
}
GROUPS: dict[str, tuple[Any, ...]] = {
    "(a|b)?.*": (0, 1, None), "([^/]*)/(.*)": (0, 1, 2, None), "(?i)(TRUE|[0-9]+)": (1,), "[^\\x00]*": (0,),
    "(?<x>\\d*)\\D*(?<y>.?)": (0, 1, "x", "y"), "(.)(.)?": (2,), "\\s*(\\S*)\\s*": (1,),
}  # fmt: skip
TYPES = ("string", "enum", "boolean", "int", "long", "timestamp", "float", "double", "list")


def model(dice: Random) -> dict[str, Any]:
    """A model whose thirty fields come from anywhere; with whole addresses, and asking a city database."""
    return {
        "dkd": 1,
        "site": "shop",
        "collector": {"kind": "divolte", "ip": "full", "geo_database": "geo.mmdb"},
        "events": {"page_view": {}},
        "fields": {f"f{at}": field(dice) for at in range(30)},
    }


def field(dice: Random) -> dict[str, Any]:
    """A field that fits its steps, in both collectors."""
    kind = dice.choice(TYPES)
    found: dict[str, Any] = {"type": kind, "from": [step(dice, kind) for _ in range(dice.choice((1, 1, 1, 2)))]}
    if kind == "enum":
        found["values"] = ["a", "b"]
    if kind != "list" and dice.random() < 0.15:
        found["default"] = literal(dice, kind)
    return found


def step(dice: Random, kind: str) -> dict[str, Any]:
    """One step for a field of type *kind*."""
    found: dict[str, Any] = {}
    chance = dice.random()
    if kind == "list" or chance < 0.6:
        found["source"] = source(dice, kind)
    elif chance < 0.65:
        found["value"] = literal(dice, kind)
    elif kind == "boolean" and chance < 0.8:
        found["test"] = condition(dice)
    elif kind == "string" and chance < 0.7:
        found |= {"source": dice.choice(("header a first", "parameter a", "query a")), "geo": dice.choice(PLACES)}
    else:
        regex = dice.choice(tuple(GROUPS))
        found |= {"source": text_source(dice), "match": regex}
        group = dice.choice(GROUPS[regex])
        if group is not None:
            found["group"] = group
        elif kind == "boolean":
            found["group"] = 1
        if kind == "boolean" and dice.random() < 0.5:
            del found["group"]
    if dice.random() < 0.2:
        found["when"] = condition(dice)
    return found


def source(dice: Random, kind: str) -> str:
    """A source whose value may become a field of type *kind*."""
    chance = dice.random()
    if chance < 0.15 and kind in TYPED:
        return dice.choice(TYPED[kind])
    if chance < 0.45:
        return f"parameter {dice.choice(NAMES)}"
    if chance < 0.6:
        return path(dice, kind == "list")
    if kind == "list":
        return dice.choice((f"query {dice.choice(NAMES)}", f"header {dice.choice(TOKENS)}", "referer query a"))
    return text_source(dice, with_parameters=False)


def text_source(dice: Random, with_parameters: bool = True) -> str:
    """A source of a text."""
    kind = dice.randrange(9 if with_parameters else 7)
    if kind == 0:
        return dice.choice(("query {}", "referer query {}", "fragment query {}")).format(dice.choice(NAMES))
    if kind in (1, 2):
        return f"{dice.choice(ADDRESSES)} {dice.choice(('scheme', 'host', 'path', 'query', 'fragment'))}"
    if kind == 3:
        return f"{dice.choice(ADDRESSES)} decoded {dice.choice(('path', 'query', 'fragment'))}"
    if kind == 4:
        return f"cookie {dice.choice(TOKENS)}"
    if kind == 5:
        return f"header {dice.choice(TOKENS)}{dice.choice(('', ' first', ' last', ' 1', ' -2', ' 0', ' -1'))}"
    if kind == 6:
        return dice.choice((*COLUMNS, "location", "referer", *(f"geo {place}" for place in PLACES)))
    return f"parameter {dice.choice(NAMES)}"


def path(dice: Random, may_be_many: bool) -> str:
    """A path of one or two keys."""
    keys = [".a", ".b", "['é']", "['it\\'s']", "[0]", "[1]", "[-1]"] + ["[*]", ".*"] * may_be_many
    return "path $" + "".join(dice.choice(keys) for _ in range(dice.choice((1, 2))))


def condition(dice: Random, depth: int = 0) -> dict[str, Any]:
    """A condition, of others too."""
    kind = dice.randrange(5 if depth > 1 else 8)
    if kind == 0:
        any_source = (text_source(dice), path(dice, True), *TYPED["int"], *TYPED["list"])
        return {"source": dice.choice(any_source), "is": dice.choice(("present", "absent"))}
    if kind == 1:
        return {"source": dice.choice(TYPED["boolean"]), "equals": dice.random() < 0.5}
    if kind == 2:
        return {"source": dice.choice(TYPED["int"]), "equals": dice.choice((-1, 80, 100))}
    if kind == 3:
        return {"source": text_source(dice), "matches": dice.choice(tuple(GROUPS))}
    if kind == 4:
        other = {"same_as": text_source(dice)} if dice.random() < 0.3 else {"equals": dice.choice(TEXTS)}
        return {"source": text_source(dice), **other}
    if kind == 5:
        return {"not": condition(dice, depth + 1)}
    return {dice.choice(("all", "any")): [condition(dice, depth + 1) for _ in range(dice.choice((1, 2, 3)))]}


def literal(dice: Random, kind: str) -> Any:
    """A value of the model's for a field of type *kind*."""
    if kind in ("int", "long", "timestamp"):
        bound = 1 << (31 if kind == "int" else 63)
        return dice.choice((0, -1, 7, bound - 1, -bound, dice.randrange(-bound, bound)))
    if kind in ("float", "double"):
        return dice.choice((0, -3, 1.5, -2.5e-7, 1e22, 0.1, -0.0))
    return dice.random() < 0.5 if kind == "boolean" else dice.choice(("a", "b") if kind == "enum" else TEXTS)


def value(dice: Random, depth: int = 0) -> Any:
    """A JSON value, as an event's parameters hold them."""
    chance = dice.random()
    if depth < 3 and chance < 0.2:
        return [value(dice, depth + 1) for _ in range(dice.choice((0, 1, 1, 2, 3)))]
    if depth < 3 and chance < 0.3:
        return {name: value(dice, depth + 1) for name in NAMES if dice.random() < 0.6}
    if chance < 0.55:
        return dice.choice(TEXTS)
    if chance < 0.7:
        return dice.choice((None, True, False))
    decimals = ("1.5", "-7.83E-9", "1E+21", "100.0", "0.0", "-0.0", "1E-400", "1E+300", "2.50", "3.4E+39", "-2.9")
    whole = (0, 1, -3, 7, 1 << 31, -(1 << 31) - 1, 1 << 63, 10**30, -(10**40))
    return dice.choice(whole) if chance < 0.85 else Decimal(dice.choice(decimals))


def address(dice: Random) -> str:
    """An address, a wrong one too."""
    start = dice.choice(
        ("https://shop.example", "https://shop.example:8443", "http://a_b:80", "//x:8080", "", "mailto:", "http://é",
         "x y", "http://[::1]:80", "HTTP://u:p@h")
    )  # fmt: skip
    path = dice.choice(("", "/", "/shop/7", "/a%20b/%C3%A9", "/%zz", "/caf\u00e9", "/a/b", "/%F0%9F%98%80+%ff"))
    pairs = "&".join(f"{quote(dice.choice((*NAMES, '')))}={quote(dice.choice(TEXTS))}" for _ in range(3))
    query = dice.choice(("", "?", f"?{pairs}", f"?{pairs}", "?a", "?a=1&a=2+3", "?a=%ff%41", "?a=[%41]&&b="))
    fragment = dice.choice(("", "", "#", "#top", "#/p?a=1&b=true", "#%C3%A9?a=%2B", "#//h/x?it's=1"))
    return start + path + query + fragment


def request(dice: Random) -> dict[str, Any]:
    """What a browser may send, before it is encoded."""
    lines = ("", "a", "a, b ,,c", '"a,b" c', "x   y", '"a\\"b', ' "" a', "203.0.113.9", "198.51.100.7, 1", "1", "true",
             "a=b", "\\", '"a"b "c"d', ",", "1.5", "203..0.113.9", "203.0.113.256")  # fmt: skip
    cookies = ("a=1", 'a="x"; x-y=2', "a=k=v; x-y= 7 ", "a", "a=1; a=2", "x-y=;a=", " a = 3", 'a="1', "a=true;x-y=1.5")
    headers = [(dice.choice((*TOKENS, "X-Y")), dice.choice(lines)) for _ in range(dice.randrange(4))]
    headers += [("Cookie", dice.choice(cookies)) for _ in range(dice.randrange(3))]
    whole = {name: value(dice) for name in NAMES if dice.random() < 0.8}
    return {
        "location": dice.choice((None, *(address(dice) for _ in range(9)))),
        "referer": dice.choice((None, *(address(dice) for _ in range(4)))),
        "event": dice.choice((None, "pageView", "a", "", "true", "7")),
        "parameters": dice.choice((None, (value(dice),), *((whole,),) * 6)),
        "headers": [(name, line.strip(" \t")) for name, line in headers],
        "agent": dice.choice((None, "Mozilla/5.0")),
        "numbers": {key: dice.choice((-1, 80, 100)) for key in "whijk" if dice.random() < 0.7},
        "first": dice.random() < 0.5,
        "client": dice.choice(("127.0.0.1", "203.0.113.9", "198.51.100.7", "2001:db8::5")),
    }
