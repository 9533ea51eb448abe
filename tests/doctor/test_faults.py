"""Each fault that the doctor knows is found where it stands, and right files have none."""

import contextlib
import json
import re
import time
from pathlib import Path

import pytest

from dkd.errors import UsageError
from dkd.jobs.doctor import diagnosed, examined
from dkd.systems.faults import FAULTS

ROOT = Path(__file__).parent.parent.parent


def spec(schema="", io="", tuning="", top="", kind="kafka"):
    """A right supervisor with texts of JSON put in front of what is in each block; a key there counts."""
    own = {
        "dataSource": '"clicks"',
        "timestampSpec": '{"column": "ts_ms", "format": "millis"}',
        "dimensionsSpec": '{"dimensions": ["page"]}',
        "granularitySpec": '{"segmentGranularity": "HOUR", "queryGranularity": "NONE"}',
    }
    reading = {
        "topic": '"clicks"',
        "inputFormat": '{"type": "json"}',
        "useEarliestOffset": "true",
        "consumerProperties": '{"bootstrap.servers": "k:9092", "allow.auto.create.topics": "false"}',
    }
    blocks = [
        ", ".join(
            filter(None, [given, *(f'"{key}": {value}' for key, value in usual.items() if f'"{key}"' not in given)])
        )
        for given, usual in ((schema, own), (io, reading))
    ]
    outer = f'"type": "{kind}"' + (f", {top}" if top else "")
    inner = f'"dataSchema": {{{blocks[0]}}}, "ioConfig": {{{blocks[1]}}}, "tuningConfig": {{{tuning}}}'
    return f'{{{outer}, "spec": {{{inner}}}}}'


def conf(inside, mappings="", sinks=""):
    return f"divolte {{\n{inside}\n{mappings}\n{sinks}\n}}"


def avsc(*fields):
    return '{"type": "record", "name": "Event", "fields": [' + ", ".join(fields) + "]}"


def mapping(*lines):
    return "mapping {\n" + "\n".join(lines) + "\n}\n"


SCHEMA = avsc(
    '{"name": "a", "type": ["null", "string"], "default": null}',
    '{"name": "n", "type": ["null", "int"], "default": null}',
    '{"name": "big", "type": ["null", "long"], "default": null}',
)

KAFKA_SINK = 'sinks { k { type = kafka, topic = "t" } }'
ON = "global.kafka.enabled = true"

