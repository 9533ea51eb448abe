"""Laws of rendering, over random models with hostile texts."""

import copy
import io
import json
import re
from contextlib import suppress

import fastavro
import yaml
from comparing import changed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_models import model_of, models, names, texts, yaml_of

from dkd.model.columns import RAW_FIELDS
from dkd.model.jsonpath import path_text
from dkd.model.personal import sounds_personal
from dkd.model.source import parse_source
from dkd.plan.diff import diff
from dkd.systems.avro.render import raw_schema, schema_id, semantic_json
from dkd.systems.divolte.mapping import mapping
from dkd.systems.divolte.render import conf
from dkd.systems.druid.render import supervisors
from dkd.systems.druid.strict import impossible, unknown
from dkd.systems.kafka.strict import findings_of as topics_findings
from dkd.systems.rules import UNKNOWN
from dkd.systems.table import artefacts
from dkd.systems.text import yaml_text

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(models())
def test_rendering_is_the_same_every_time_and_plain_ascii_lines(root):
    found = artefacts(model_of(root))
    assert found == artefacts(model_of(root))
    assert list(found) == sorted(found)
    for path, content in found.items():
        assert content.isascii(), path
        assert content.endswith("\n")
        assert "\r" not in content


@quick
@given(models())
def test_the_schema_is_strict_avro_and_a_record_of_defaults_comes_back(root):
    schema = raw_schema(model_of(root))
    parsed = fastavro.parse_schema(json.loads(json.dumps(schema)))
    for field in schema["fields"]:
        first = field["type"][0] if isinstance(field["type"], list) else field["type"]
        assert (first, field["default"]) in (("null", None), ("string", "unknown"))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parsed, {}, strict_allow_default=True)
    out.seek(0)
    defaults = {field["name"]: field["default"] for field in schema["fields"]}
    assert fastavro.schemaless_reader(out, parsed, None) == defaults


@quick
@given(models(), models())
def test_schemas_of_one_id_are_read_and_written_alike(one, other):
    first, second = (raw_schema(model_of(root)) for root in (one, other))
    canonical = [fastavro.schema.to_parsing_canonical_form(schema) for schema in (first, second)]
    assert (schema_id(first) == schema_id(second)) == (semantic_json(first) == semantic_json(second))
    if schema_id(first) == schema_id(second):
        assert canonical[0] == canonical[1]
    elif canonical[0] != canonical[1]:
        assert semantic_json(first) != semantic_json(second)
    assert 0 <= schema_id(first) < 1 << 31


LITERAL = re.compile(r"'(?:[ !\"#$%&(-\[\]-~]|\\[0-3][0-7]{2}|\\u[0-9a-f]{4})*'")
WORD = re.compile(r"\w+|[^\w\s]")
WORDS = {field.producer.removesuffix("()") for field in RAW_FIELDS} | set(
    WORD.findall(
        """map onto when apply def parse to true false parameters page uri int32 int64 fp32 fp64 eventParameters path
        value query valueList cookie header commaSeparated equalTo location host rawPath rawQueryString rawFragment
        section match against group 1 2 get not and matches before inner referer - @ . ( ) { } ="""
    )
)
REMARK = re.compile(r"// no \w+: Divolte cannot [\w .,()]+")


def decoded(literal: str) -> str:
    """What Groovy reads: escapes of code units first, then those in octal."""
    text = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), literal[1:-1])
    text = re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@quick
@given(models())
def test_the_mapping_holds_no_text_of_the_model_outside_a_literal(root):
    model = model_of(root)
    head, opening, *lines, closing = mapping(model).splitlines()
    assert (head, opening, closing) == (
        f"// rendered by dkd from specs/{model.site}.yaml, do not edit",
        "mapping {",
        "}",
    )
    for line in lines:
        rest = LITERAL.sub("@", line).strip()
        assert REMARK.fullmatch(rest) or set(WORD.findall(rest)) <= WORDS, line
    literals = {decoded(found) for line in lines for found in LITERAL.findall(line)}
    said = set(model.all_fields) | {field.name for field in RAW_FIELDS} | {"true", "false"} | set(spoken(root))
    assert literals <= said | {path_text((name,)) for name in said}


def spoken(value):
    """Every text of a model, and every name in its sources."""
    if isinstance(value, str):
        yield value
        with suppress(ValueError):
            yield parse_source(value).name
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from spoken(inner)


@quick
@given(models(), texts)
def test_the_configuration_differs_only_inside_the_quotes(root, domain):
    root = copy.deepcopy(root)
    root["collector"]["cookie_domain"] = domain
    lines = conf(model_of(root)).splitlines()
    (line,) = (line for line in lines if "cookie_domain" in line)
    assert json.loads(line.partition(" = ")[2]) == domain
    root["collector"]["cookie_domain"] = "x"
    others = conf(model_of(root)).splitlines()
    assert [one for one in lines if "cookie_domain" not in one] == [one for one in others if "cookie_domain" not in one]


@quick
@given(models())
def test_druid_drops_nothing_of_an_artefact_and_no_column_stands_twice(root):
    kinds = {"batch": "batch", "reindex": "batch", "rules": "rules", "compaction": "compaction", "druid": "supervisor"}
    for path, text in artefacts(model_of(root)).items():
        if "/druid/" in path:
            kind, artefact = kinds[path.split("/")[-2]], json.loads(text)
            assert unknown(artefact, kind) == impossible(artefact, kind) == ()
        elif "/kafka/" in path:
            assert topics_findings(yaml.safe_load(text)) == ()
    for spec in supervisors(model_of(root)):
        columns = [one["name"].lower() for one in spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]]
        assert len(columns) == len(set(columns))
        assert "__time" not in columns


# YAML 1.1 reads some words as other types; no key of an artefact is one of them.
keys = st.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True).filter(
    lambda key: key not in ("on", "off", "yes", "no", "true", "false", "null")
)
scalars = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(exclude_categories=("Cs",)), max_size=9)
)
documents = st.recursive(
    scalars | st.lists(scalars, max_size=3),
    lambda inner: (
        st.dictionaries(keys, inner, max_size=3)
        | st.lists(st.dictionaries(keys, inner, min_size=1, max_size=2), max_size=2)
    ),
    max_leaves=8,
)


@given(st.dictionaries(keys, documents, max_size=4))
def test_a_yaml_reader_reads_what_was_written(document):
    text = yaml_text(document)
    assert text.isascii()
    assert (yaml.load(text, Loader=yaml.CSafeLoader) or {}) == document


@quick
@given(models(), names)
def test_an_optional_field_more_is_never_worse_than_additive(root, name):
    if name in model_of(root).all_fields or sounds_personal(name, "string"):
        return
    more = {**root, "fields": {**root["fields"], name: {"type": "string"}}}
    found = changed(yaml_of(root), yaml_of(more))
    assert found
    assert {change.effect for change in found} <= {"additive", "safe"}


values = st.recursive(
    st.booleans() | st.integers(0, 2) | st.sampled_from([0.0, 1.0, "", "a", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
addresses = st.sampled_from([f"{system}/{name}" for system in "pqr" for name in "xyz"])


@given(st.dictionaries(addresses, values), st.dictionaries(addresses, values))
def test_applying_the_diff_to_the_old_values_gives_the_new_ones(old, new):
    found = diff(old, new, lambda *_: UNKNOWN, lambda address: address)
    applied = dict(old)
    for change in found:
        applied[change.address] = change.after
    applied = {address: value for address, value in applied.items() if value is not None}
    assert json.dumps(applied, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert all(json.dumps(change.before) != json.dumps(change.after) for change in found)
