"""What is rendered, on the real Druid and Kafka: each golden model's artefacts are kept whole and ingest its events."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from enriched import one_of_each, value_of
from hypothesis import HealthCheck, given, settings
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from random_models import model_of, models

from dkd.enrich.resources import open_resources
from dkd.model.columns import SESSION_COLUMNS, event_columns
from dkd.model.load import read_model
from dkd.model.schema import Field
from dkd.query.client import Druid
from dkd.settings import settings as settings_of
from dkd.systems.druid.api import Api
from dkd.systems.druid.batch import FOLDER, INTERVAL
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.keeping import compactions, normal_compaction, normal_rules, rules
from dkd.systems.druid.live import differences
from dkd.systems.druid.render import KINDS, PLACEHOLDER, supervisor
from dkd.systems.druid.strict import findings_of
from dkd.systems.kafka.render import topics
from dkd.systems.kafka.strict import SETTINGS
from dkd.systems.table import artefacts

pytestmark = pytest.mark.stack

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "golden").glob("*/model.yaml"))
EXAMPLES = int(os.environ.get("DKD_TEST_EXAMPLES", "200"))
WHEN = {"events": "2026-05-28T20:00:00Z/2026-05-28T21:00:00Z", "sessions": "2026-05-28/2026-05-29"}
TASKS_S = 120.0
INDEXER = "/druid/indexer/v1"
COORDINATOR = "/druid/coordinator/v1"


def interval(model, kind):
    """The whole segments around the time of the events."""
    segment = getattr(model.datasources, kind).segment
    return {"hour": WHEN["events"], "day": WHEN["sessions"], "month": "2026-05-01/2026-06-01"}[segment]


@pytest.fixture(scope="module")
def site(stack):
    """Where the run's stack is."""
    return settings_of(model_of({"dkd": 1, "site": "x", "events": {"a": {}}}), "local", os.environ, stack.base_port)


@pytest.fixture(scope="module")
def api(site) -> Iterator[Api]:
    made = Api(site.druid)
    yield made
    made.close()


@pytest.fixture(scope="module")
def golden_models():
    """Each golden model by its case, as a site of its own: another test's may have the name that it has."""
    found = {case.name: read_model(case / "model.yaml") for case in CASES}
    return {name: model.model_copy(update={"site": f"specs_{name}"}) for name, model in found.items()}


def everywhere(models):
    """Each model, and as it counts at each target that has something of its own."""
    return [there for model in models.values() for there in (model, *map(model.at, model.other_targets))]


@pytest.fixture(scope="module")
def rows(golden_models):
    """A record of each event of each golden model, as its enricher writes them."""
    return {name: one_of_each(model) for name, model in golden_models.items()}


def lines(found) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in found)


def sampled(api: Api, spec, text: str):
    """What Druid's sampler makes of lines with the dataSchema of *spec*."""
    source = {"type": "inline", "data": text}
    io_config = {"type": "index", "inputSource": source, "inputFormat": spec["spec"]["ioConfig"]["inputFormat"]}
    wanted = {"type": "index", "spec": {"dataSchema": spec["spec"]["dataSchema"], "ioConfig": io_config}}
    return api.call("POST", f"{INDEXER}/sampler", {**wanted, "samplerConfig": {"numRows": 500, "timeoutMs": 10_000}})


def as_row(spec, record):
    """The row that *record* should become: Druid has no flags, and knows one value and a list of one as the same."""
    names = [one["name"] for one in spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]]
    kept = {name: value for name, value in record.items() if name in names and value not in (None, [])}
    return {name: _stored(value) for name, value in kept.items()}


def _stored(value):
    if isinstance(value, bool):
        return int(value)
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def filled(row):
    return {name: _stored(value) for name, value in row.items() if value not in (None, []) and name != "__time"}


def test_every_supervisor_is_kept_by_druid_as_it_was_rendered(site, golden_models):
    with Overlord(site.druid) as overlord:
        for model in everywhere(golden_models):
            for kind in KINDS:
                name = model.datasource(kind)
                # Suspended: Druid keeps all of it and starts no task.
                spec = {**supervisor(model, kind, PLACEHOLDER), "suspended": True}
                overlord.post(spec)
                live = overlord.read()[name]
                assert differences(spec, live) == ()
                # What Druid gives back holds its defaults too: it knows no key that the strict schema does not.
                assert findings_of(live) == ()
                overlord.terminate(name)