DRUID = {
    "DKD641": [
        spec() + "}",
        spec(schema='"dataSource": "a", "dataSource": "b"'),
        '{"type": "kafka", "spec": {"ioConfig": {',
    ],
    "DKD642": [
        spec(schema='"parser": {"type": "string", "parseSpec": {"format": "json"}}'),
        spec(schema='"parser": {"type": "avro_hadoop", "parseSpec": {}}', kind="index_parallel"),
        spec(schema='"parseSpec": {"format": "json"}'),
    ],
    "DKD643": [
        spec(schema='"timestampSpec": {"column": "sent_ms", "format": "posix"}'),
        spec(schema='"timestampSpec": {"column": "sent_ms"}'),
        spec(schema='"timestampSpec": {"column": "t", "format": "epoch"}'),
        '{"type": "kafka", "spec": {"dataSchema": {"dataSource": "a"}, "ioConfig": {"topic": "a"}}}',
    ],
    "DKD644": [
        spec(schema='"parser": {"avroBytesDecoder": {"parseSpec": {}}}'),
        spec(io='"taskCout": 2'),
        spec(tuning='"taskCount": 2'),
        spec(top='"metricsSpec": []'),
        spec(schema='"metricsSpec": [{"type": "count", "name": "n", "field": "x"}]'),
        spec(schema='"dimensionsSpec": {"dimensions": [{"name": "a", "bitmap": false}]}'),
        spec(tuning='"indexSpec": {"bitmaps": "roaring"}'),
        spec(schema='"transformSpec": {"filter": {"type": "selector", "dimension": "a", "valeu": "b"}}'),
    ],
    "DKD645": [
        spec(schema='"dimensionsSpec": {"dimensions": [{"name": "a", "type": "int"}]}'),
        spec(schema='"metricsSpec": [{"type": "max", "name": "m", "fieldName": "x"}]'),
        spec(io='"inputFormat": {"type": "jsonl"}'),
        spec(tuning='"type": "realtime"'),
    ],
    "DKD646": [
        spec(schema='"metricsSpec": [{"type": "longSum", "name": "page", "fieldName": "page"}]'),
        spec(schema='"metricsSpec": [{"type": "count", "name": "c"}, {"type": "count", "name": "c"}]'),
        spec(schema='"dimensionsSpec": {"dimensions": ["a", "a"]}'),
        spec(schema='"dimensionsSpec": {"dimensions": ["a", "__time"]}'),
        spec(schema='"dimensionsSpec": {"dimensions": ["a", ""]}'),
    ],
    "DKD647": [
        '[{"dataSchema": {"dataSource": "a"}, "ioConfig": {"type": "realtime", "firehose": {"type": "kafka-0.8"}}}]',
        '{"dataSources": {"a": {"spec": {"dataSchema": {}, "ioConfig": {"type": "tranquility"}}}}}',
        '{"type": "index_hadoop", "spec": {"dataSchema": {}, "ioConfig": {"type": "hadoop"}}}',
        '{"type": "index", "spec": {"dataSchema": {}, "ioConfig": {"type": "index"}}}',
        '{"queryType": "select", "dataSource": "a"}',
    ],
    "DKD648": [
        spec(io='"topic": ""'),
        spec(io='"topicPattern": "a.*"'),
        spec(io='"consumerProperties": {"allow.auto.create.topics": "false"}'),
        spec(io='"consumerProperties": {"bootstrap.servers": "k:1", "zookeeper.connect": "z:2181"}'),
    ],
    "DKD649": [spec(io='"useEarliestOffset": null'), spec(io='"consumerProperties": {"bootstrap.servers": "k:9092"}')],
    "DKD650": [
        spec(schema='"granularitySpec": {"segmentGranularity": "none"}'),
        spec(schema='"granularitySpec": {"segmentGranularity": "HOUR", "queryGranularity": "DAY"}'),
        spec(schema='"granularitySpec": {"segmentGranularity": "HOURR"}'),
        spec(schema='"granularitySpec": {"segmentGranularity": "HOUR", "intervals": ["2018/2019"]}'),
        spec(
            schema='"granularitySpec": {"segmentGranularity": "HOUR", '
            '"queryGranularity": {"type": "period", "period": "P1D"}}'
        ),
    ],
    "DKD652": [
        spec(schema='"metricsSpec": [{"type": "hyperUnique", "name": "u", "fieldName": "x"}]'),
        spec(schema='"metricsSpec": [{"type": "thetaSketch", "name": "u", "fieldName": "x", "size": 1000}]'),
        spec(schema='"metricsSpec": [{"type": "HLLSketchBuild", "name": "u", "fieldName": "x", "lgK": 40}]'),
        spec(schema='"metricsSpec": [{"type": "longSum", "name": "u"}]'),
        spec(schema='"metricsSpec": [{"type": "count"}]'),
    ],
    "DKD653": [spec(schema='"dimensionsSpec": {"dimensions": []}'), spec(schema='"dimensionsSpec": {}')],
    "DKD654": [
        spec(io='"inputFormat": null, "taskCount": 0'),
        spec(io='"taskDuration": "1h"'),
        spec(io='"taskDuration": "PT5S"'),
        spec(io='"taskDuration": "P1M"'),
        spec(tuning='"maxParseExceptions": 0'),
        spec(schema='"dataSource": "a b"'),
        spec(
            schema='"transformSpec": {"transforms": [{"type": "expression", "name": "x", "expression": "nosuchfn(a)"}]}'
        ),
        spec(schema='"transformSpec": {"transforms": [{"type": "expression", "name": "x", "expression": "a +"}]}'),
        spec(
            io='"inputFormat": {"type": "json", "flattenSpec": '
            '{"fields": [{"type": "path", "name": "a", "expr": "$.["}]}}'
        ),
        spec(io='"consumerProperties": {"bootstrap.servers": "k:1", "security.protocol": "NOPE"}'),
        spec(schema='"projections": [{"name": "p"}]'),
        spec(schema='"parser": {"type": "avro_stream", "parseSpec": {"format": "avro"}}'),
        spec(schema='"parser": {"type": "string"}'),
        spec(io='"lateMessageRejectionPeriod": "PT1H", "lateMessageRejectionStartDateTime": "2020-01-01"'),
    ],
}

