"""Computed dimensions and measures: what of them is a mistake, at its place, and what they can be asked by."""

from pathlib import Path

import pytest

from dkd.errors import ModelError
from dkd.model.askable import askable, values_of
from dkd.model.digest import dumped
from dkd.model.load import load
from dkd.model.schema import Model

HEAD = """\
dkd: 1
site: a
events: {page_view: {fields: {price: double, tags: list, kind: {type: enum, values: [x, y]}, at: timestamp, n: int}}}
fields: {secret: {type: double, privacy: drop}}
"""
DIMENSIONS = """\
dimensions:
  size: {from: price, bands: [10, 49.5, 100]}
  region: {from: country, groups: {EU: [DE, FR], none: [null]}, other: rest}
  maker: {from: browser, groups: {Google: [Chrome]}}
  product: {from: page_path, match: "^/product/([^/]+)"}
  hour: {part: hour}
  weekday: {part: weekday}
  seen: {from: at, part: month}
  source: {first_of: [utm_source, referrer_source]}
  first: {first_of: [is_late, is_bot]}
  landing: {from: entry_page, match: "^/[^/]*"}
"""
MEASURES = """\
measures:
  p95: {quantile: price, at: 0.95, where: {size: [below 10, null], region: {not: EU}}}
  odd: {count: events, where: {hour: {above: 8, at_most: 18}, country: {not: [NL, null]}, n: {below: 2.5}}}
  kinds: {count_distinct: product, per: odd}
"""


def problems(text):
    with pytest.raises(ModelError) as caught:
        load(HEAD + text, "m.yaml")
    return [(one.where.partition(":")[2], one.code) for one in caught.value.problems]


def test_dimensions_are_asked_where_their_columns_are_and_have_types():
    model = load(HEAD + DIMENSIONS + MEASURES, "m.yaml")
    events, sessions = ({n: c.type for n, c in askable(model, kind).items()} for kind in ("events", "sessions"))
    of_both = {"region": "string", "maker": "string", "hour": "long", "weekday": "string", "source": "string"}
    own = {"size": "string", "product": "string", "seen": "string", "first": "boolean"}
    assert {name: events[name] for name in model.dimensions if name in events} == {**of_both, **own}
    assert {name: sessions[name] for name in model.dimensions if name in sessions} == {**of_both, "landing": "string"}
    assert "timestamp_ms" not in events
    assert "secret" not in events


def test_labels_that_can_be_are_known():
    model = load(HEAD + DIMENSIONS, "m.yaml")
    found = {name: values_of(one) for name, one in model.dimensions.items()}
    assert found["size"] == ("below 10", "10 to below 49.5", "49.5 to below 100", "100 or more")
    assert found["region"] == ("EU", "none", "rest")
    assert found["weekday"][0] == "Monday"
    assert found["seen"][11] == "December"
    assert found["maker"] is found["product"] is found["hour"] is None


def test_a_dumped_model_loads_as_the_same():
    model = load(HEAD + DIMENSIONS + MEASURES, "m.yaml")
    again = Model.model_validate(dumped(model))
    assert again == model
    assert dumped(again) == dumped(model)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{from: price, bands: [10, 50, 40]}", "DKD278"),
        ("{from: price, bands: []}", "DKD204"),
        ("{from: country, bands: [1]}", "DKD214"),
        ("{bands: [1]}", "DKD276"),
        ("{from: pric, bands: [1]}", "DKD213"),
        ("{from: secret, bands: [1]}", "DKD213"),
        ("{from: price, groups: {a: [b]}}", "DKD276"),
        ("{from: country, groups: {EU: [DE, FR], US: [DE]}}", "DKD278"),
        ("{from: country, groups: {EU: []}}", "DKD278"),
        ("{from: country, groups: {EU: [DE]}, group: 1}", "DKD276"),
        ('{from: page_path, match: "(?<x>a)"}', "DKD279"),
        ("{from: page_path, match: abc, group: 1}", "DKD279"),
        ("{from: price, match: abc}", "DKD276"),
        ("{from: price, part: hour}", "DKD276"),
        ("{part: hours}", "DKD204"),
        ("{part: hour, other: x}", "DKD276"),
        ("{first_of: [event]}", "DKD204"),
        ("{first_of: [event, price]}", "DKD276"),
        ("{first_of: [event, entry_page]}", "DKD276"),
        ("{first_of: [event, event]}", "DKD278"),
        ("{first_of: [event, tags]}", "DKD276"),
        ("{first_of: [event, country], from: event}", "DKD276"),
        ("{}", "DKD276"),
        ("{from: price, bands: [1], part: hour}", "DKD276"),
        ("{from: price, band: [1]}", "DKD203"),
    ],
)
def test_a_dimension_that_cannot_be_is_one_mistake(text, code):
    assert [one for _, one in problems(f"dimensions: {{d: {text}}}\n")] == [code]


