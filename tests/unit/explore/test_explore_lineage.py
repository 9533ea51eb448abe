"""A number leads to its line of the model, its columns to what fills them, and an old name to the new one."""

from pathlib import Path

import pytest

from dkd.explore.lineage import Lineage, traced
from dkd.explore.view import View, as_link, of_link, opened
from dkd.model.load import load, load_placed
from dkd.query.behaviour import Behind, CameBack, Funnel, Paths, Retention, Sessions, Step
from dkd.query.question import Filter
from dkd.settings import DruidSettings
from dkd.systems.divolte.mapping import mapping

TEXT = """\
dkd: 1
site: shop
events:
  page_view: {}
  buy: {was: purchase, fields: {price: {type: double, was: cost}}}
dimensions: {size: {from: price, bands: [10, 20]}}
measures:
  takings: {sum: price, where: {event: buy, utm_source: mail}}
"""
COST, PRICE = (Filter(dimension=name, values=(5,)) for name in ("cost", "price"))


def test_a_measure_leads_to_its_line_and_its_columns_to_what_fills_them():
    model, tree = load_placed(TEXT, "/project/specs/shop.yaml", lambda name: None)
    lineage = Lineage(model, tree, Path("/project"))
    origins = dict(map(tuple, lineage.of("takings")))
    assert origins["takings"] == "specs/shop.yaml:8"
    lines = mapping(model).splitlines()
    place = origins["price"].split("mapping.groovy:")[1].split(" ")[0]
    assert lines[int(place) - 1].endswith("onto 'price'")
    assert origins["price"].startswith("specs/shop.yaml:5 → Avro field price of topic shop.raw")
    assert origins["price"].endswith("topic shop.clean → column price")
    assert origins["utm_source"] == "enricher campaign → topic shop.clean → column utm_source"
    assert dict(map(tuple, lineage.of("size")))["size"] == "specs/shop.yaml:6"


def test_commands_ask_the_same_and_survive_a_shell():
    source = {"names": [], "queries": [{"sql": "SELECT 'it''s' AS \"a\""}]}
    (found,) = traced({"series": source}, None, DruidSettings("http://c", "http://b", "me", "secret")).values()
    (query,) = found["queries"]
    import shlex

    assert shlex.split(query["command"]) == ["dkd", "sql", source["queries"][0]["sql"]]
    assert "http://b/druid/v2/sql" in shlex.split(query["curl"])
    assert "secret" not in query["curl"]


def test_a_link_of_before_a_rename_shows_the_same_and_says_so():
    model = load(TEXT, "shop.yaml")
    found = opened("1~m.takings~t.1d~s.cost.5~f.event.purchase~P.cost~f.colour.red", model)
    assert as_link(found.view) == "1~m.takings~t.1d~s.price.5~f.event.buy~P.price"
    assert found.dropped[:2] == ("cost is called price now", "the event purchase is called buy now")
    assert found.dropped[2].startswith("filter on colour was left out")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (
            {"funnel": Funnel(steps=(Step(event="purchase"), Step(filters=(COST,))), split="cost")},
            {"funnel": Funnel(steps=(Step(event="buy"), Step(filters=(PRICE,))), split="price")},
        ),
        ({"retention": Retention(back="purchase")}, {"retention": Retention(back="buy")}),
        ({"paths": Paths(by="cost")}, {"paths": Paths(by="price")}),
        ({"paths": Paths(by="event", anchor="purchase")}, {"paths": Paths(by="event", anchor="buy")}),
        (
            {"sessions": Sessions(behind=Behind(funnel=Funnel(steps=(Step(), Step(event="purchase"))), step=2))},
            {"sessions": Sessions(behind=Behind(funnel=Funnel(steps=(Step(), Step(event="buy"))), step=2))},
        ),
        (
            {"sessions": Sessions(behind=CameBack(retention=Retention(back="purchase"), cohort=1))},
            {"sessions": Sessions(behind=CameBack(retention=Retention(back="buy"), cohort=1))},
        ),
        ({"sessions": Sessions(one="abc")}, {"sessions": Sessions(one="abc")}),
    ],
    ids=lambda given: f"{given}"[:40],
)
def test_a_behaviour_of_before_a_rename_is_the_same(before, now):
    model = load(TEXT, "shop.yaml")
    usual = of_link("1~m.takings~t.1d~P.cost")
    found = opened(as_link(View(**{**dict(usual), **before})), model)
    assert found.view == View(**{**dict(usual), "panels": ("price",), **now})
    assert "cost is called price now" in found.dropped
    assert not any("left out" in said for said in found.dropped)
