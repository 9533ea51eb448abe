"""Mistakes in where a value comes from: each at its place, with its code, its reason and what to do."""

import pytest

from dkd.errors import ModelError
from dkd.model.load import load

HEAD = "dkd: 1\nsite: shop\ncollector: {COLLECTOR}\nevents: {page_view: {}}\nfields:\n"


def findings(field, collector="kind: dkd"):
    """``line:column code: problem`` of each mistake, of a model whose only field is *field*, in line 6."""
    try:
        load(HEAD.replace("COLLECTOR", collector) + f"  x: {field}\n", "m")
    except ModelError as error:
        return [f"{one.where.removeprefix('m:')} {one.code}: {one.problem}; {one.remedy}" for one in error.problems]
    return []


GOOD = [
    "{from: referer host, default: none}",
    '{type: int, from: {source: location path, match: "/product/([0-9]+)", group: 1}}',
    '{from: {source: location path, match: "/(?<kind>[a-z]+)/.*", group: kind}}',
    '{type: boolean, from: {source: user_agent, match: "(?i).*bot.*"}}',
    '{type: list, from: "path $.items[*].sku"}',
    "{from: [query gclid, {value: none, when: {source: referer, is: absent}}]}",
    "{type: boolean, from: {test: {any: [{source: event, equals: a}, {not: {source: viewport_width, equals: 0}}]}}}",
    "{type: double, default: 1}",
    "{type: timestamp, from: client_ms}",
    "{from: }",
]


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("kind", ["dkd", "divolte"])
def test_what_is_right_is_taken_by_both_collectors(field, kind):
    assert findings(field, f"kind: {kind}") == []


