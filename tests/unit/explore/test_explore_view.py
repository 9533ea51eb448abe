"""A view is its link and its file; a link of another model keeps what that model has, and says what it has not."""

import yaml
from explore_cases import MODEL, views
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.explore.saved import as_tree, read
from dkd.explore.view import View, as_link, first_view, fitted, of_link, opened
from dkd.model.load import load

USUAL = first_view(MODEL)


@given(views())
def test_a_link_is_read_back_as_the_same_view(view: View):
    try:
        link = as_link(view)
    except UsageError:  # too long for an address
        return
    assert of_link(link) == view
    assert set(link) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")


@given(views())
def test_a_file_is_read_back_as_the_same_view(view: View):
    text = yaml.safe_dump(as_tree("Any", view), allow_unicode=True, sort_keys=False)
    found = read(text, "dashboards/any.yaml", MODEL)
    # Names that the model does not have are mistakes, but the form is right.
    assert {problem.code for problem in found.problems} <= {"DKD310", "DKD311", "DKD312", "DKD313", "DKD317"}
    if not found.problems:
        assert found.view == view


@given(st.text(max_size=60) | st.from_regex(r"1~[a-zA-Z]\.[a-z0-9.~-]{0,30}", fullmatch=True))
def test_any_text_opens_to_a_view_or_to_a_reason(text: str):
    found = opened(text, MODEL)
    assert found.view is not None or found.dropped


@given(views())
def test_what_is_left_of_a_view_fits_and_nothing_else_was_dropped(view: View):
    found = fitted(view, MODEL)
    if found.view is None:
        assert len(found.dropped) == len(view.question.measures)
        return
    again = fitted(found.view, MODEL)
    assert again == (found.view, ())
    lost = (
        len(view.question.measures) - len(found.view.question.measures)
        + len(view.question.filters) - len(found.view.question.filters)
        + len(view.panels) - len(found.view.panels)
    )  # fmt: skip
    assert len(found.dropped) == lost


def test_the_usual_view_is_short_enough_to_send_in_a_chat():
    assert USUAL is not None
    assert as_link(USUAL) == (
        "1~m.visitors.pageviews.orders.revenue.revenue_per_visitor~t.1d~c.previous"
        "~P.page_path.channel.country.referrer_source.device_type.browser"
    )


def test_what_is_compared_and_what_ranks_is_dropped_only_where_the_model_lacks_it():
    parts = "s.country.5..up..delta~s.browser.3.happiness....nested~fc.page_path.shoe~h.pageviews.-i1.-n~h.joy.-i1.-n"
    found = opened(f"1~m.visitors.pageviews~t.7d~{parts}~af.colour.red~P.country", MODEL)
    assert as_link(found.view) == (
        "1~m.visitors.pageviews~t.7d~s.country.5..up~s.browser.3.....nested~fc.page_path.shoe~h.pageviews.-i1.-n~P.country"
    )
    assert [line.partition(":")[0] for line in found.dropped] == [
        "compared filter on colour was left out", "a condition on a measure was left out",
        "the order of the split by browser was left out",
    ]  # fmt: skip
    assert fitted(found.view, MODEL) == (found.view, ())


def test_a_link_of_an_older_model_says_what_was_dropped():
    text = "1~m.visitors.happiness~t.7d~f.colour.red~f.country.NL~P.country.shoe_size~M.happiness~L"
    found = opened(text, MODEL)
    assert found.view is not None
    assert as_link(found.view) == "1~m.visitors~t.7d~f.country.NL~P.country~L"
    assert [line.split(" was left out")[0] for line in found.dropped] == [
        "measure happiness", "filter on colour", "panel shoe_size"
    ]  # fmt: skip


def test_a_file_that_no_address_can_hold_is_a_mistake():
    values = ", ".join(f"value{seq}" for seq in range(400))
    text = f"""\
view: 1
title: Many
measures: [visitors]
interval: {{last: 1d}}
filters: [{{dimension: city, values: [{values}]}}]
"""
    found = read(text, "v.yaml", MODEL)
    assert found.view is None
    assert [(problem.where, problem.code) for problem in found.problems] == [("v.yaml:5:10", "DKD317")]


def test_every_mistake_of_a_file_is_at_its_place():
    text = """\
view: 1
measures: [visitors, revenu]
measure: orders
interval: {last: 1w}
filters:
  - {dimension: contry, values: [NL]}
  - dimension: is_late
    values: [maybe]
panels: [page_path, page_path, merged_ids]
colour: red
"""
    found = [(problem.where, problem.code) for problem in read(text, "v.yaml", MODEL).problems]
    assert found == [
        ("v.yaml:1:1", "DKD205"), ("v.yaml:2:22", "DKD310"), ("v.yaml:3:10", "DKD204"), ("v.yaml:4:18", "DKD204"),
        ("v.yaml:6:17", "DKD311"), ("v.yaml:8:13", "DKD313"), ("v.yaml:9:21", "DKD204"), ("v.yaml:9:32", "DKD312"),
        ("v.yaml:10:1", "DKD203"),
    ]  # fmt: skip


COMPUTED = load(
    """
dkd: 1
site: s
events: {buy: {fields: {price: double}}}
dimensions: {size: {from: price, bands: [10, 20]}, hour: {part: hour}, landing: {from: entry_page, match: "^/[^/]*"}}
measures: {buys: {count: events, where: {hour: {below: 12}}}, typical: {quantile: price, at: 0.5, per: buys}}
""",
    "s.yaml",
)


def test_a_file_names_computed_dimensions_and_only_labels_that_there_are():
    text = """\
view: 1
title: Sizes
measures: [typical, buys]
interval: {last: 1d}
filters:
  - {dimension: size, values: [below 10, null]}
  - {dimension: hour, values: [9, 10]}
panels: [size, hour]
"""
    found = read(text, "v.yaml", COMPUTED)
    assert found.problems == ()
    assert opened(as_link(found.view), COMPUTED).view == found.view
    wrong = text.replace("below 10", "below 11").replace("[9, 10]", "[nine]").replace("[size,", "[landing, size,")
    problems = read(wrong, "v.yaml", COMPUTED).problems
    assert [(one.where, one.code) for one in problems] == [
        ("v.yaml:6:31", "DKD313"), ("v.yaml:7:31", "DKD313"), ("v.yaml:8:10", "DKD312"),
    ]  # fmt: skip
    assert problems[0].remedy == "did you mean below 10 or 10 to below 20?"


def test_a_link_with_a_band_of_an_older_model_says_what_was_dropped():
    left, dropped = opened("1~m.buys~t.1d~f.size.30-20or-20more~P.size", COMPUTED)
    assert left.question.filters == ()
    assert left.panels == ("size",)
    assert "size is never '30 or more'" in dropped[0]
