"""A question survives its links and its plain form, and a link of any other model is read as far as it goes."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.model.load import load
from dkd.query.check import problems
from dkd.query.dimension import dimensions
from dkd.query.link import as_dict, as_link, fitted, of_dict, of_link, opened
from dkd.query.periods import GRAINS
from dkd.query.question import Filter, Interval, Last, Question, Split

MODEL = load(
    """
dkd: 1
site: s
events: {page_view: {}}
fields: {price: double}
dimensions: {band: {from: price, bands: [1, 2]}, hour: {part: hour}, landing: {from: entry_page, match: "^/[^/]*"}}
measures:
  visitors: {count_distinct: party_id}
  views: {count: events}
  sessions: {count: sessions}
  price: {sum: price}
  rate: {ratio: [views, sessions]}
  typical: {quantile: price, at: 0.5, where: {hour: {above: 8}}}
  spent: {sum: price, per: sessions}
""",
    "s.yaml",
)
KNOWN = st.sampled_from(sorted(MODEL.measures))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.one_of(
    st.none(), st.booleans(), TEXTS, st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)
)


def intervals():
    fixed = st.tuples(MOMENTS, st.integers(1, 10**10)).map(
        lambda at: Interval(start=at[0], end=at[0] + timedelta(milliseconds=at[1]))
    )
    return st.one_of(fixed, st.integers(1, 50_000).map(lambda minutes: Last(last=timedelta(minutes=minutes))))


def questions(measures, names):
    splits = st.builds(
        Split, dimension=names, limit=st.integers(1, 1000), sort=st.one_of(st.none(), measures), ascending=st.booleans()
    )
    filters = st.builds(
        Filter, dimension=names, values=st.lists(VALUES, min_size=1, max_size=4).map(tuple), exclude=st.booleans()
    )
    return st.builds(
        Question,
        measures=st.lists(measures, min_size=1, max_size=4, unique=True).map(tuple),
        interval=intervals(),
        splits=st.lists(splits, max_size=3, unique_by=lambda split: split.dimension).map(tuple),
        filters=st.lists(filters, max_size=3).map(tuple),
        grain=st.sampled_from([None, *GRAINS.values()]),
        zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/Argentina/Buenos_Aires"]),
        compare=st.sampled_from([None, "previous"]),
        with_bots=st.booleans(),
    )


ANY = questions(NAMES, NAMES)
MIXED = questions(st.one_of(KNOWN, NAMES), st.one_of(st.sampled_from(sorted(dimensions(MODEL))), NAMES))


@settings(max_examples=150)
@given(question=ANY)
def test_a_link_is_the_question(question):
    try:
        link = as_link(question)
    except UsageError as error:
        event(error.problems[0].code)
        return
    assert re.fullmatch(r"[A-Za-z0-9_.~-]{1,2000}", link)
    assert typed(of_link(link)) == typed(question)


@settings(max_examples=100)
@given(question=ANY)
def test_plain_values_are_the_question_also_through_json(question):
    assert typed(of_dict(json.loads(json.dumps(as_dict(question))))) == typed(question)


def typed(question):
    """The question and the types of its values, as True equals 1."""
    return question, [type(value) for one in question.filters for value in one.values]


@settings(max_examples=150)
@given(question=MIXED)
def test_what_is_left_of_a_foreign_question_can_be_answered_and_what_is_not_is_named(question):
    left, dropped = fitted(question, MODEL)
    assert left is None or problems(MODEL, left) == ()
    assert bool(dropped) == (left != question)
    assert all("; " in line or "left out" in line for line in dropped)
    kept = (0, 0, 0) if left is None else (len(left.measures), len(left.splits), len(left.filters))
    if left is not None:
        lost = len(question.measures) + len(question.splits) + len(question.filters) - sum(kept)
        assert len(dropped) >= lost
        assert fitted(left, MODEL) == (left, ())


@settings(max_examples=200)
@given(text=st.one_of(st.text(max_size=60), st.from_regex(r"1(~[a-z](\.[a-z0-9-]{0,6}){0,4}){0,5}", fullmatch=True)))
def test_no_text_as_a_link_is_ever_a_traceback(text):
    left, dropped = opened(text, MODEL)
    assert left is not None or dropped


@pytest.mark.parametrize(
    "link", ["1~m.visitors~t.7d~s.country.5~g.P1D", "1~m.views~t.20260101T000000000.20260102T000000000~f.city.-n."]
)
def test_links_that_were_given_out_are_read_for_ever(link):
    question, dropped = opened(link, MODEL)
    assert dropped == ()
    assert as_link(question) == link