DIVOLTE = {
    "DKD641": ["divolte { sources {"],
    "DKD656": [
        conf("sources { b { type = browser, prefx = a } }"),
        conf("tracking { party_cookie = _dvp }"),
        conf("kafka_flusher.enabled = true"),
        conf("globl {}"),
        conf("global.gcps.project-id = x"),
        conf("sinks { h { type = hdfs, replication_factor = 2 } }"),
    ],
    "DKD657": [
        conf("sources { b { type = browser, party_timeout = 30 } }"),
        conf("global.mapper.buffer_size = 10M"),
        conf("sources { b { type = browser, cookie_domain = '' } }"),
        conf("sources { b { type = web } }"),
        conf('sources { b { type = browser, session_timeout = "2 weeks" } }'),
        conf("sinks { k { type = kafka, mode = CONFLUENT } }"),
        conf("global.server.port = http"),
        conf("global.kafka.enabled = yes"),
        conf("sources { b { prefix = a } }"),
        conf("sources { b { type = browser, javascript.name = tag } }"),
        conf("global { server = 3 }"),
    ],
    "DKD658": [
        conf(ON, "mappings { m { sources = [nope], sinks = [k] } }", KAFKA_SINK),
        conf(ON, "mappings { m { sources = [browser], sinks = [nope] } }", KAFKA_SINK),
        conf(ON, "mappings { m { sinks = [k] } }", KAFKA_SINK),
        conf(ON, "mappings { m { sources = [browser], sinks = [k], schema_file = a } }", KAFKA_SINK),
        conf(
            ON, "mappings { m { sources = [browser], sinks = [k] } }", "sinks { k { type = kafka, mode = confluent } }"
        ),
        conf("", "mappings { m { sources = [browser], sinks = [k] } }", KAFKA_SINK),
        conf(ON, "mappings { m { sources = [browser], sinks = [] } }", KAFKA_SINK),
        conf(ON + ", sources { k { type = json } }", "", KAFKA_SINK),
        conf(
            ON,
            "mappings { a { sources = [browser], sinks = [k], schema_file = a, mapping_script_file = m }, "
            "b { sources = [browser], sinks = [k], schema_file = b, mapping_script_file = m } }",
            KAFKA_SINK,
        ),
    ],
    "DKD659": [
        conf("global.server.port = ${PORT}"),
        conf("global.server.serve_static_resources = ${?DIVOLTE_SERVE_STATIC_RESOURCES}"),
    ],
}

MAPPING = {
    "DKD660": [
        mapping("map location() to 'a'"),
        "map location() onto 'a'\n",
        mapping("map customCookie('x') onto 'a'"),
        mapping("map loc() onto 'a'"),
        mapping("when eventType().equalTo('x') { stop() }"),
        mapping("when location().isAbsent stop()"),
        mapping("map userAgent().nam() onto 'a'"),
        mapping("map { parse location() to int } onto 'n'"),
        mapping("map digest('SHA-3').add(location()).toHexLower() onto 'a'"),
        mapping("when location() apply { map 'x' onto 'a' }"),
        mapping("map header() onto 'a'"),
        mapping("map location()"),
    ],
    "DKD661": [
        mapping("if (true) { map location() onto 'a' }"),
        mapping("def f = { x -> x }"),
        mapping("map a ? b : c onto 'a'"),
        mapping("['a', 'b'].each { map location() onto it }"),
        mapping("println 'x'"),
    ],
    "DKD662": [
        mapping("map location() onto 'nofield'"),
        mapping("map location() onto 'n'"),
        mapping("map userAgent() onto 'a'"),
        mapping("map header('x') onto 'a'"),
    ],
    "DKD663": [
        mapping("map 1.5 onto 'n'"),
        mapping("map \"${x}\" onto 'a'"),
        mapping("map 42 onto 'big'"),
        mapping("map 42L onto 'n'"),
    ],
    "DKD664": [
        mapping("def m = match '(' against location()", "map m.group(1) onto 'a'"),
        mapping("def m = match '(a)' against location()", "map m.group(2) onto 'a'"),
        mapping("def m = match '(?<x>a)' against location()", "map m.group('y') onto 'a'"),
        mapping("map digest('MD5').add(eventParameters()).result().toHexLower() onto 'a'"),
    ],
    "DKD665": [
        mapping("map eventParameters().value('x') onto 'a'"),
        mapping("map eventParameter('x') onto 'a'"),
        mapping("when eventParameters().path('$.x').equalTo('y') apply { map 'z' onto 'a' }"),
        mapping(
            "map digest('MD5').add(partyId()).result().toHexLower() onto 'a'",
            "map digest('MD5').add(partyId()).result().toHexUpper() onto 'b'",
        ),
    ],
}

