"""Random models with hostile texts, as hypothesis makes them."""

import copy
import re
import string
from typing import get_args

import yaml
from hypothesis import strategies as st

from dkd.model.columns import RAW_FIELDS, STANDARD_NAMES
from dkd.model.jsonpath import path_text
from dkd.model.load import load
from dkd.model.types import FieldType

RESERVED = STANDARD_NAMES | {name for field in RAW_FIELDS for name in (field.name, field.column)} | {"offset"}
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(lambda name: name not in RESERVED)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=12) | st.sampled_from(
    ["'", "''", "\\", "\\u0027", "${x}", "*/", "//", '"', "]']", "' onto 'x", "{", "}", "$.a"]
)
parameter_names = texts.filter(
    lambda name: name and name.isprintable() and not {" ", ","} & set(name) and not re.search(r"\s", name)
)
tokens = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,10}", fullmatch=True)
sources = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(["parameter", "query"]), parameter_names).map(" ".join),
    st.tuples(st.sampled_from(["cookie", "header"]), tokens).map(" ".join),
    st.sampled_from(["host", "path", "query", "fragment"]).map(lambda part: f"location {part}"),
    parameter_names.map(lambda name: "path " + path_text((name,))),
    st.sampled_from(["referer decoded path", "fragment query a", "header B -2", "event", "path $.a[*].b"]),
)


def pattern(text):
    """A regular expression of one group, for just this text."""
    return "(" + "".join(f"\\{char}" if char in string.punctuation else char for char in text) + ")"


conditions = st.one_of(
    st.tuples(parameter_names, texts).map(lambda pair: {"source": f"query {pair[0]}", "equals": pair[1]}),
    st.tuples(parameter_names, texts).map(
        lambda pair: {"not": {"all": [{"source": f"parameter {pair[0]}", "matches": pattern(pair[1])}]}}
    ),
    st.just({"source": "referer host", "same_as": "location host"}),
)


@st.composite
def steps(draw, kind):
    """A step for a field of type *kind*; lists have but sources."""
    if kind == "list" or draw(st.booleans()):
        return draw(sources.filter(lambda source: source and (kind == "list" or "*" not in source)))
    found = {"source": f"query {draw(parameter_names)}", "match": pattern(draw(texts))}
    if kind == "string" and draw(st.booleans()):
        found = {"value": draw(texts)}
    return {**found, "when": draw(conditions)} if draw(st.booleans()) else found


@st.composite
def fields(draw):
    kind = draw(st.sampled_from(get_args(FieldType)))
    privacy = draw(st.sampled_from(["keep", "pseudonymise", "drop"]))
    source = draw(
        sources.filter(lambda source: kind == "list" or "*" not in (source or ""))
        | st.lists(steps(kind), min_size=1, max_size=2)
    )
    found = {"type": kind, "privacy": privacy, "from": source, "description": draw(st.none() | texts)}
    if kind == "string":
        found["default"] = draw(st.none() | texts)
    if kind == "enum":
        found["values"] = draw(st.lists(st.text("abc", min_size=1), min_size=1, max_size=3, unique=True))
    return {key: value for key, value in found.items() if value is not None}


@st.composite
def models(draw):
    shared = draw(st.dictionaries(names, fields(), max_size=5))
    events = draw(st.dictionaries(names, st.dictionaries(names, fields(), max_size=3), min_size=1, max_size=3))
    seen = dict(shared)
    for own in events.values():
        for name in own:
            own[name] = seen.setdefault(name, own[name])
    return {
        "dkd": 1,
        "site": draw(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)),
        "collector": {"ip": draw(st.sampled_from(["full", "truncate", "hash"])), "cookie_domain": draw(texts)},
        "events": {name: {"fields": own} for name, own in events.items()},
        "fields": shared,
        "topics": {"partitions": draw(st.integers(1, 64)), "replication": draw(st.integers(1, 5))},
        "datasources": draw(
            st.sampled_from([{}, {"events": {"compact_after": "2d"}}, {"sessions": {"segment": "hour"}}])
        ),
        "targets": draw(
            st.sampled_from([{}, {"x": {"topics": {"replication": 3}}}, {"x": {"datasources": COMPACTED}}])
        ),
    }


COMPACTED = {"sessions": {"compact_after": "1h", "retention": "10d"}}


def model_of(root):
    return load(yaml.dump(root, Dumper=yaml.CSafeDumper), "model")


