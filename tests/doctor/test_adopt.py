"""Old files become the model that they imply; what the model cannot say is listed with its place and why."""

import json
import re
from pathlib import Path

import pytest

from dkd.jobs.doctor import diagnosed, examined
from dkd.jobs.doctor_write import project_files, written
from dkd.model.load import load

FIXTURES = Path(__file__).parent / "fixtures"
SHOP = [FIXTURES / name for name in ("divolte-collector.conf", "ShopRecord.avsc", "mapping.groovy", "avro_stream.json")]


def adopted(texts, sample=""):
    """The model of *texts* and the losses."""
    made = written(examined(texts, "sample" if sample else "", sample).bundle, list(texts))
    return load(made.texts[f"specs/{made.site}.yaml"], "model.yaml"), made.lost


def mapping(*lines):
    return "mapping {\n" + "\n".join(lines) + "\n}\n"


@pytest.fixture(scope="module")
def shop():
    made = written(diagnosed(SHOP).bundle, [path.name for path in SHOP])
    return made, load(made.texts[f"specs/{made.site}.yaml"], "model.yaml")


def test_a_whole_installation_becomes_one_model(shop):
    made, model = shop
    assert (made.site, model.collector.cookie_domain) == ("webshop_clicks", ".shop.example")
    assert sorted(model.events) == ["add_to_basket", "page_view", "preview", "remove_from_basket"]
    assert model.enrich.sessions.gap.total_seconds() == 20 * 60
    fields = model.events["add_to_basket"].fields
    assert {name: field.type for name, field in fields.items()} == {"product_id": "string", "quantity": "int"}
    assert model.fields["cart_id"].description == "the visitor's cart"
    kinds = {name: (one.count, one.sum, one.count_distinct) for name, one in model.measures.items()}
    assert kinds["events"] == ("events", None, None)
    assert kinds["basket"] == (None, "basket_value", None)
    assert kinds["visitors"] == (None, None, "party_id")


def test_fields_keep_their_sources(shop):
    _, model = shop
    text = shop[0].texts[f"specs/{shop[0].site}.yaml"]
    assert "product_id: {type: string, from: parameter item_id}" in text
    assert "cart_id: {type: string, from: cookie cart" in text
    assert "campaign" not in model.all_fields


def test_what_is_lost_has_its_place_and_why(shop):
    lost = "\n".join(shop[0].lost)
    for place, why in (
        ("mapping.groovy:", "'other' onto 'pageType': the model cannot say it"),
        ("divolte-collector.conf:", "topic 'clicks': dkd's topics are webshop_clicks.raw"),
        ("ShopRecord.avsc:", "field 'remoteHost': raw holds the address"),
        ("avro_stream.json:", "metric 'visitors': a sketch in a stream"),
    ):
        assert any(place in line and why in line for line in lost.splitlines()), (why, lost)


def test_the_new_spec_reads_the_clean_topic_under_the_old_names(shop):
    spec = json.loads(shop[0].texts["druid/webshop_clicks.json"])["spec"]
    assert spec["ioConfig"]["topic"] == "webshop_clicks.clean"
    assert spec["ioConfig"]["inputFormat"]["type"] == "json"
    renamed = {one["name"]: one["expr"] for one in spec["ioConfig"]["inputFormat"]["flattenSpec"]["fields"]}
    assert renamed["location"] == "page_url"
    assert renamed["productId"] == "product_id"
    assert spec["dataSchema"]["timestampSpec"] == {"column": "timestamp_ms", "format": "millis"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("map eventParameters().value('Sku') onto 'f'", "parameter Sku"),
        ("map eventParameters().path('$.sku') onto 'f'", "parameter sku"),
        ("map eventParameter('f') onto 'f'", None),
        ("map { parse eventParameters().value('n') to int32 } onto 'f'", "parameter n"),
        ("map cookie('c') onto 'f'", "cookie c"),
        ("map header('X-Y').commaSeparated() onto 'f'", "header X-Y"),
        ("def u = parse location() to uri\nmap u.query().value('q') onto 'f'", "query q"),
        ("def u = parse location() to uri\nmap u.rawFragment() onto 'f'", "location fragment"),
    ],
)
def test_producers_become_sources(old, new):
    model, lost = adopted({"m.groovy": mapping(old)})
    text = written(examined({"m.groovy": mapping(old)}).bundle, ["m"]).texts[f"specs/{model.site}.yaml"]
    assert (f"from: {new}" in text) if new else ("from: parameter" not in text)
    assert "f" in model.fields
    assert lost == []


