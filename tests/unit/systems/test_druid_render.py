"""Models become supervisors that hold every column with its type, and nothing that Druid would drop in silence."""

import copy

import pytest

from dkd.errors import DkdError
from dkd.model.columns import SESSION_COLUMNS, event_columns
from dkd.model.load import load
from dkd.systems.druid.render import supervisor, supervisors
from dkd.systems.druid.strict import require_known, unknown

MODEL = load(
    "dkd: 1\nsite: shop\nevents: {page_view: {}}\n"
    "fields: {tags: list, price: double, paid: boolean, seen: timestamp, gone: {privacy: drop},"
    " code: {type: int, privacy: pseudonymise}}\n"
    "datasources: {events: {segment: day}, sessions: {segment: month}}\n",
    "model",
)
SERVERS = {"bootstrap.servers": "k:9092"}


def dimensions(kind):
    spec = supervisor(MODEL, kind, SERVERS)["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]
    return {one["name"]: {key: value for key, value in one.items() if key != "name"} for one in spec}


def test_events_have_every_column_of_clean_but_the_time():
    assert list(dimensions("events")) == [c.name for c in event_columns(MODEL) if c.name != "timestamp_ms"]


def test_session_rows_have_every_column_but_the_time():
    assert list(dimensions("sessions")) == [c.name for c in SESSION_COLUMNS if c.name != "start_ms"]


def test_columns_have_types_that_druid_knows():
    found = dimensions("events")
    assert found["price"] == {"type": "double"}
    assert found["seen"] == found["received_ms"] == {"type": "long"}
    assert found["is_bot"] == found["paid"] == {"type": "long"}
    assert found["code"] == found["event"] == {"type": "string"}
    assert "gone" not in found


def test_lists_keep_their_order():
    assert dimensions("events")["tags"] == {"type": "string", "multiValueHandling": "ARRAY"}
    assert dimensions("sessions")["pages"]["multiValueHandling"] == "ARRAY"


@pytest.mark.parametrize(
    ("kind", "topic", "column", "segment"),
    [("events", "shop.clean", "timestamp_ms", "DAY"), ("sessions", "shop.sessions", "start_ms", "MONTH")],
)
def test_each_reads_its_topic_by_event_time(kind, topic, column, segment):
    spec = supervisor(MODEL, kind, SERVERS)["spec"]
    assert spec["ioConfig"]["topic"] == topic
    assert spec["dataSchema"]["timestampSpec"] == {"column": column, "format": "millis"}
    granularity = spec["dataSchema"]["granularitySpec"]
    assert (granularity["segmentGranularity"], granularity["queryGranularity"]) == (segment, "NONE")
    assert granularity["rollup"] is False


def test_a_target_cannot_overrule_what_exactly_once_needs():
    asked = {**SERVERS, "isolation.level": "read_uncommitted", "allow.auto.create.topics": "true", "a": "b"}
    found = supervisor(MODEL, "events", asked)["spec"]["ioConfig"]["consumerProperties"]
    assert found == {
        "a": "b", "allow.auto.create.topics": "false", "bootstrap.servers": "k:9092",
        "isolation.level": "read_committed",
    }  # fmt: skip
    assert list(found) == sorted(found)


def test_whole_intervals_can_be_replaced_beside_live_rows():
    assert all(spec["context"]["useConcurrentLocks"] is True for spec in supervisors(MODEL))


def test_the_files_name_no_servers():
    assert {s["spec"]["ioConfig"]["consumerProperties"]["bootstrap.servers"] for s in supervisors(MODEL)} == {
        "${KAFKA_SERVERS}"
    }


def spoilt(*path, value=1):
    spec = copy.deepcopy(supervisor(MODEL, "events", SERVERS))
    at = spec
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return spec


@pytest.mark.parametrize(
    "path",
    [
        ("taskCount",),
        ("spec", "dataSchemas"),
        ("spec", "dataSchema", "parser"),
        ("spec", "dataSchema", "metricSpec"),
        ("spec", "dataSchema", "timestampSpec", "col"),
        ("spec", "dataSchema", "granularitySpec", "rollUp"),
        ("spec", "ioConfig", "taskCout"),
        ("spec", "tuningConfig", "maxRows"),
    ],
)
def test_a_key_that_druid_would_drop_is_named(path):
    assert unknown(spoilt(*path)) == (".".join(path),)


def test_a_type_that_druid_would_take_for_a_string_is_named():
    spec = spoilt("spec", "dataSchema", "dimensionsSpec", "dimensions", value=[{"name": "n", "type": "int"}])
    assert unknown(spec) == ("spec.dataSchema.dimensionsSpec.dimensions[0].type",)
    with pytest.raises(DkdError, match=r"shop_events.*type: 'int' is no type.*taken for string.*DKD270"):
        require_known(spec)


def test_free_maps_may_hold_anything():
    assert unknown(spoilt("spec", "ioConfig", "consumerProperties", "any.thing")) == ()
    assert unknown(spoilt("context", "any")) == ()