BAD = [
    ("{from: querry x}", "6:13 DKD218: 'querry x' is no source; did you mean query?"),
    ("{from: 5}", "6:13 DKD204: 5 for 'source' should be text"),
    ("{from: [cookie a, location user]}", "6:24 DKD218: 'location user' is no source"),
    ("{from: {source: cookie a, mach: x}}", "6:32 DKD203: unknown key 'mach'; did you mean match?"),
    ("{from: {source: cookie a, value: x}}", "6:13 DKD234: a step has one of source, value and test; found source and"),
    ("{from: {when: {source: event, equals: a}}}", "6:13 DKD234: a step has one of source, value and test; found none"),
    ("{from: []}", "6:13 DKD234: there is no step"),
    ("{from: {value: a, match: b}}", "6:31 DKD234: match needs a source"),
    ("{from: {source: cookie a, group: 1}}", "6:39 DKD234: a group needs a match"),
    ("{from: {source: cookie a, match: a}}", "6:39 DKD232: the pattern has no group whose text would be the value"),
    ("{from: {source: cookie a, match: (a), group: 2}}", "6:51 DKD232: the pattern has no group 2; write 1 to 1"),
    ("{from: {source: cookie a, match: (?<n>a), group: m}}", "6:55 DKD232: the pattern has no group named 'm'; names"),
    ("{from: {source: cookie a, match: (?=a)}}", "6:39 DKD232: a look ahead, at character 1; leave it out"),
    ("{from: {source: path $.a, match: (a)}}", "6:22 DKD233: what is matched or looked up must be a text"),
    ("{from: {source: viewport_width, match: (a)}}", "6:22 DKD233: what is matched or looked up must be a text"),
    ("{type: long, from: viewport_width}", "6:25 DKD233: viewport_width is a whole number of 32 bits, the field is"),
    ("{type: int, from: client_ms}", "6:24 DKD233: client_ms is a whole number of 64 bits, the field is int; set"),
    ("{from: detected_corruption}", "6:13 DKD233: detected_corruption is true or false, the field is string"),
    ('{from: "path $.a[*]"}', "6:13 DKD233: $.a[*] finds a list, the field is string; set type: list, or name one"),
    ('{from: "path $..a"}', "6:13 DKD239: '$..a': searches at every depth (..) are left out"),
    ("{from: {test: {source: event, equals: a}}}", "6:20 DKD233: a test is true or false, the field is string"),
    ("{type: int, default: a}", "6:27 DKD235: 'a' is no value of type int; write a whole number"),
    ("{type: int, default: 2147483648}", "6:27 DKD235: 2147483648 does not fit 32 bits"),
    ("{type: int, default: 1.5}", "6:27 DKD235: 1.5 is no value of type int"),
    ("{type: list, default: a}", "6:28 DKD235: 'a' is no value of type list; leave it out"),
    ("{type: enum, values: [a], default: b}", "6:41 DKD235: 'b' is not one of the values; use one of a"),
    ("{type: float, default: 1.0e+39}", "6:29 DKD235: 1e+39 is beyond a float"),
    ("{type: double, default: .nan}", "6:30 DKD235: nan is beyond a double"),
    (f"{{default: {'a' * 10_001}}}", "6:16 DKD235: this text has 10001 characters; keep it below 10000"),
    (f"{{from: parameter {'a' * 1000}}}", "6:13 DKD218: a source of 1010 characters; keep it below 1000"),
    (f"{{from: {{source: event, match: {'a' * 2001}}}}}", "6:36 DKD232: a pattern of 2001 characters"),
    (f"{{from: {{value: a, when: {{source: event, equals: {'a' * 10_001}}}}}}}", "6:54 DKD235: this text has 10001"),
    ("{from: {value: 5}}", "6:21 DKD235: 5 is no value of type string; write a text in quotes"),
    ("{from: geo country_code}", "6:13 DKD236: geo needs a city database; set collector.geo_database"),
    ("{from: {source: cookie a, geo: country_code}}", "6:37 DKD236: geo needs a city database"),
    ("{from: {source: cookie a, geo: town}}", "6:37 DKD218: 'town' is not known of an address"),
    ("{from: user_agent family}", "6:13 DKD237: user_agent family is read by Divolte's own database of 2014"),
    ("{from: {value: a, when: {source: event}}}", "6:30 DKD234: a tested source has one of is, equals, matches"),
    ("{from: {value: a, when: {is: present}}}", "6:30 DKD234: a condition has one of source, not, all and any"),
    ("{from: {value: a, when: {all: []}}}", "6:36 DKD234: all of nothing"),
    ("{from: {value: a, when: {source: evnt, is: present}}}", "6:39 DKD218: 'evnt' is no source; did you mean event"),
    ("{from: {value: a, when: {source: event, is: there}}}", "6:50 DKD204: 'there' is not one of the values allowed"),
    ("{from: {value: a, when: {source: event, matches: '['}}}", "6:55 DKD232: a [ that is not closed, at character 2"),
    ("{from: {value: a, when: {source: path $.a, equals: b}}}", "6:39 DKD231: Divolte never finds the value of a path"),
    ("{from: {value: a, when: {source: viewport_width, equals: b}}}", "6:63 DKD233: viewport_width is a whole number"),
    ("{from: {value: a, when: {source: event, same_as: client_ms}}}", "6:55 DKD233: the two are of different types"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "wanted"), BAD)
def test_what_is_wrong_is_said_at_its_place(field, wanted):
    found = findings(field)
    assert len(found) == 1
    assert found[0].startswith(wanted)


@pytest.mark.parametrize(
    ("field", "collector", "wanted"),
    [
        ("{type: list, from: cookie a}", "kind: divolte", "6:25 DKD231: Divolte cannot make a list of the one text"),
        ("{from: ip}", "kind: divolte", "6:13 DKD231: Divolte cannot truncate an address (collector.ip); set"),
    ],
)
def test_what_divolte_cannot_do_is_refused_where_divolte_collects(field, collector, wanted):
    (found,) = findings(field, collector)
    assert found.startswith(wanted)
    assert findings(field) == []


def test_a_database_that_is_named_answers_for_both():
    for kind in ("dkd", "divolte"):
        assert findings("{from: geo country_code}", f"kind: {kind}, geo_database: /x/city.mmdb") == []
    assert findings("{from: user_agent family}", "kind: divolte") == []


def test_one_name_is_found_in_one_way():
    text = HEAD.replace("events: {page_view: {}}", "events: {a: {fields: {x: {from: cookie a}}}, b: {fields: {x: {}}}}")
    with pytest.raises(ModelError, match="DKD238") as caught:
        load(text.replace("COLLECTOR", "kind: dkd") + "  y: {}\n", "m")
    assert caught.value.problems[0].problem == "from of 'x' is another than in events.a.fields.x"