@pytest.mark.parametrize(
    ("old", "column"),
    [
        ("map userAgent().osFamily() onto 'x'", "os"),
        ("map ip2geo().countryCode() onto 'x'", "country"),
        ("map pageViewId() onto 'x'", "pageview_id"),
        ("def u = parse location() to uri\nmap u.path() onto 'x'", "page_path"),
        ("def u = parse location() to uri\nmap u.query().value('utm_source') onto 'x'", "utm_source"),
    ],
)
def test_what_dkd_has_anyway_becomes_its_column(old, column):
    spec = {
        "type": "kafka",
        "spec": {
            "dataSchema": {
                "dataSource": "a",
                "dimensionsSpec": {"dimensions": ["x"]},
                "parser": {"type": "avro_stream", "parseSpec": {"format": "avro"}},
            },
            "ioConfig": {"topic": "t"},
        },
    }
    bundle = examined({"m.groovy": mapping(old), "s.json": json.dumps(spec)}).bundle
    made = json.loads(written(bundle, ["m"]).texts["druid/a.json"])["spec"]
    assert made["ioConfig"]["inputFormat"]["flattenSpec"]["fields"] == [{"type": "root", "name": "x", "expr": column}]


def test_names_that_the_model_or_dkd_refuses_are_changed_and_listed():
    schema = json.dumps(
        {
            "type": "record",
            "name": "E",
            "fields": [{"name": name, "type": "string"} for name in ("userID", "user_id", "ip", "given", "1st")],
        }
    )
    model, lost = adopted({"e.avsc": schema})
    assert sorted(model.fields) == ["f_1st", "own_ip", "own_user_id", "user_id"]
    assert sum("in the model" in line for line in lost) == 4


def test_a_filtered_metric_becomes_a_condition():
    metric = {
        "type": "filtered",
        "filter": {"type": "selector", "dimension": "eventType", "value": "addToCart"},
        "aggregator": {"type": "count", "name": "added"},
    }
    spec = {
        "type": "kafka",
        "spec": {
            "dataSchema": {"dataSource": "a", "dimensionsSpec": {"dimensions": ["eventType"]}, "metricsSpec": [metric]},
            "ioConfig": {"topic": "t", "inputFormat": {"type": "json"}},
        },
    }
    model, _ = adopted({"s.json": json.dumps(spec)})
    assert model.measures["added"].where == {"event": "add_to_cart"}
    assert "add_to_cart" in model.events


def test_a_sample_names_events_and_types():
    records = '{"eventType": "addToCart", "price": 1.5, "tags": ["a"], "at": 1520000000123}'
    spec = (FIXTURES / "metric_dimension.json").read_text()
    model, _ = adopted({"s.json": spec}, records)
    assert "add_to_cart" in model.events
    assert (model.fields["price"].type, model.fields["tags"].type) == ("double", "list")


def test_a_column_of_floats_is_a_field_of_floats():
    spec = (FIXTURES / "metric_dimension.json").read_text()
    text = json.dumps(SPEC).replace('"who"]', '{"type": "float", "name": "lat"}]')
    model, _ = adopted({"s.json": text, "t.json": spec})
    assert model.fields["lat"].type == "float"


