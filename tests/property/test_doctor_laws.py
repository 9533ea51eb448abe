"""Laws of the doctor: it ends on any text, what it writes is right by its own measure, and the model can be loaded."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.jobs.doctor import examined
from dkd.jobs.doctor_write import written
from dkd.model.load import load
from dkd.systems.druid.known import INPUT_FORMAT, METRIC_KINDS
from dkd.systems.druid.strict import unknown

FIXTURES = sorted((Path(__file__).parent.parent / "doctor" / "fixtures").iterdir())
TEXTS = [path.read_text("utf-8") for path in FIXTURES if path.suffix != ".ndjson"]

NAMES = st.sampled_from(
    ["a", "b", "page", "userId", "timestamp", "partyId", "__time", "", "count", "é", "a-b", "ts_ms", "eventType", "1x"]
)
VALUES = st.none() | st.booleans() | st.integers(-3, 10**18) | st.floats(allow_nan=False) | NAMES
JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
MARKS = [
    *"{}[]()'\"$,:=#/\n\\ .",
    "map ",
    " onto ",
    "mapping {",
    "divolte {",
    "//",
    "/*",
    "${",
    "'''",
    "when ",
    "!",
]


@st.composite
def mangled(draw):
    """The text of a right or broken file with pieces taken out and put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        size = draw(st.sampled_from([0, 1, 5, 60, 1000]))
        text = text[:start] + draw(st.sampled_from(MARKS) | st.text(max_size=5)) + text[start + size :]
    return text


def all_of(texts, sample=""):
    """Everything that the doctor does with *texts*; None where it refuses one of them."""
    try:
        found = examined(texts, "sample" if sample else "", sample)
    except UsageError:
        return None
    made = written(found.bundle, list(texts))
    assert load(made.texts[f"specs/{made.site}.yaml"], "model.yaml").site == made.site
    return made


@settings(max_examples=60)
@given(st.text() | mangled())
def test_any_text_ends_in_findings_or_is_refused_and_its_model_loads(text):
    all_of({"file": text})


@settings(max_examples=40)
@given(mangled(), mangled(), st.text(max_size=40))
def test_any_two_files_do_together(one, other, sample):
    all_of({"one": one, "other": other}, sample)


DIMENSIONS = st.lists(
    NAMES
    | st.fixed_dictionaries(
        {"name": NAMES}, optional={"type": st.sampled_from(["long", "int", "auto", "x"]), "z": VALUES}
    ),
    max_size=5,
)
METRICS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from([*METRIC_KINDS, "min", "nosuch"])},
        optional={
            "name": NAMES,
            "fieldName": NAMES,
            "lgK": st.integers(0, 40),
            "size": st.integers(0, 99),
            "z": VALUES,
        },
    ),
    max_size=4,
)
GRANULARITY = st.sampled_from(
    ["HOUR", "day", "NONE", "all", "HOURR", "PT5M", {"type": "period", "period": "P1D"}, None]
)
TIME = st.fixed_dictionaries(
    {}, optional={"column": NAMES, "format": st.sampled_from(["auto", "posix", "millis", "iso", "yyyy", "epoch", "?"])}
)
PARSE = st.fixed_dictionaries(
    {
        "format": st.sampled_from(
            ["json", "csv", "tsv", "regex", "avro", "jsonLowercase", "timeAndDims", "parquet", "x"]
        )
    },
    optional={"timestampSpec": TIME, "dimensionsSpec": st.fixed_dictionaries({"dimensions": DIMENSIONS}), "z": VALUES},
)
PARSER = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "avro_stream", "avro_hadoop", "protobuf", "orc"]), "parseSpec": PARSE},
    optional={"z": VALUES},
)
FLATTENED = st.fixed_dictionaries({"type": st.sampled_from(["root", "path"]), "name": NAMES, "expr": NAMES})
FORMAT = st.fixed_dictionaries(
    {"type": st.sampled_from([*INPUT_FORMAT.kinds, "x"])},
    optional={
        "z": VALUES,
        "flattenSpec": st.fixed_dictionaries(
            {"fields": st.lists(FLATTENED, max_size=2)}
        ),
    },
)  # fmt: skip


@st.composite
def old_specs(draw):
    """Specs of the years 2015 to 2022: right, misspelt, misplaced."""
    schema = {
        "dataSource": draw(st.sampled_from(["clicks", "a b", "old-clicks", "é"])),
        "timestampSpec": draw(TIME),
        "dimensionsSpec": {"dimensions": draw(DIMENSIONS)},
        "granularitySpec": {"segmentGranularity": draw(GRANULARITY), "queryGranularity": draw(GRANULARITY)},
        "metricsSpec": draw(METRICS),
        "parser": draw(PARSER),
    }
    io_config = {
        "type": "kafka",
        "topic": "clicks",
        "inputFormat": draw(FORMAT),
        "consumerProperties": draw(st.dictionaries(st.sampled_from(["bootstrap.servers", "zookeeper.connect"]), NAMES)),
        "taskCount": draw(st.integers(-1, 3)),
        "taskDuration": draw(st.sampled_from(["PT1H", "1h", "P1M", "PT5S"])),
        "firehose": {"type": "kafka-0.8", "feed": "clicks"},
        "z": draw(VALUES),
    }
    for block in (schema, io_config):
        for name in draw(st.sets(st.sampled_from(sorted(block)))) - {"dataSource"}:
            del block[name]
    tuning = draw(
        st.fixed_dictionaries({}, optional={"type": st.just("kafka"), "maxParseExceptions": st.just(0), "z": JSON})
    )
    body = {"dataSchema": schema, "ioConfig": io_config, "tuningConfig": tuning}
    return {"type": "kafka", **({"spec": body} if draw(st.booleans()) else body)}


@settings(max_examples=80)
@given(old_specs())
def test_what_is_written_for_an_old_spec_is_right(old):
    """By the doctor itself, and by the strict schema; and written again it stays as it is."""
    made = all_of({"old.json": json.dumps(old)})
    for path, text in made.texts.items():
        if path.startswith("druid/"):
            assert examined({path: text}).problems == []
            assert unknown(json.loads(text)) == ()
            again = all_of({path: text})
            assert again.texts[path] == text


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.sampled_from("abcXYZ_019-é"), min_size=1, max_size=8),
            st.sampled_from(
                ["string", "int", "long", "double", "boolean", ["null", "string"], {"type": "array", "items": "string"}]
            )
            | JSON,
            st.sampled_from(
                [
                    "location()",
                    "eventParameters().value('x')",
                    "cookie('c')",
                    "referer()",
                    "1.5",
                    "loc()",
                    "header('h')",
                ]
            ),
        ),
        max_size=6,
    )
)
def test_the_model_of_any_schema_and_mapping_loads(fields):
    schema = {"type": "record", "name": "E", "fields": [{"name": name, "type": kind} for name, kind, _ in fields]}
    lines = "\n".join(f"map {producer} onto '{name}'" for name, _, producer in fields)
    all_of({"e.avsc": json.dumps(schema), "m.groovy": f"mapping {{\n{lines}\n}}\n"})