def test_kafka_takes_every_topic_that_is_rendered(site, golden_models):
    admin = KafkaAdminClient(bootstrap_servers=site.kafka.servers)
    for model in everywhere(golden_models):
        wanted = {
            one.name: {"num_partitions": one.partitions, "replication_factor": 1, "configs": dict(one.config)}
            for one in topics(model)
        }
        answer = admin.create_topics(wanted, validate_only=True, raise_errors=False)
        assert {one["error_code"] for one in answer["topics"]} == {0}
        wanted[model.topic("raw")]["configs"]["no.such"] = "1"
        answer = admin.create_topics(wanted, validate_only=True, raise_errors=False)
        assert {one["name"] for one in answer["topics"] if one["error_code"]} == {model.topic("raw")}
    admin.close()


def test_the_settings_that_the_topics_file_may_hold_are_kafkas(site):
    admin = KafkaAdminClient(bootstrap_servers=site.kafka.servers)
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "shop.raw")], config_filter="all")
    admin.close()
    assert set(found["topic"]["shop.raw"]) == set(SETTINGS)


def test_the_sampler_makes_a_row_of_a_record_of_each_event(api, golden_models, rows):
    for name, model in golden_models.items():
        for kind in KINDS:
            spec = supervisor(model, kind, PLACEHOLDER)
            found = sampled(api, spec, lines(rows[name][kind])) if rows[name][kind] else {"data": []}
            assert [one for one in found["data"] if one.get("error")] == []
            parsed = [filled(one["parsed"]) for one in found["data"]]
            assert parsed == [as_row(spec, record) for record in rows[name][kind]]
    assert {"shop", "divolte"} <= {name for name in rows if rows[name]["sessions"]}


def test_rules_and_compaction_come_back_as_they_were_rendered(api, golden_models):
    for model in everywhere(golden_models):
        for name, wanted in rules(model).items():
            api.call("POST", f"{COORDINATOR}/rules/{name}", wanted)
            live = api.call("GET", f"{COORDINATOR}/rules/{name}")
            assert normal_rules(live) == normal_rules(wanted)
            assert findings_of(live, "rules") == ()
            api.call("POST", f"{COORDINATOR}/rules/{name}", [])
        for name, wanted in compactions(model).items():
            api.call("POST", f"{COORDINATOR}/config/compaction", wanted)
            live = api.call("GET", f"{COORDINATOR}/config/compaction/{name}")
            assert normal_compaction(live) == normal_compaction(wanted)
            assert findings_of(live, "compaction") == ()
            api.call("DELETE", f"{COORDINATOR}/config/compaction/{name}")


def batch_of(model, folder: str, kind: str, **places: str):
    """The rendered file with its placeholders filled in."""
    text = artefacts(model)[f"specs/{model.site}/druid/{folder}/{model.datasource(kind)}.json"]
    for placeholder, value in {INTERVAL: interval(model, kind), **places}.items():
        text = text.replace(placeholder, value)
    return json.loads(text)


def run(api: Api, specs) -> dict[str, int]:
    """Run batches beside each other; rows that each processed, by its datasource."""
    ids = {api.call("POST", f"{INDEXER}/task", spec)["task"]: spec for spec in specs}
    end, found = time.monotonic() + TASKS_S, {}
    for task, spec in ids.items():
        while (status := api.call("GET", f"{INDEXER}/task/{task}/status")["status"])["statusCode"] == "RUNNING":
            assert time.monotonic() < end, f"{task} does not end"
            time.sleep(0.2)
        assert status["statusCode"] == "SUCCESS", status["errorMsg"]
        report = api.call("GET", f"{INDEXER}/task/{task}/reports")["ingestionStatsAndErrors"]["payload"]
        found[spec["spec"]["dataSchema"]["dataSource"]] = report["rowStats"]["buildSegments"]["processed"]
    return found


def version(druid: Druid, table: str) -> str:
    """Of the segments that answer; empty where there are none."""
    query = 'SELECT "version" FROM sys.segments WHERE datasource = ? AND is_active = 1 AND is_available = 1'
    return max((str(row[0]) for row in druid.sql(query, [table]).rows), default="")