def test_a_project_begins_with_the_model_and_the_job_that_checks_it():
    made = project_files(diagnosed([SHOP[1]]).bundle, ["e.avsc"], "mine")
    assert sorted(made.texts) == [".github/workflows/dkd.yml", "specs/dkd.schema.json", "specs/mine.yaml"]
    assert made.texts["specs/mine.yaml"].startswith("# yaml-language-server: $schema=dkd.schema.json\n")


CONF = """\
divolte {
  global { server { port = 8290 }, kafka { enabled = true, threads = 2 }, hdfs { enabled = false, threads = 9 } }
  sources {
    web { type = browser, session_timeout = 20 minutes, http_response_delay = 1 second }
    shop { type = browser, session_timeout = 45 minutes }
    app { type = json, event_path = "/app" }
  }
  sinks { k { type = kafka, topic = clicks, mode = naked } }
  mappings { m { schema_file = a.avsc, sources = [web], sinks = [k], discard_corrupted = true, discard_duplicates = false } }
  tracking { party_cookie = _p }
}
"""  # noqa: E501
MAPPING = """\
mapping {
  map eventParameters().path('$.a') onto 'a'
  when eventType().isAbsent() apply { exit() }
  when eventType().equalTo('x') stop()
}
"""
SPEC = {
    "type": "kafka",
    "spec": {
        "dataSchema": {
            "dataSource": "d",
            "timestampSpec": {"column": "ts", "format": "millis"},
            "dimensionsSpec": {
                "dimensions": ["who"],
                "spatialDimensions": [{"dimName": "place", "dims": ["lat", "lon"]}],
            },
            "metricsSpec": [{"type": "count", "name": "n"}, {"type": "javascript", "name": "j", "fieldNames": ["x"]}],
        },
        "ioConfig": {
            "topic": "t",
            "taskDuration": "soon",
            "inputFormat": {
                "type": "json",
                "flattenSpec": {"fields": [{"type": "path", "name": "who", "expr": "$.u.id"}]},
            },
            "consumerProperties": {"bootstrap.servers": "k:1", "group.id": "g", "security.protocol": "NO"},
        },
    },
}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            {"c.conf": CONF},
            {
                "global.server.port", "global.kafka.threads", "http_response_delay", "session_timeout",
                "source 'app' (json)", "topic 'clicks'", "mode 'naked'", "discard_corrupted of mapping 'm'",
                "tracking.party_cookie",
            },
        ),
        ({"m.groovy": MAPPING}, {"exit()", "when eventType().equalTo('x') stop()"}),
        (
            {"s.json": json.dumps(SPEC)},
            {
                "roll-up", "time column 'ts'", "flattened 'who' ($.u.id)", "metric 'j' (javascript)", "group.id",
                "ioConfig (consumerProperties, taskDuration)", "security.protocol", "taskDuration",
                "spatial dimension 'place'", "type javascript",
            },
        ),
    ],
)  # fmt: skip
def test_all_that_the_new_files_do_not_say_is_listed(texts, expected):
    _, lost = adopted(texts)
    assert {re.sub(r"^\S+:\d+:\d+: ", "", line).split(": ")[0] for line in lost} == expected


def test_a_layout_before_half_tells_of_the_domain_and_the_silence():
    conf = "divolte { tracking { cookie_domain = .a.example, session_timeout = 45 minutes } }"
    model, lost = adopted({"c.conf": conf})
    assert (model.collector.cookie_domain, model.enrich.sessions.gap.total_seconds()) == (".a.example", 45 * 60)
    assert lost == []


def test_a_time_of_a_sample_that_is_not_the_records_own_is_a_field():
    spec = json.dumps(SPEC).replace('"who"', '"page"')
    model, _ = adopted({"s.json": spec}, '{"ts": 1520000000123, "page": "a", "born": "2020-01-01T00:00:00Z"}')
    assert (model.fields["born"].type, "ts" in model.fields) == ("string", False)
