"""Each form of old spec becomes the one that Druid 33 and later take."""

import json

import pytest

from dkd.jobs.doctor import examined
from dkd.jobs.doctor_write import written

SCHEMA = {
    "dataSource": "old",
    "timestampSpec": {"column": "ts_ms", "format": "millis"},
    "dimensionsSpec": {"dimensions": ["page"]},
}


def modern(old):
    made = written(examined({"old.json": json.dumps(old)}).bundle, ["old.json"])
    found = [json.loads(text) for path, text in made.texts.items() if path.startswith("druid/")]
    return (found[0] if found else None), made.lost


def parsed(parse, **parser):
    schema = {"dataSource": "old", "parser": {"type": "string", "parseSpec": {**SCHEMA, **parse}, **parser}}
    return {"type": "kafka", "dataSchema": schema, "ioConfig": {"topic": "t"}}


@pytest.mark.parametrize(
    ("parse", "form"),
    [
        ({"format": "json"}, {"type": "json"}),
        ({"format": "timeAndDims"}, {"type": "json"}),
        (
            {"format": "tsv", "columns": ["a", "b"], "delimiter": "|", "hasHeaderRow": True, "skipHeaderRows": 1},
            {
                "type": "tsv",
                "columns": ["a", "b"],
                "delimiter": "|",
                "findColumnsFromHeader": True,
                "skipHeaderRows": 1,
            },
        ),
        ({"format": "csv"}, {"type": "csv", "findColumnsFromHeader": True}),
        (
            {"format": "regex", "pattern": "(.*)", "columns": ["a"]},
            {"type": "regex", "pattern": "(.*)", "columns": ["a"]},
        ),
        (
            {"format": "json", "flattenSpec": {"fields": [{"type": "path", "name": "a", "expr": "$.b.c"}, "d"]}},
            {
                "type": "json",
                "flattenSpec": {
                    "useFieldDiscovery": True,
                    "fields": [{"type": "path", "name": "a", "expr": "$.b.c"}, "d"],
                },
            },
        ),
    ],
)
def test_a_parser_becomes_an_input_format(parse, form):
    spec, _ = modern(parsed(parse))
    assert spec["spec"]["ioConfig"]["inputFormat"] == form
    assert spec["spec"]["dataSchema"]["timestampSpec"] == SCHEMA["timestampSpec"]
    assert spec["spec"]["dataSchema"]["dimensionsSpec"] == {"dimensions": [{"type": "string", "name": "page"}]}


@pytest.mark.parametrize(
    ("firehose", "source"),
    [
        ({"type": "local", "baseDir": "/d", "filter": "*"}, {"type": "local", "baseDir": "/d", "filter": "*"}),
        ({"type": "static-s3", "uris": ["s3://a/b"]}, {"type": "s3", "uris": ["s3://a/b"]}),
        ({"type": "ingestSegment", "dataSource": "x", "interval": "2018/2019"},
         {"type": "druid", "dataSource": "x", "interval": "2018/2019"}),
        ({"type": "http", "uris": ["http://a"]}, {"type": "http", "uris": ["http://a"]}),
    ],
)  # fmt: skip
def test_a_firehose_becomes_an_input_source(firehose, source):
    spec, _ = modern(
        {"type": "index", "spec": {"dataSchema": SCHEMA, "ioConfig": {"type": "index", "firehose": firehose}}}
    )
    assert spec["type"] == spec["spec"]["ioConfig"]["type"] == spec["spec"]["tuningConfig"]["type"] == "index_parallel"
    assert spec["spec"]["ioConfig"]["inputSource"] == source
    assert ("inputFormat" in spec["spec"]["ioConfig"]) == (source["type"] != "druid")


@pytest.mark.parametrize(
    ("paths", "source"),
    [
        ("/d/a.json.gz", {"type": "local", "baseDir": "/d", "filter": "a.json.gz"}),
        ("hdfs://h/a,hdfs://h/b", {"type": "hdfs", "paths": "hdfs://h/a,hdfs://h/b"}),
        ("s3n://b/k", {"type": "s3", "uris": ["s3://b/k"]}),
    ],
)
def test_hadoop_input_becomes_an_input_source(paths, source):
    io_config = {"type": "hadoop", "inputSpec": {"type": "static", "paths": paths}}
    spec, _ = modern({"type": "index_hadoop", "spec": {"dataSchema": SCHEMA, "ioConfig": io_config}})
    assert spec["spec"]["ioConfig"]["inputSource"] == source


def test_a_realtime_node_becomes_a_supervisor():
    firehose = {"type": "kafka-0.8", "feed": "views", "consumerProps": {"zookeeper.connect": "z", "client.id": "a"}}
    spec, lost = modern([{"dataSchema": SCHEMA, "ioConfig": {"type": "realtime", "firehose": firehose, "plumber": {}}}])
    io_config = spec["spec"]["ioConfig"]
    assert (spec["type"], io_config["topic"], io_config["useEarliestOffset"]) == ("kafka", "views", True)
    assert io_config["consumerProperties"] == {
        "allow.auto.create.topics": "false",
        "bootstrap.servers": "${KAFKA_SERVERS}",
        "client.id": "a",
    }
    assert any("plumber" in line for line in lost)