def stored(druid: Druid, spec, before: str, wanted):
    """All rows of the datasource in the order of time: *wanted*, by segments of another version than *before*.

    What they are when the time is up, if they are not; SQL knows of new segments before they answer.
    """
    table, end = spec["spec"]["dataSchema"]["dataSource"], time.monotonic() + 60
    dimensions = spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]
    lists = {one["name"] for one in dimensions if "multiValueHandling" in one}
    known = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = ?"
    found: list[object] = []
    while (found != wanted or version(druid, table) == before) and time.monotonic() < end:
        time.sleep(0.2)
        if druid.sql(known, [table]).value():
            answer = druid.sql(f'SELECT * FROM "{table}" ORDER BY __time').as_dicts()
            found = [filled({name: _unpacked(name in lists, value) for name, value in row.items()}) for row in answer]
    return found if version(druid, table) != before else "the rows of before"


def _unpacked(is_list: bool, value):
    """SQL answers several values as JSON text, and one as it is."""
    return json.loads(value) if is_list and isinstance(value, str) and value.startswith("[") else value


def test_the_rendered_batches_ingest_each_event_replace_it_and_write_it_anew(api, site, golden_models, rows, tmp_path):
    places = [(name, kind) for name in golden_models for kind in KINDS if rows[name][kind]]
    tables = {place: golden_models[place[0]].datasource(place[1]) for place in places}
    for place in places:
        tmp_path.joinpath(*place).mkdir(parents=True)
    batches, reindexed = (
        {
            place: batch_of(golden_models[place[0]], which, place[1], **{FOLDER: str(tmp_path.joinpath(*place))})
            for place in places
        }
        for which in ("batch", "reindex")
    )
    with Druid(site.druid) as druid:
        for step, (which, party) in enumerate(((batches, "first"), (batches, "second"), (reindexed, "second"))):
            # Every model is ingested; replacing and writing anew are tried on two, one by the hour, one by the day.
            specs = {place: which[place] for place in places if not step or place[0] in ("shop", "storage")}
            records = {place: [{**row, "party_id": party} for row in rows[place[0]][place[1]]] for place in places}
            for place in specs:
                tmp_path.joinpath(*place, "part.ndjson").write_text(lines(records[place]), "utf-8")
            before = {place: version(druid, table) for place, table in tables.items()}
            assert run(api, specs.values()) == {tables[place]: len(records[place]) for place in specs}
            for place, spec in specs.items():
                wanted = [as_row(spec, record) for record in records[place]]
                assert stored(druid, spec, before[place], wanted) == wanted
    for table in tables.values():
        api.call("DELETE", f"{COORDINATOR}/datasources/{table}", absent={})


def test_a_line_that_cannot_be_read_fails_a_batch_and_leaves_what_was_stored(api, golden_models, tmp_path):
    (tmp_path / "part.ndjson").write_text('{"event": "page_view", "timestamp_ms": "no time"}\n')
    with pytest.raises(AssertionError, match="parse exceptions"):
        run(api, [batch_of(golden_models["minimal"], "batch", "events", **{FOLDER: str(tmp_path)})])


_KIND = {"string": "string", "boolean": "boolean", "long": "long", "double": "double", "list": "list"}


def test_the_sampler_takes_random_models(api):
    """Of each a row with all columns filled, and one with none but its time."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(models())
    def law(root):
        model = model_of(root)
        for kind, columns in (("events", event_columns(model)), ("sessions", SESSION_COLUMNS)):
            spec = supervisor(model, kind, PLACEHOLDER)
            assert findings_of(spec) == ()
            time_column = spec["spec"]["dataSchema"]["timestampSpec"]["column"]
            full = {one.name: value_of(Field(type=_KIND[one.type])) for one in columns}
            found = sampled(api, spec, lines([{**full, time_column: 1}, {time_column: 2}]))
            parsed = [filled(one["parsed"]) for one in found["data"]]
            assert parsed == [as_row(spec, full), {}]
            assert [one["name"] for one in found["logicalSegmentSchema"]] == [
                "__time", *(one["name"] for one in spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"])
            ]  # fmt: skip

    law()


def test_the_enricher_writes_what_the_sampler_takes_of_random_models(api):
    """The real chain of random models: each event becomes a row, whatever its fields are called and hold."""

    @settings(max_examples=max(EXAMPLES // 2, 10), deadline=None, suppress_health_check=list(HealthCheck))
    @given(models())
    def law(root):
        model = model_of(root)
        found = one_of_each(model, open_resources(model))["events"]
        spec = supervisor(model, "events", PLACEHOLDER)
        parsed = [filled(one["parsed"]) for one in sampled(api, spec, lines(found))["data"]]
        assert parsed == [as_row(spec, record) for record in found]

    law()
