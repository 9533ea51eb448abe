"""The order that a rule names breaks nothing, and an order with two of its parties exchanged does."""

import pytest
from rollout import World, faults, swapped, world

from dkd.systems.table import RULES

BASE = world("events: {page_view: {}}\nfields: {a: string}\n")
MORE = world("events: {page_view: {}}\nfields: {a: string, f: string}\n")
ENUM = "events: {{page_view: {{}}}}\nfields: {{f: {{type: enum, values: [{}]}}}}\n"


def avro(kind, default, *sends):
    """The world of one Avro field of type *kind*, whose pages send *sends*."""
    fields = [{"name": "f", "type": kind, "default": default}]
    schema = {"type": "record", "name": "Event", "namespace": "dkd.shop", "fields": fields}
    return World(schema, sends)


def symbols(known, *sent):
    kind = {"type": "enum", "name": "K", "symbols": list(known), "default": known[0]}
    return avro(kind, known[0], *({"f": symbol} for symbol in sent))


REORDERED = World(
    {**MORE.schema, "fields": [*MORE.schema["fields"][:-2], *MORE.schema["fields"][:-3:-1]]}, MORE.sends, MORE.events,
    columns=MORE.columns, asks=MORE.asks,
)  # fmt: skip
RENAMED = world("events: {page_view: {}}\nfields: {a: string, f: {was: a}}\n")
LISTED, LISTED_MORE = (
    world(
        f"events: {{a: {{fields: {{f: {{type: enum, values: [x]}}}}}}, b: {{{fields}}}}}\n",
        sends=({"eventType": "a", "f": "x"}, {"eventType": "b", "f": value}),
    )
    for fields, value in (("", "y"), ("fields: {f: {type: enum, values: [x]}}", "x"))
)
REQUIRED = world("events: {page_view: {}}\nfields: {a: string, f: {required: true}}\n")
INT, LONG = (world(f"events: {{e: {{}}}}\nfields: {{f: {kind}}}\n") for kind in ("int", "long"))
EVENTS = world("events: {page_view: {}, seen: {}}\nfields: {a: string}\n")

CASES = [
    ("DKD860", "a field is added", BASE, MORE, ["RV", "DS", "ES", "VS", "DU", "SU"]),
    ("DKD902", "a field is added", BASE, MORE, ["RV", "DS", "ES", "VS"]),
    ("DKD861", "a field is removed", MORE, BASE, ["UD", "UE", "UV", "US"]),
    ("DKD903", "a field is removed", MORE, BASE, ["UD", "UE", "UV", "US"]),
    ("DKD954", "a column is dropped", MORE, BASE, ["UD", "UE"]),
    ("DKD984", "a field is filled no more", MORE, BASE, ["UV", "RV"]),
    ("DKD980", "a field is filled", BASE, MORE, ["RV"]),
    ("DKD952", "a column is added", BASE, MORE, ["DS", "DU"]),
    ("DKD866", "a field gets a successor", BASE, RENAMED, ["RV", "DS", "ES", "VS", "SU"]),
    ("DKD904", "int to long", INT, LONG, ["RV", "EV"]),
    ("DKD904", "float to double", avro("float", 0.0, {"f": 0.5}), avro("double", 0.0, {"f": 0.1}), ["RV", "EV"]),
    ("DKD911", "null from now on", avro("string", "", {"f": "x"}, {}), avro(["null", "string"], None, {"f": "x"}, {}),
     ["RV", "EV"]),
    ("DKD912", "no null any more", avro(["null", "string"], None, {"f": "x"}, {}), avro("string", "", {"f": "x"}, {}),
     ["RV", "VE", "WE"]),
    ("DKD908", "a symbol more", symbols("a", "a"), symbols("ab", "a", "b"), ["ES", "RV", "VS"]),
    ("DKD910", "a symbol less", symbols("ab", "a", "b"), symbols("a", "a"), ["SE", "WE", "RV", "WV"]),
    ("DKD914", "fields change places", MORE, REORDERED, ["RV"]),
    ("DKD850", "an event is new", BASE, EVENTS, ["ES"]),
    ("DKD851", "an event is retired", EVENTS, BASE, ["SE"]),
    ("DKD855", "a field is required", world("events: {page_view: {}}\nfields: {a: string, f: string}\n", silent="f"),
     REQUIRED, ["SE", "WE"]),
    ("DKD875", "an enum value more", world(ENUM.format("a")), world(ENUM.format("a, b")), ["ES"]),
    ("DKD876", "an enum value less", world(ENUM.format("a, b")), world(ENUM.format("a")), ["SE", "WE"]),
    ("DKD858", "an event lists an enum more", LISTED, LISTED_MORE, ["SE", "WE"]),
    ("DKD871", "a text becomes an enum",
     world("events: {page_view: {}}\nfields: {f: string}\n", sends=({"eventType": "page_view", "f": "z"},)),
     world(ENUM.format("a")), ["SE", "WE"]),
]  # fmt: skip
PAIRS = [(code, name, old, new, pair) for code, name, old, new, pairs in CASES for pair in pairs]


@pytest.mark.parametrize(("code", "name", "old", "new", "pairs"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_the_order_of_a_rule_breaks_nothing(code, name, old, new, pairs):
    assert faults(old, new, RULES[code].order) == []


@pytest.mark.parametrize(("code", "name", "old", "new", "pair"), PAIRS, ids=[f"{p[0]} {p[1]} {p[4]}" for p in PAIRS])
def test_two_parties_exchanged_break_something(code, name, old, new, pair):
    assert faults(old, new, swapped(RULES[code].order, *pair))