AVRO = {
    "DKD641": ['{"type": "record", "name": "E", "fields": [],}', '{"type": "record", "name": "E", "fields": ['],
    "DKD666": [
        avsc('{"name": "a-b", "type": ["null", "string"], "default": null}'),
        avsc('{"name": "a", "type": "strin", "default": ""}'),
        '["null", ' + avsc() + "]",
        '{"type": "enum", "name": "E", "symbols": ["a"]}',
        '{"type": "record", "fields": []}',
        avsc('{"name": "a", "type": "string", "default": ""}', '{"name": "A", "type": "string", "default": ""}'),
        avsc('{"name": "a", "type": "int", "default": 1}', '{"name": "a", "type": "int", "default": 1}'),
        '{"type": "record", "name": "E-1", "fields": []}',
        avsc('{"name": "a"}'),
        avsc('{"name": "a", "type": {"type": "array"}, "default": []}'),
    ],
    "DKD667": [
        avsc('{"name": "a", "type": ["string", "null"], "default": null}'),
        avsc('{"name": "a", "type": ["null", "string"], "default": "x"}'),
        avsc('{"name": "a", "type": "int", "default": "1"}'),
        avsc('{"name": "a", "type": ["null", "string", "int"], "default": null}'),
        avsc('{"name": "a", "type": {"type": "array", "items": ["string"]}, "default": []}'),
    ],
    "DKD668": [avsc('{"name": "a", "type": "string"}')],
}

TOGETHER = {
    "DKD651": [
        {
            "e.avsc": avsc(
                '{"name": "ts_ms", "type": "long", "default": 0}', '{"name": "page", "type": "int", "default": 0}'
            ),
            "s.json": spec(),
        }
    ],
    "DKD655": [
        {
            "e.avsc": avsc(
                '{"name": "ts_ms", "type": "long", "default": 0}', '{"name": "pagee", "type": "string", "default": ""}'
            ),
            "s.json": spec(),
        },
        {
            "e.avsc": SCHEMA,
            "s.json": spec(schema='"metricsSpec": [{"type": "longSum", "name": "s", "fieldName": "big2"}]'),
        },
    ],
    "DKD643": [
        {
            "e.avsc": avsc('{"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}, "default": 0}'),
            "s.json": spec(schema='"timestampSpec": {"column": "ts", "format": "millis"}'),
        },
    ],
    "DKD664": [{"e.avsc": avsc('{"name": "a", "type": "string"}'), "m.groovy": mapping("map location() onto 'a'")}],
    "DKD669": [
        {"c.conf": conf(ON, "mappings { m { sources = [browser], sinks = [k] } }", KAFKA_SINK), "s.json": spec()},
        {
            "c.conf": conf(ON, "mappings { m { sources = [browser], sinks = [k] } }", KAFKA_SINK),
            "s.json": spec(io='"topic": "t"'),
        },
        {
            "c.conf": conf(
                ON,
                "mappings { m { sources = [browser], sinks = [k], schema_file = a.avsc, mapping_script_file = m } }",
                KAFKA_SINK,
            ),
            "b.avsc": SCHEMA,
        },
    ],
}

ALONE = [
    *((code, {"file.json": text}) for code, texts in DRUID.items() for text in texts),
    *((code, {"file.conf": text}) for code, texts in DIVOLTE.items() for text in texts),
    *((code, {"file.avsc": text}) for code, texts in AVRO.items() for text in texts),
    *((code, {"file.groovy": text, "e.avsc": SCHEMA}) for code, texts in MAPPING.items() for text in texts),
    *((code, texts) for code, cases in TOGETHER.items() for texts in cases),
]


def codes(texts):
    return [problem.code for problem in examined(texts).problems]


@pytest.mark.parametrize(("code", "texts"), ALONE, ids=[f"{code}-{number}" for number, (code, _) in enumerate(ALONE)])
def test_each_fault_is_found_with_a_remedy(code, texts):
    found = [problem for problem in examined(texts).problems if problem.code == code]
    assert found, examined(texts).problems
    for one in found:
        assert re.fullmatch(r"[\w.]+:\d+:\d+", one.where)
        assert one.remedy or code == "DKD661"


def test_every_code_has_a_case_but_that_of_unreadable_files():
    assert {code for code, _ in ALONE} == FAULTS.keys() - {"DKD640"}