def yaml_of(root):
    return yaml.dump(root, Dumper=yaml.CSafeDumper)


@st.composite
def edited(draw, root):
    """*root* after up to three edits, such as people make."""
    found = copy.deepcopy(root)
    for edit in draw(st.lists(st.sampled_from(EDITS), max_size=3)):
        edit(draw, found)
    return found


def _everywhere(root, name, change):
    for own in (root["fields"], *(event["fields"] for event in root["events"].values())):
        if name in own:
            change(own)


def _known(root):
    return sorted({*root["fields"], *(name for event in root["events"].values() for name in event["fields"])})


def _edit_field(draw, root):
    if known := _known(root):
        name, new = draw(st.sampled_from(known)), draw(fields())
        unit = draw(st.sampled_from([None, "EUR", "USD"]))
        _everywhere(root, name, lambda own: own.update({name: {**new, **({"unit": unit} if unit else {})}}))


def _edit_one_thing(draw, root):
    if known := _known(root):
        name = draw(st.sampled_from(known))
        key, values = draw(
            st.sampled_from(
                [
                    ("unit", ["EUR", "USD"]),
                    ("privacy", ["keep", "pseudonymise", "drop"]),
                    ("from", ["query a", "parameter b"]),
                    ("description", ["x", "y"]),
                ]
            )
        )
        value = draw(st.sampled_from(values))
        _everywhere(root, name, lambda own: own[name].update({key: value}))


def _change_number(draw, root):
    kinds = ["int", "long", "float", "double", "timestamp"]
    known = [name for name in _known(root) if _type_of(root, name) in kinds]
    if known:
        name, kind = draw(st.sampled_from(known)), draw(st.sampled_from(kinds))
        _everywhere(root, name, lambda own: own[name].update({"type": kind}))


def _type_of(root, name):
    holders = (root["fields"], *(event["fields"] for event in root["events"].values()))
    return next(own[name]["type"] for own in holders if name in own)


def remove_field(draw, root):
    if known := _known(root):
        name = draw(st.sampled_from(known))
        _everywhere(root, name, lambda own: own.pop(name))
        if draw(st.booleans()):
            root["reserved"] = [*root.get("reserved", []), name]


def rename_field(draw, root):
    name = draw(names)
    if (known := _known(root)) and name not in known:
        old, told = draw(st.sampled_from(known)), draw(st.booleans())
        _everywhere(root, old, lambda own: own.update({name: {**own.pop(old), **({"was": old} if told else {})}}))


def _add_field(draw, root):
    name = draw(names)
    if name not in _known(root):
        root["fields"][name] = draw(fields())


def _add_event(draw, root):
    root["events"].setdefault(draw(names), {"fields": {}})


def _other_section(draw, root):
    name, values = draw(
        st.sampled_from(
            [
                ("collector", [{"ip": "full"}, {"ip": "hash", "kind": "divolte"}]),
                ("topics", [{"partitions": 3}, {"retention": {"clean": "9d"}}]),
                ("datasources", [{"events": {"segment": "day"}}, {"sessions": {"retention": "9d"}}]),
                ("enrich", [["url"], [{"bots": {"action": "drop"}}], [{"sessions": {"gap": "9m"}}]]),
                ("measures", [{"a": {"count": "events"}}, {"a": {"count_distinct": "party_id"}}]),
                ("measures", [{"a": {"count": "events", "where": {"os": one}}} for one in ("x", ["x", None])]),
                ("measures", [{"a": {"quantile": "viewport_width", "at": at}} for at in (0.5, 0.95)]),
                ("dimensions", [{"a_part": {"part": part}} for part in ("hour", "weekday")]),
                ("dimensions", [{"a_part": {"from": "os", "groups": {"x": [one]}}} for one in ("y", None)]),
                ("targets", [{"x": {"collector": "https://x"}}, {"x": {"collector": "https://y"}}]),
                ("targets", [{"x": {"topics": {"partitions": 2, "retention": {"raw": "9d"}}}}, {"x": {"topics": {}}}]),
                ("targets", [{"x": {"datasources": {"events": {"segment": "day", "compact_after": "2d"}}}}]),
                ("description", ["one", "two"]),
            ]
        )
    )
    root[name] = draw(st.sampled_from(values))


EDITS = [
    _edit_field, _edit_one_thing, _edit_one_thing, _change_number, remove_field, rename_field, _add_field, _add_event,
    _other_section,
]  # fmt: skip
