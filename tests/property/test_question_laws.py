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
from dkd.query.question import Filter, Having, Interval, Last, Question, Range, Split

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


BOUNDS = st.one_of(st.none(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False))
RANGES = (
    st.tuples(BOUNDS, BOUNDS)
    .filter(lambda pair: pair != (None, None) and (None in pair or pair[0] < pair[1]))
    .map(lambda pair: Range(at_least=pair[0], below=pair[1]))
)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
FORMS = st.one_of(
    st.fixed_dictionaries({"values": st.lists(VALUES, min_size=1, max_size=4).map(tuple)}),
    st.fixed_dictionaries({"contains": WORDS}),
    st.fixed_dictionaries({"matches": st.one_of(WORDS, st.sampled_from(["^/shop/.*", "a|b", "(a+)+$"]))}),
    st.fixed_dictionaries({"ranges": st.lists(RANGES, min_size=1, max_size=3).map(tuple)}),
)


def questions(measures, names):
    splits = st.builds(
        Split, dimension=names, limit=st.integers(1, 1000), sort=st.one_of(st.none(), measures),
        ascending=st.booleans(), nested=st.booleans(), by=st.sampled_from(["value", "value", "previous", "delta"]),
        bucket=st.one_of(st.none(), st.floats(1e-6, 1e6)),
    )  # fmt: skip
    named = st.one_of(names, st.just("time"))
    filters = st.builds(
        lambda dimension, form, exclude: Filter(dimension=dimension, exclude=exclude, **form), named, FORMS,
        st.booleans(),
    )  # fmt: skip
    filters = st.lists(filters, max_size=3).map(tuple)

    def made(compare, against, splits, **more):
        against = None if compare else against
        if compare is None and against is None:
            splits = tuple(split.model_copy(update={"by": "value"}) for split in splits)
        return Question(compare=compare, against=against, splits=splits, **more)

    return st.builds(
        made,
        measures=st.lists(measures, min_size=1, max_size=4, unique=True).map(tuple),
        interval=intervals(),
        splits=st.lists(splits, max_size=3, unique_by=lambda split: split.dimension).map(tuple),
        filters=filters,
        having=st.lists(st.builds(Having, measure=measures, range=RANGES), max_size=2).map(tuple),
        grain=st.sampled_from([None, *GRAINS.values()]),
        zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/Argentina/Buenos_Aires"]),
        compare=st.sampled_from([None, None, "previous", "weekday", "year"]),
        against=st.one_of(st.none(), filters),
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
    """The question and the types of its values and bounds, as True equals 1."""
    filters = (*question.filters, *(question.against or ()))
    ranges = [*(each for one in filters for each in one.ranges), *(one.range for one in question.having)]
    kinds = [type(value) for one in filters for value in one.values]
    return question, kinds, [(type(each.at_least), type(each.below)) for each in ranges]


@settings(max_examples=150)
@given(question=MIXED)
def test_what_is_left_of_a_foreign_question_can_be_answered_and_what_is_not_is_named(question):
    left, dropped = fitted(question, MODEL)
    assert left is None or problems(MODEL, left) == ()
    assert bool(dropped) == (left != question)
    assert all("; " in line or "left out" in line for line in dropped)
    if left is not None:
        lost = sum(
            len(getattr(question, name) or ()) - len(getattr(left, name) or ())
            for name in ("measures", "splits", "filters", "having", "against")
        )
        assert len(dropped) >= lost
        assert fitted(left, MODEL) == (left, ())


@settings(max_examples=200)
@given(text=st.one_of(st.text(max_size=60), st.from_regex(r"1(~[a-z](\.[a-z0-9-]{0,6}){0,4}){0,5}", fullmatch=True)))
def test_no_text_as_a_link_is_ever_a_traceback(text):
    left, dropped = opened(text, MODEL)
    assert left is not None or dropped


@pytest.mark.parametrize(
    "link",
    [
        "1~m.visitors~t.7d~s.hour.5~g.P1D",
        "1~m.views~t.20260101T000000000.20260102T000000000~f.city.-n.",
        "1~m.views~t.7d~s.city.5.views.up",
        "1~m.views~t.7d~s.city.5..up~x.city.NL~f.is_late.-t~c.previous~b",
        "1~m.views~t.7d~s.price.10..up.-i2-2E5~fc.page_path.shoes~xm.page_path.-5E-2Fshop",
        "1~m.views~t.7d~s.city.10~s.hour.3.views...delta.nested~h.views.-i10.-n~c.weekday",
        "1~m.views~t.7d~fr.time.-i1767225600000.-i1767229200000.-i1767232800000.-n~xr.price.-n.-i0-2E5~c.year",
        "1~m.views~t.7d~afc.page_path.x~af.city.NL.-n",
        "1~m.views~t.7d~a",
    ],
)
def test_links_that_were_given_out_are_read_for_ever(link):
    question, dropped = opened(link, MODEL)
    assert dropped == ()
    assert as_link(question) == link


@pytest.mark.parametrize(
    "link", ["1~m.views~t.7d~fc.city", "1~m.views~t.7d~fr.price.-i1", "1~m.views~t.7d~h.views.-i1", "1~m.v~t.7d~a~a"]
)
def test_a_part_that_is_not_whole_makes_no_link(link):
    with pytest.raises(UsageError, match=r"DKD31[67]"):
        of_link(link)