def test_a_firehose_of_another_system_is_listed_and_not_written():
    firehose = {"type": "rabbitmq"}
    spec, lost = modern([{"dataSchema": SCHEMA, "ioConfig": {"type": "realtime", "firehose": firehose}}])
    assert spec is None
    assert any("its input: it reads no Kafka topic" in line for line in lost)


def test_a_secret_is_not_written_again():
    consumer = {"bootstrap.servers": "k:1", "sasl.jaas.config": "password='hunter2'", "ssl.key.password": "${P}"}
    io_config = {"topic": "t", "inputFormat": {"type": "json"}, "consumerProperties": consumer}
    spec, lost = modern({"type": "kafka", "spec": {"dataSchema": SCHEMA, "ioConfig": io_config}})
    made = spec["spec"]["ioConfig"]["consumerProperties"]
    assert (made["sasl.jaas.config"], made["ssl.key.password"]) == ("${SASL_JAAS_CONFIG}", "${P}")
    assert any("sasl.jaas.config: a secret" in line for line in lost)
    assert "hunter2" not in "".join(lost)


def test_a_granularity_of_milliseconds_stays():
    asked = {"segmentGranularity": "HOUR", "queryGranularity": {"type": "duration", "duration": 60000}}
    schema = {**SCHEMA, "granularitySpec": asked}
    io_config = {"topic": "t", "inputFormat": {"type": "json"}, "consumerProperties": {"bootstrap.servers": "k:1"}}
    spec, _ = modern({"type": "kafka", "spec": {"dataSchema": schema, "ioConfig": io_config}})
    assert spec["spec"]["dataSchema"]["granularitySpec"]["queryGranularity"] == asked["queryGranularity"]


def test_a_kinesis_spec_is_listed_and_not_written():
    spec, lost = modern({"type": "kinesis", "spec": {"dataSchema": SCHEMA, "ioConfig": {"stream": "s"}}})
    assert spec is None
    assert any("its input: it reads no Kafka topic" in line for line in lost)


def test_misspelt_and_misplaced_keys_go_where_they_were_meant():
    spec, lost = modern(
        {
            "type": "kafka",
            "metricsSpec": [{"type": "count", "name": "n"}],
            "spec": {
                "dataSchema": {**SCHEMA, "nosuch": 1},
                "ioConfig": {"topic": "t", "taskCout": 3, "maxRowsInMemory": 7, "inputFormat": {"type": "json"}},
                "tuningConfig": {"replicas": 2},
            },
        }
    )
    assert spec["spec"]["dataSchema"]["metricsSpec"] == [{"type": "count", "name": "n"}]
    assert (spec["spec"]["ioConfig"]["taskCount"], spec["spec"]["ioConfig"]["replicas"]) == (3, 2)
    assert spec["spec"]["tuningConfig"]["maxRowsInMemory"] == 7
    assert any("taskCout: taken for taskCount" in line for line in lost)
    assert any("nosuch: today's Druid has no such key" in line for line in lost)


def test_a_metric_named_like_a_dimension_is_renamed_and_reads_the_same_field():
    schema = {
        **SCHEMA,
        "dimensionsSpec": {"dimensions": [{"type": "long", "name": "n"}]},
        "metricsSpec": [{"type": "longSum", "name": "n", "fieldName": "n"}],
    }
    spec, _ = modern({"type": "kafka", "spec": {"dataSchema": schema, "ioConfig": {"topic": "t"}}})
    assert spec["spec"]["dataSchema"]["metricsSpec"] == [{"type": "longSum", "name": "n_sum", "fieldName": "n"}]


def test_an_avro_input_format_of_today_stays():
    form = {"type": "avro_stream", "avroBytesDecoder": {"type": "schema_registry", "url": "http://r"}}
    spec, _ = modern({"type": "kafka", "spec": {"dataSchema": SCHEMA, "ioConfig": {"topic": "t", "inputFormat": form}}})
    assert (spec["spec"]["ioConfig"]["topic"], spec["spec"]["ioConfig"]["inputFormat"]) == ("t", form)


def test_what_druid_itself_says_of_a_spec_with_a_parser_is_read():
    """It writes null for the blocks that the parser holds, and copies of the three large blocks beside ``spec``."""
    old = parsed({"format": "json"})
    inner = {
        "dataSchema": {**old["dataSchema"], "timestampSpec": None, "dimensionsSpec": None},
        "ioConfig": old["ioConfig"],
    }
    spec, lost = modern({"type": "kafka", "spec": inner, **inner, "context": None, "suspended": False})
    assert spec["spec"]["dataSchema"]["timestampSpec"] == SCHEMA["timestampSpec"]
    assert spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"] == [{"type": "string", "name": "page"}]
    assert [line.split(": ")[1] for line in lost] == ["time column 'ts_ms'"]