def test_right_files_have_no_fault():
    assert codes({"s.json": spec()}) == []
    assert codes({"e.avsc": SCHEMA, "m.groovy": mapping("map location() onto 'a'", "map 7 onto 'n'")}) == []
    right = conf(ON, "mappings { m { sources = [browser], sinks = [k] } }", KAFKA_SINK)
    assert codes({"c.conf": right + "\n// the end\n"}) == []


@pytest.mark.parametrize(
    "case", sorted((ROOT / "tests" / "golden").glob("*/expected/specs/*/divolte")), ids=lambda path: path.parent.name
)
def test_what_dkd_renders_has_no_fault(case):
    """Schema, mapping and configuration together, and each of Druid's specs."""
    assert diagnosed(sorted(case.iterdir())).problems == []
    for file in sorted([*case.parent.glob("druid/*.json"), *case.parent.glob("druid/batch/*.json")]):
        assert diagnosed([file]).problems == [], file


def test_a_mapping_with_which_a_real_divolte_ran_has_only_faults_of_its_values():
    """The rich profile of the vectors holds every producer, and the defects that were measured with it."""
    folder = ROOT / "tests" / "vectors" / "divolte" / "rich"
    found = diagnosed([folder / "rich.avsc", folder / "rich.groovy"]).problems
    assert {problem.code for problem in found} <= {"DKD664", "DKD665"}, found
    assert sum("hashes nothing" in problem.problem for problem in found) == 3


def test_places_are_those_of_the_file():
    text = "divolte {\n  sources {\n    b { type = browser\n      party_timeout = 30 }\n  }\n}\n"
    (found,) = examined({"c.conf": text}).problems
    assert (found.where, found.code) == ("c.conf:4:23", "DKD657")
    (found,) = examined({"m.groovy": mapping("", "// map x", "  map loc() onto 'a'")}).problems
    assert (found.where, found.code) == ("m.groovy:4:3", "DKD660")
    (found,) = examined({"s.json": spec(io='\n"taskCout": 2')}).problems
    assert found.where == "s.json:2:1"


def test_a_sample_tells_of_times_types_and_absent_columns():
    records = "\n".join(json.dumps({"at": 1_520_000_000 + n, "page": "/", "n": n / 2}) for n in range(3))
    text = spec(
        schema='"timestampSpec": {"column": "at", "format": "millis"}, "dimensionsSpec": {"dimensions": ["n", "user"]}'
    )
    found = examined({"s.json": text}, "sample.ndjson", records).problems
    assert [problem.code for problem in found] == ["DKD643", "DKD651", "DKD655"]
    assert "posix" in found[0].remedy
    assert "double" in found[1].problem
    found = examined(
        {"s.json": text.replace('"n"', '{"name": "n", "type": "long"}')}, "sample.ndjson", records
    ).problems
    assert [problem.problem for problem in found][1] == "'n': double in the records (by sample.ndjson), kept as long"


@pytest.mark.parametrize("text", ["", "hello", "{}", "[]", '{"a": 1}', "a: 1\nb: 2\n", "<xml/>"])
def test_a_file_of_another_kind_is_refused(text):
    with pytest.raises(UsageError, match="DKD640"):
        examined({"file": text})


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin").write_bytes(b"divolte { a = \xe9 }")
    for name in ("latin", "absent", "."):
        with pytest.raises(UsageError, match="DKD640"):
            diagnosed([tmp_path / name])


def test_a_bom_and_windows_line_ends_do_no_harm(tmp_path):
    file = tmp_path / "s.json"
    file.write_bytes(b"\xef\xbb\xbf" + spec(io='\n"taskCout": 2').replace("\n", "\r\n").encode())
    (found,) = diagnosed([file]).problems
    assert found.where.endswith("s.json:2:1")


@pytest.mark.parametrize(
    "text",
    [
        "mapping {\n" + "map (((( /a/ \n" * 8_000,
        "mapping {\n" + "when " * 20_000,
        "mapping {\n" + "section {" * 10_000,
        "{" * 100_000,
        '{"type": "kafka", "spec": {"ioConfig": {"a": [' + '{"b": 1},' * 10_000,
        "divolte {" + "a." * 50_000,
    ],
    ids=["map", "when", "section", "brace", "list", "key"],
)
def test_long_nonsense_takes_no_longer_than_it_is_long(text):
    """Twice as much takes about twice as long, not four times."""

    def seconds(size):
        start = time.process_time()
        with contextlib.suppress(UsageError):
            examined({"file": text[:size]})
        return time.process_time() - start

    assert seconds(len(text)) < 3.2 * seconds(len(text) // 2) + 0.2
