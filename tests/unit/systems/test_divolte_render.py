"""Models become a configuration and a mapping in the forms that a real Divolte 0.9.0 took."""

import pytest

from dkd.model.jsonpath import path_text
from dkd.model.load import load
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.divolte.mapping import mapping
from dkd.systems.divolte.quote import groovy, hocon, literal
from dkd.systems.divolte.render import conf


def model_of(**parts: str):
    lines = "".join(f"{name}: {value}\n" for name, value in parts.items())
    return load(f"dkd: 1\nsite: shop\nevents: {{page_view: {{}}}}\n{lines}", "model")


def statements(**parts: str) -> list[str]:
    return [line.strip() for line in mapping(model_of(**parts)).splitlines()]


# Literals that Groovy 2.5.23 read back as the text on the left, of 9,000 that were tried.
@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", "'plain'"),
        ("it's", r"'it\047s'"),
        ("a\\b", r"'a\134b'"),
        ("\\u0027", r"'\134u0027'"),
        ("${x}", "'${x}'"),
        ("a\nb", r"'a\012b'"),
        ("\x00\x7f\xff", r"'\000\177\377'"),
        ("é€😀", r"'\351\u20ac\ud83d\ude00'"),
        ("a\uffffb", "('a' + (char) 65535 + 'b')"),
    ],
)
def test_groovy_reads_the_text_back(text, literal):
    assert groovy(text) == literal


def test_hocon_strings_are_json_strings_and_hold_no_substitution():
    assert hocon('a"${b}\n#é') == '"a\\"${b}\\n#\\u00e9"'


# Each was given to Jayway 2.4.0, which found the member.
@pytest.mark.parametrize(
    ("name", "path"),
    [("price", "$.price"), ("1a", "$.1a"), ("a.b", "$['a.b']"), ("it's", r"$['it\'s']"), ("a\\b", r"$['a\\b']")],
)
def test_a_path_names_one_member_of_the_root(name, path):
    assert path_text((name,)) == path


def test_whole_numbers_are_parsed_because_paths_wrap_them():
    found = statements(fields="{i: int, l: long, t: timestamp, d: double, f: float, s: string}")
    assert "map { parse parameters.value('i') to int32 } onto 'i'" in found
    assert "map { parse parameters.value('l') to int64 } onto 'l'" in found
    assert "map { parse parameters.value('t') to int64 } onto 't'" in found
    assert [line for line in found if ".path(" in line] == [
        f"map parameters.path('$.{name}') onto '{name}'" for name in "dfs"
    ]


def test_a_boolean_from_a_text_is_never_guessed():
    found = statements(fields="{ok: {type: boolean, from: cookie ok}}")
    assert "when cookie('ok').equalTo('true') apply { map true onto 'ok' }" in found
    assert not [line for line in found if "to bool" in line]


def test_what_divolte_cannot_do_is_left_out_and_said():
    found = statements(collector="{ip: truncate}", fields="{c: {type: list, from: cookie c}}")
    assert "// no remoteHost: Divolte cannot truncate an address (collector.ip), so it sends none" in found
    assert "// no c: Divolte cannot make a list of one cookie value" in found
    assert not [line for line in found if "remoteHost()" in line or "onto 'c'" in line]


def test_a_whole_address_is_mapped_only_where_the_model_says_full():
    assert "map remoteHost() onto 'remoteHost'" in statements(collector="{ip: full}")
    assert "map remoteHost() onto 'remoteHost'" not in statements(collector="{ip: hash}")


def test_a_dropped_field_is_never_mapped():
    assert not [line for line in statements(fields="{secret: {privacy: drop}}") if "secret" in line]


def test_what_is_not_used_is_not_defined():
    assert not [line for line in statements() if line.startswith("def ")]
    assert "def page = parse location() to uri" in statements(fields="{q: {from: query q}}")


def test_only_what_the_schema_has_is_mapped():
    model = model_of(fields="{a: int, b: {from: header B}, c: {type: list, from: query c}}")
    names = {field["name"] for field in raw_schema(model)["fields"]}
    mapped = {line.split(" onto '")[1].split("'")[0] for line in mapping(model).splitlines() if " onto '" in line}
    assert mapped <= names
    assert names - mapped == {"remoteHost", "given"}


def test_the_configuration_names_the_schemas_id_and_the_raw_topic():
    model = model_of()
    text = conf(model)
    assert f"confluent_id = {schema_id(raw_schema(model))}" in text
    assert 'topic = "shop.raw"' in text
    assert "mode = confluent" in text


def test_divoltes_session_ends_after_the_models_gap():
    assert 'session_timeout = "90 seconds"' in conf(model_of(enrich="[{sessions: {gap: 90s}}]"))


def test_the_step_that_is_to_win_stands_last():
    found = statements(
        collector="{kind: divolte}",
        fields="""
          how:
            default: none
            from:
              - {source: location path, match: "/by/([a-z]+)"}
              - {value: it's, when: {all: [{source: referer, is: present}, {not: {source: event, equals: a}}]}}
              - query how""",
    )
    assert [line for line in found if "'how'" in line and "onto" in line] == [
        "map 'none' onto 'how'",
        "map page.query().value('how') onto 'how'",
        r"when referer().isPresent().and(not(eventType().equalTo('a'))) apply { map 'it\047s' onto 'how' }",
        "map match('/by/([a-z]+)').against(page.rawPath()).group(1) onto 'how'",
    ]


def test_a_variable_is_defined_before_the_one_that_needs_it():
    found = statements(fields="{id: {from: fragment query id}}")
    assert found.index("def page = parse location() to uri") < found.index(
        "def inner = parse page.rawFragment() to uri"
    )


@pytest.mark.parametrize(
    ("value", "kind", "literal_text"),
    [
        (-3, "int", "(-3)"), (7, "long", "7L"), (7, "timestamp", "7L"), (1.5, "float", "1.5F"),
        (1e22, "double", "1e+22D"),
        (True, "boolean", "true"), ("a", "string", "'a'"),
    ],
)  # fmt: skip
def test_a_literal_has_just_the_type_that_divolte_wants(value, kind, literal_text):
    assert literal(value, kind) == literal_text
