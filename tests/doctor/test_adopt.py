"""Old files become the model that they imply; what the model cannot say is listed with its place and why."""

import json
import re
from pathlib import Path

import pytest

from dkd.jobs.doctor import diagnosed, examined
from dkd.jobs.doctor_write import project_files, written
from dkd.model.load import load, read_model
from dkd.model.source import steps_of

GOLDEN = sorted((Path(__file__).parent.parent / "golden").glob("*/model.yaml"))
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
        ("mapping.groovy:", "onto 'partyHash': the model cannot say it"),
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
        ("def u = parse referer() to uri\nmap u.host() onto 'f'", "referer host"),
        ("def u = parse referer() to uri\nmap u.query().value('q') onto 'f'", "referer query q"),
        ("map eventParameters().path('$.a.b') onto 'f'", "path $.a.b"),
        ("map header('X-Y').first() onto 'f'", "header X-Y first"),
        (
            "when firstInSession().and(corrupt().negate()) apply { map 7 onto 'f' }",
            "{all: [{source: collector_first_in_session, equals: true}, "
            "{not: {source: detected_corruption, equals: true}}]}",
        ),
        ("map ip2geo().postalCode() onto 'f'", "geo postal_code"),
        ("map devicePixelRatio() onto 'f'", "pixel_ratio"),
        ("map 'x' onto 'f'", "{value: x}"),
        ("map 1.5D onto 'f'", "{value: 1.5}"),
        (
            "def m = match 'a(.*)' against location()\nmap m.group(1) onto 'f'",
            '{source: location, match: "a(.*)", group: 1}',
        ),
        (
            "when cookie('c').isPresent() apply { map 'x' onto 'f' }",
            "{value: x, when: {source: cookie c, is: present}}",
        ),
        ("map referer().isAbsent() onto 'f'", "{test: {source: referer, is: absent}}"),
    ],
)
def test_producers_become_sources(old, new):
    model, lost = adopted({"m.groovy": mapping(old)})
    text = written(examined({"m.groovy": mapping(old)}).bundle, ["m"]).texts[f"specs/{model.site}.yaml"]
    assert (new in text) if new else ("  f: string" in text)
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


def test_any_text_of_a_schema_stands_in_the_model():
    doc = 'a "b" \\ \u00e9 \U0001f600 \u2028 : # {x}, \ud83d'
    field = {"name": "f", "type": "string", "doc": doc}
    model, _ = adopted({"e.avsc": json.dumps({"type": "record", "name": "E", "fields": [field]})})
    assert model.fields["f"].description == doc.replace("\ud83d", "\ufffd")


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


def test_a_later_statement_counts_more_and_nothing_behind_an_exit():
    model, lost = adopted(
        {
            "m.groovy": mapping(
                "map 'a' onto 'f'",
                "when cookie('c').isPresent() apply {\n map 'b' onto 'f'\n exit()\n}",
                "when eventType().equalTo('buy') apply { map 'd' onto 'f' }",
            )
        }
    )
    steps = [(step.value, step.when) for step in model.fields["f"].source]
    assert [value for value, _ in steps] == ["d", "b", "a"]
    assert steps[2][1] is None
    assert [one.not_ is not None or one.equals for one in steps[0][1].all] == [True, "buy"]
    assert lost == []


def test_most_fields_of_the_rich_profile_survive():
    """The mapping with which a real Divolte filled 100 fields of every kind; what is lost has its reason."""
    folder = Path(__file__).parent.parent / "vectors" / "divolte" / "rich"
    bundle = diagnosed([folder / "rich.avsc", folder / "rich.groovy"]).bundle
    made = written(bundle, ["rich"], "rich")
    model = load(made.texts["specs/rich.yaml"], "rich.yaml")
    old = len(bundle.mappings[str(folder / "rich.groovy")].fields)
    assert len(model.all_fields) > old // 2
    assert all(line.rpartition(": ")[2] for line in made.lost)


@pytest.mark.parametrize("file", GOLDEN, ids=lambda path: path.parent.name)
def test_what_dkd_renders_is_adopted_with_the_sources_that_it_had(file):
    """Rendering and adopting know nothing of each other; flags are said in steps, some parts by standard columns."""
    model = read_model(file)
    folder = file.parent / "expected" / "specs" / model.site / "divolte"
    made = written(diagnosed([folder / "event.avsc", folder / "mapping.groovy"]).bundle, ["rendered"], model.site)
    again = load(made.texts[f"specs/{model.site}.yaml"], "model.yaml").all_fields
    for name, field in model.all_fields.items():
        if name in again and field.type not in ("boolean", "list"):
            assert steps_of(name, again[name]) == steps_of(name, field), name
    known = {"location host", "location path", "location query", "query utm_campaign"}
    lost = {name for name, field in model.all_fields.items() if name not in again and field.privacy != "drop"}
    for name in lost:
        field = model.all_fields[name]
        assert field.type == "list" or {step.source for step in steps_of(name, field)} <= known, name


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