def test_a_mistake_is_at_its_place():
    assert problems("dimensions:\n  d: {from: price, bands: [10, 50, 40]}\n") == [("6:36", "DKD278")]
    assert problems("dimensions:\n  d: {from: country, groups: {a: [b], c: [b]}}\n") == [("6:43", "DKD278")]
    assert problems("measures:\n  m: {count: events, where: {price: {abov: 3}}}\n") == [("6:38", "DKD203")]
    assert problems("measures:\n  m: {count: events, where: {event: [page_view, vew]}}\n") == [("6:49", "DKD213")]


@pytest.mark.parametrize("name", ["country", "entry_page", "price", "secret", "m", "timestamp_ms"])
def test_a_dimension_has_a_name_of_its_own(name):
    text = f"measures: {{m: {{count: events}}}}\ndimensions: {{{name}: {{part: hour}}}}\n"
    assert [code for _, code in problems(text)] == ["DKD277"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("quantile: price", "DKD219"),
        ("quantile: price, at: 1", "DKD204"),
        ("quantile: country, at: 0.5", "DKD214"),
        ("quantile: pric, at: 0.5", "DKD213"),
        ("sum: price, at: 0.5", "DKD219"),
        ("sum: secret", "DKD219"),
        ("sum: price, per: x", "DKD219"),
        ("sum: price, per: r", "DKD219"),
        ("sum: price, per: divided", "DKD219"),
        ("sum: price, per: y", "DKD213"),
        ("ratio: [n, n], per: n", "DKD219"),
        ("ratio: [n, divided]", "DKD219"),
        ("ratio: [n, n], where: {event: page_view}", "DKD219"),
        ("count: sessions, where: {size: below 10}", "DKD219"),
        ("count: events, where: {size: below 11}", "DKD213"),
        ("count: events, where: {kind: [x, z]}", "DKD213"),
        ("count: events, where: {kind: {not: z}}", "DKD213"),
        ("count: events, where: {is_bot: maybe}", "DKD278"),
        ("count: events, where: {hour: [1, x]}", "DKD278"),
        ("count: events, where: {price: {}}", "DKD278"),
        ("count: events, where: {price: {above: 1, at_least: 1}}", "DKD278"),
        ("count: events, where: {price: {above: 1, at_most: 1}}", "DKD278"),
        ("count: events, where: {country: {above: 1}}", "DKD214"),
        ("count: events, where: {price: {above: .nan}}", "DKD204"),
        ("count: events, where: {price: []}", "DKD204"),
        ("count: events, where: {price: null}", "DKD204"),
        ("count: events, where: {prize: 1}", "DKD213"),
    ],
)
def test_a_measure_that_cannot_be_is_one_mistake(text, code):
    more = "  n: {count: events}\n  r: {ratio: [n, n]}\n  divided: {count: events, per: n}\n"
    found = problems(f"{DIMENSIONS}measures:\n{more}  x: {{{text}}}\n")
    assert [one for _, one in found] == [code]


def test_the_example_for_analysts_is_right():
    page = (Path(__file__).parents[3] / "docs" / "analyst.md").read_text("utf-8")
    example = next(block.partition("```")[0] for block in page.split("```yaml\n") if block.startswith("dimensions:"))
    fields = "{revenue: {type: double, unit: EUR}}"
    head = f"dkd: 1\nsite: a\nevents: {{purchase: {{fields: {fields}}}, click: , form_submit: , search: }}\n"
    model = load(f"{head}{example}  visitors: {{count_distinct: party_id}}\n", "m.yaml")
    assert [len(model.dimensions), len(model.measures)] == [5, 6]
