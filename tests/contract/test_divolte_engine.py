"""Rendered files in the libraries that Divolte 0.9.0 has: its Groovy, Avro, JSONPath, and Java's own classes."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
import yaml
from divolte_engine import Engine, engine
from divolte_requests import event_of_sent, request_of
from divolte_vectors import (
    DEEP,
    DIGESTS,
    FOLDER,
    FOREIGN_TYPES,
    RICH_FIELDS,
    event_of,
    plain,
    rich_model,
    vectors,
)
from random_sources import literal as random_literal
from random_sources import model as random_model
from random_sources import request as random_request

from dkd.collect import uri
from dkd.collect.geo import cities, known
from dkd.collect.message import Outcome
from dkd.collect.routes import routes
from dkd.model.geo import GEO as GEO_FIELDS
from dkd.model.load import load
from dkd.model.regex import understood
from dkd.model.source import ADDRESSES, AGENT_FIELDS, COLUMNS, DECODED, PARTS
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema, schema_json
from dkd.systems.divolte.doctor.conf import faults
from dkd.systems.divolte.mapping import mapping
from dkd.systems.divolte.quote import literal
from dkd.systems.divolte.render import conf
from dkd.systems.hocon import read

GEO = str(FOLDER / "divolte" / "rich" / "geo.mmdb")
RECORDED = [
    one
    for one in vectors("rich")
    if (one["records"] or {}).get("dv-rich") and not one.get("server_fault") and one["id"] not in DEEP
]


@pytest.fixture(scope="module")
def divolte() -> Iterator[Engine]:
    with engine() as found:
        yield found


def records(divolte: Engine, schema: str, script: str, events: list[Any]) -> list[dict[str, Any]]:
    found = divolte.ask("map", schema=schema, mapping=script, geo=GEO, events=events)["records"]
    return [plain(bytes.fromhex(one), schema) for one in found]


def test_the_engine_gives_what_the_recorded_divolte_gave(divolte: Engine):
    """Its own mapping, but for digests, sections, foreign types and user agents; so it may vouch for others."""
    lines = (FOLDER / "divolte" / "rich" / "rich.groovy").read_text().splitlines()
    cut = next(index for index, line in enumerate(lines) if line.startswith("  section {"))
    geo = next(index for index, line in enumerate(lines) if "def geo" in line)
    end = next(index for index, line in enumerate(lines) if "stopHere" in line)
    left = ("digest", "'pColor'", *(f"'{name}'" for name in FOREIGN_TYPES))
    kept = [line for line in (*lines[:cut], *lines[geo:end]) if not any(word in line for word in left)]
    script = "\n".join((*kept, "}"))
    mapped = set(re.findall(r"onto '(\w+)'", script)) - {"timestamp"}
    mapped -= {name for name in mapped if name.startswith("ua")}
    assert len(mapped) > 80
    schema = (FOLDER / "divolte" / "rich" / "rich.avsc").read_text()
    for vector, record in zip(RECORDED, records(divolte, schema, script, list(map(event_of, RECORDED))), strict=True):
        expected = vector["records"]["dv-rich"]["value"] | {"remoteHost": event_of(vector)["remoteHost"]}
        assert {name: record[name] for name in mapped} == {name: expected[name] for name in mapped}, vector["id"]


def test_the_rendered_mapping_gives_what_the_recorded_divolte_gave(divolte: Engine):
    model = rich_model("divolte")
    schema = schema_json(raw_schema(model))
    found = records(divolte, schema, mapping(model), list(map(event_of, RECORDED)))
    for vector, record in zip(RECORDED, found, strict=True):
        expected = vector["records"]["dv-rich"]["value"]
        expected |= {"timestamp": 0, "remoteHost": event_of(vector)["remoteHost"]}
        assert {name: record[name] for name in RICH_FIELDS} == {
            own: expected[name] for own, name in RICH_FIELDS.items()
        }, vector["id"]
    assert not set(RICH_FIELDS.values()) & (DIGESTS | FOREIGN_TYPES)


@pytest.mark.parametrize("seed", range(12))
def test_divolte_and_dkds_collector_write_the_same_record(divolte: Engine, seed: int):
    dice = Random(seed)
    root, sent = random_model(dice), [random_request(dice) for _ in range(20)]
    model = load(yaml.safe_dump(root).replace("geo.mmdb", GEO), "model")
    schema = schema_json(raw_schema(model))
    collector = routes(model, settings(model, "local", {}))
    found, events = [], []
    for at, one in enumerate(sent):
        outcome = collector(request_of(one, at))
        assert isinstance(outcome, Outcome)
        found.append(plain(outcome.messages[0].value[5:], schema))
        events.append(event_of_sent(one, found[-1]))
    for one, record, other in zip(sent, found, records(divolte, schema, mapping(model), events), strict=True):
        for name, field in root["fields"].items():
            assert same(record[name], other[name]), (record[name], other[name], field, one)


def same(one: Any, other: Any) -> bool:
    return one == other or (one != one and other != other)


CONFS = [
    "site: shop",
    "site: shop\ncollector: {kind: divolte, ip: full, cookie_domain: '${HOME}\"\\n}', geo_database: 'C:\\geo #1.mmdb'}",
    "site: shop\nenrich: [{sessions: {gap: 1ms}}]",
]


@pytest.mark.parametrize("head", CONFS)
def test_the_configuration_has_no_key_and_no_value_that_divolte_refuses(divolte: Engine, head: str):
    model = load(f"dkd: 1\n{head}\nevents: {{page_view: {{}}}}\n", "model")
    found = json.loads(divolte.ask("conf", text=conf(model))["conf"])["divolte"]
    assert list(faults(read(conf(model)), "c")) == []
    assert found["sources"]["browser"].get("cookie_domain") == model.collector.cookie_domain
    assert found["global"].get("mapper", {}).get("ip2geo_database") == model.collector.geo_database
    assert found["sinks"]["raw"]["topic"] == "shop.raw"


TEXTS = ["", "it's", "\\u0027", "${x}", "a\nb\r", "\x00\x7f\xff", "é€😀\uffff'", "\\", "*/", "$.a", '"', "\u2028"]


def test_groovy_reads_every_literal_back(divolte: Engine):
    dice = Random(1)
    texts = TEXTS + [
        "".join(chr(dice.choice((dice.randrange(128), dice.randrange(0xD800)))) for _ in range(9)) for _ in range(50)
    ]
    found = divolte.ask("literal", texts=[literal(text, "string") for text in texts])["values"]
    assert found == [["java.lang.String", text] for text in texts]
    numbers = [(value, kind) for kind in CLASSES for value in (random_literal(dice, kind) for _ in range(12))]
    found = divolte.ask("literal", texts=[literal(held(value, kind), kind) for value, kind in numbers])["values"]
    for (value, kind), (name, text) in zip(numbers, found, strict=True):
        assert name == CLASSES[kind]
        assert (float(text) if kind in ("float", "double") else int(text)) == pytest.approx(value)


CLASSES = {
    "int": "java.lang.Integer", "long": "java.lang.Long", "timestamp": "java.lang.Long", "float": "java.lang.Float",
    "double": "java.lang.Double",
}  # fmt: skip


def held(value: Any, kind: str) -> Any:
    return float(value) if kind in ("float", "double") else value


ADDRESS_PIECES = (
    "http", "mailto", "a_b", "1a", "", "//", ":", "/", "?", "#", "@", "[", "]", "::1", "fe80::1%eth0", "1.2.3.4",
    "256.1.1.1", "a.b", "-a", "a-", ".", "b.1", "123", ":80", "99999999999", "é", "%41", "%zz", "%", "%C3%A9", "%ff",
    "+", "a=b", "&", ";", "~", "!", "'", "*", "\\", "^", "{", "|", '"', "<", " ", "\t", "\xa0", "\u2028", "\x7f",
    "\x80", "😀", ",", "$", "user:pw", "[a%41b]", "::ffff:1.2.3.4", "fe80::1%",
)  # fmt: skip


def test_an_address_is_read_as_java_reads_it(divolte: Engine):
    dice = Random(2)
    texts = [
        "http://" * dice.choice((0, 1)) + "".join(dice.choices(ADDRESS_PIECES, k=dice.randrange(7)))
        for _ in range(4000)
    ]
    for text, found in zip(texts, divolte.ask("uri", texts=texts)["parts"], strict=True):
        read = uri.parse(text)
        decoded = [value if value is None else uri.decoded(value) for value in read[3:]] if read else []
        parts = [*read, *decoded] if read else None
        if parts and parts[2] is None:
            parts[2] = -1
        assert parts == found, text


ATOMS = (
    "a", "A", "k", ".", "\\d", "\\w", "\\s", "\\D", "\\S", "[a-c]", "[^a]", "[A-z]", "[-a]", "[\\d_]", "[^\\s]",
    "[a^]", "[\\]]", "\\.", "/", "é", "\u212a", "\u017f", "\\u00e9", "\\x41", "\\n", "[a-b-c]", "[ -~]", "😀", "-", "&",
    "#", "[é-ü]", "[a&b]", "[.*+?]", "S", "]", "[$]", "\\$",
)  # fmt: skip
SUBJECTS = "aAbcCkKsS0_.-/ \n\t\r\x0b\x85\u2028é\u212a\u017f😀$^&]*"


def random_regex(dice: Random, depth: int = 0) -> str:
    found = ""
    for _ in range(dice.randrange(5)):
        is_group = dice.random() > 0.65 and depth < 3
        opening = dice.choice(("(", "(?:", f"(?<n{dice.randrange(100)}>"))
        found += f"{opening}{random_regex(dice, depth + 1)})" if is_group else dice.choice(ATOMS)
        found += dice.choice(("", "", "*", "+", "?", "{2}", "{1,}", "*?", "??"))
    return found + "|" * (dice.random() < 0.2)


def test_a_pattern_finds_what_java_finds(divolte: Engine):
    dice, pairs = Random(3), []
    while len(pairs) < 4000:
        text = dice.choice(("", "", "(?i)", "^")) + random_regex(dice) + dice.choice(("", "$"))
        with suppress(ValueError):
            pattern = re.compile(understood(text).pattern)
            pairs += [(text, pattern, "".join(dice.choices(SUBJECTS, k=dice.randrange(5)))) for _ in range(8)]
    found = divolte.ask("regex", pairs=[(text, subject) for text, _, subject in pairs])["groups"]
    for (text, pattern, subject), groups in zip(pairs, found, strict=True):
        match = pattern.fullmatch(subject)
        assert (match and [match[0], *match.groups()]) == groups, (text, subject)
    assert sum(groups is not None for groups in found) > 100


def test_a_mapping_of_thousands_of_fields_is_no_method_too_large(divolte: Engine):
    fields = "".join(f"  field_{at}: {{type: int, from: [query q{at}, cookie c]}}\n" for at in range(1000))
    model = load(f"dkd: 1\nsite: shop\nevents: {{page_view: {{}}}}\nfields:\n{fields}", "model")
    event = event_of(RECORDED[0]) | {"location": "https://x/?q0=1&q999=2", "headers": [["Cookie", "c=3"]]}
    (found,) = records(divolte, schema_json(raw_schema(model)), mapping(model), [event])
    assert [found[f"field_{at}"] for at in (0, 1, 998, 999)] == [1, 3, 3, 2]


FIELD_TYPES = {"text": "string", "texts": "list"}


def test_every_source_has_a_producer_of_its_type(divolte: Engine):
    texts = [f"user_agent {name}" for name in AGENT_FIELDS]
    found = {f"geo {name}": FIELD_TYPES.get(one.type, one.type) for name, one in GEO_FIELDS.items()}
    found |= {name: FIELD_TYPES.get(kind, kind) for name, (kind, _) in COLUMNS.items()}
    found |= {f"{address} {part}": "string" for address in ADDRESSES for part in PARTS if part != "port"}
    found |= {f"{address} decoded {part}": "string" for address in ADDRESSES for part in DECODED}
    found |= {f"{address} port": "int" for address in ADDRESSES} | dict.fromkeys(texts, "string")
    names = {f"f{at}": source for at, source in enumerate(found)}
    fields = "".join(f"  {name}: {{type: {found[source]}, from: {source}}}\n" for name, source in names.items())
    collector = f"collector: {{kind: divolte, ip: full, geo_database: {GEO}}}"
    model = load(f"dkd: 1\nsite: shop\n{collector}\nevents: {{page_view: {{}}}}\nfields:\n{fields}", "model")
    schema = schema_json(raw_schema(model))
    location = {"location": "http://u@h:80/a%20b?c=%20#/d?e=1"}
    clients = ("203.0.113.9", "198.51.100.7", "2001:db8::5", "127.0.0.1")
    events = [event_of(RECORDED[0]) | location | {"remoteHost": client} for client in clients]
    given = records(divolte, schema, mapping(model), events)
    for client, record in zip(clients, given, strict=True):
        by_source = {source: record[name] for name, source in names.items()}
        assert {by_source[source] for source in texts} == {"unknown"}
        assert by_source["location port"] == 80
        assert (by_source["location decoded path"], by_source["fragment path"]) == ("/a b", "/d")
        city = cities(GEO)(client)
        assert {source: known(city, one) for source, one in GEO_FIELDS.items()} == {
            source: by_source[f"geo {source}"] for source in GEO_FIELDS
        }
