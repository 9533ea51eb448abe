"""Rendered files in the libraries that Divolte 0.9.0 has: its Groovy, Avro, JSONPath, and Java's own classes."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import yaml
from divolte_engine import Engine, engine
from divolte_requests import event_of_sent, request_of
from divolte_vectors import (
    DIGESTS,
    FOLDER,
    FOREIGN_TYPES,
    RICH_FIELDS,
    event_of,
    plain,
    rich_model,
    vectors,
)
from random_sources import model as random_model
from random_sources import request as random_request

from dkd.collect.message import Outcome
from dkd.collect.routes import routes
from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema, schema_json
from dkd.systems.divolte.mapping import mapping

GEO = str(FOLDER / "divolte" / "rich" / "geo.mmdb")
RECORDED = [one for one in vectors("rich") if (one["records"] or {}).get("dv-rich") and not one.get("server_fault")]


@pytest.fixture(scope="module")
def divolte() -> Iterator[Engine]:
    with engine() as found:
        yield found


def records(divolte: Engine, schema: str, script: str, events: list[Any]) -> list[dict[str, Any]]:
    found = divolte.ask("map", schema=schema, mapping=script, geo=GEO, events=events)["records"]
    return [plain(bytes.fromhex(one), schema) for one in found]


def test_the_engine_gives_what_the_recorded_divolte_gave(divolte: Engine):
    """Its own mapping, but for digests, sections, maps, records, enums and the user agents of 2014; so the engine may vouch for others."""
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
