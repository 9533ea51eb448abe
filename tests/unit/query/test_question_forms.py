"""Every form of a filter: which dimension takes it, what it is called, its SQL, and patterns that would never end."""

import re
import time

import pytest

from dkd.cli.asking import filters
from dkd.errors import UsageError
from dkd.model.columns import Column
from dkd.model.load import load
from dkd.query.check import problems
from dkd.query.filters import condition, said
from dkd.query.link import as_dict, of_dict
from dkd.query.question import Filter, Having, Interval, Question, Range, Split
from dkd.query.searching import require_searchable
from dkd.query.splits import only, read, value

MODEL = load(
    """
dkd: 1
site: shop
events: {page_view: {}, purchase: {fields: {price: double, tags: list, count: int, due: timestamp}}}
dimensions: {band: {from: price, bands: [1, 2]}, hour: {part: hour}, landing: {from: entry_page, match: "^/[^/]*"}}
measures: {visitors: {count_distinct: party_id}, views: {count: events}, sessions: {count: sessions}}
""",
    "shop.yaml",
)
WEEK = Interval(start="2026-05-04T00:00Z", end="2026-05-11T00:00Z")
TEN = Range(at_least=10, below=20)


def found(*filters, **more):
    question = Question(measures=more.pop("measures", ("visitors",)), interval=WEEK, filters=filters, **more)
    return [(problem.where, problem.code) for problem in problems(MODEL, question)]


@pytest.mark.parametrize(
    ("dimension", "refused"),
    [
        ("page_path", {"ranges": "DKD312"}),
        ("band", {"values": "DKD313", "ranges": "DKD312"}),
        ("tags", {"ranges": "DKD312"}),
        ("price", {"values": "DKD313", "contains": "DKD312", "matches": "DKD312"}),
        ("hour", {"values": "DKD313", "contains": "DKD312", "matches": "DKD312"}),
        ("due", {"values": "DKD313", "contains": "DKD312", "matches": "DKD312"}),
        ("is_late", {"values": "DKD313", "contains": "DKD312", "matches": "DKD312", "ranges": "DKD312"}),
        ("time", {"values": "DKD312", "contains": "DKD312", "matches": "DKD312"}),
        ("tme", dict.fromkeys(("values", "contains", "matches", "ranges"), "DKD311")),
    ],
)
def test_each_dimension_takes_the_forms_that_suit_it(dimension, refused):
    forms = {"values": ("x",), "contains": "x", "matches": "x+", "ranges": (TEN, Range(below=2.5))}
    for form, given in forms.items():
        wanted = [("filter", refused[form])] if form in refused else []
        assert found(Filter(dimension=dimension, **{form: given})) == wanted, form
        assert found(measures=("views",), against=(Filter(dimension=dimension, **{form: given}),)) == wanted, form


@pytest.mark.parametrize(
    ("split", "having", "wanted"),
    [
        (Split(dimension="price", bucket=0.5), (), []),
        (Split(dimension="hour", bucket=6), (), []),
        (Split(dimension="country", bucket=6), (), [("split", "DKD312")]),
        (Split(dimension="band", bucket=6), (), [("split", "DKD312")]),
        (Split(dimension="time"), (), [("split", "DKD312")]),
        (Split(dimension="country"), (Having(measure="views", range=TEN),), []),
        (Split(dimension="country"), (Having(measure="view", range=TEN),), [("having", "DKD310")]),
        (Split(dimension="country"), (Having(measure="sessions", range=TEN),), [("having", "DKD312")]),
        (None, (Having(measure="views", range=TEN),), []),
    ],
)
def test_buckets_are_of_numbers_and_conditions_of_what_ranks(split, having, wanted):
    assert found(splits=(split,) if split else (), having=having) == wanted


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(?:a|a)*b", "(?:a?){40}x", "(a*)*", ".*.*.*.*", "a?" * 40 + "a" * 40, "(?:(?:ab)?c){30}",
        "(a|b|ab)*c",
        "[a-z]*[a-z]*[a-z]*[a-z]*!", "(?:x+x+)+y", "(.*)(,.*){5,9}",
    ],
)  # fmt: skip
def test_a_pattern_that_may_never_end_is_refused(pattern):
    with pytest.raises(ValueError, match="for ever"):
        require_searchable(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "^/shop/.*", "shoes|boots|sandals", "^/[a-z]{2}/(shop|store)/[^/]+$", "[0-9]+(?:ab)*", r"\.html?$", "a{2,5}",
        "(",
        "", "(?:abc)+", ".*x.*y.*", "(?i)x", "a**", "[", "x{3",
    ],
)  # fmt: skip
def test_what_is_taken_ends_soon_even_here(pattern):
    """Python tries one way after another too, as Java does."""
    try:
        require_searchable(pattern)
    except ValueError:
        assert pattern in ("(", "(?i)x", "a**", "[", "x{3")
        return
    began = time.monotonic()
    for text in ("a" * 300 + "!", "/shop/" * 50, "xy" * 150, "0" * 300):
        re.search(pattern, text)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("one", "words", "sql"),
    [
        (Filter(dimension="landing", contains="A'b"), 'landing contains "A\'b"', 'ICONTAINS_STRING("landing", ?)'),
        (
            Filter(dimension="page_path", matches="^/x", exclude=True), "page_path does not match '^/x'",
            '(REGEXP_LIKE("page_path", ?) IS NOT TRUE)',
        ),
        (
            Filter(dimension="count", ranges=(TEN, Range(below=2.5))), "count is from 10 to below 20 or below 2.5",
            '("count" >= ? AND "count" < ? OR "count" < ?)',
        ),
        (Filter(dimension="country", values=("NL", None), exclude=True), "country is not 'NL' or none", None),
        (
            Filter(dimension="time", ranges=(Range(at_least=1_777_845_600_000),)),
            "time is from 2026-05-04 00:00 on", '("__time" >= ?)',
        ),
    ],
)  # fmt: skip
def test_a_filter_has_words_and_sql_with_its_values_beside(one, words, sql):
    assert said(one, "Europe/Amsterdam") == words
    column = None if one.dimension == "time" else Column(one.dimension, "long" if one.ranges else "string", "")
    made = condition(column, one)
    assert sql is None or made.text == sql
    assert made.text.count("?") == len(made.parameters)
    if one.dimension == "count":
        # Below 2.5 is, of whole numbers, below 3.
        assert made.parameters == (10, 20, 3)


@pytest.mark.parametrize(
    ("typed", "wanted", "words"),
    [
        (["price>=10", "price<20", "price<30"], [Range(at_least=10, below=20)], "price is from 10 to below 20"),
        (["price>10", "price<=20"], None, "price is above 10 to 20"),
        (["price<=0.5"], None, "price is at most 0.5"),
        (["price>10"], None, "price is above 10"),
        (["count>10", "count<=20.5"], [Range(at_least=11, below=21)], "count is from 11 to below 21"),
        (["price=10..20", "price=30.."], [Range(at_least=10, below=20), Range(at_least=30)], None),
        (["due=2026-05-04..2026-05-05"], [Range(at_least=1_777_845_600_000, below=1_777_932_000_000)], None),
        (["time>2026-05-04"], [Range(at_least=1_777_845_600_001)], "time is from 2026-05-04 00:00 on"),
    ],
)
def test_what_is_typed_becomes_ranges(typed, wanted, words):
    kinds = {"price": "double", "count": "long", "due": "long"}
    (tree,) = filters(typed, kinds, "--where", "Europe/Amsterdam")
    one = Filter.model_validate(tree)
    assert wanted is None or one.ranges == tuple(wanted)
    assert words is None or said(one, "Europe/Amsterdam") == words


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (["country=NL", "country=null", 'country="null"'], [{"values": ["NL", None, "null"]}]),
        (["page_path~a", "page_path~b=c"], [{"contains": "a"}, {"contains": "b=c"}]),
        (["page_path=~^/a=>", "page_path=/x..y"], [{"matches": "^/a=>"}, {"values": ["/x..y"]}]),
    ],
)
def test_what_is_typed_becomes_values_and_texts(typed, wanted):
    found = filters(typed, {"country": "string", "page_path": "string"}, "--not", "UTC")
    assert [{key: value for key, value in one.items() if key != "dimension"} for one in found] == [
        {**one, "exclude": True} for one in wanted
    ]


@pytest.mark.parametrize("width", [10, 0.1, 0.01, 2.5, 86_400_000.0, 1e-6])
@pytest.mark.parametrize("number", [0, 3, 29, 137, -7, 12_345])
def test_a_bucket_begins_at_a_multiple_and_its_filter_is_the_bucket(width, number):
    split, column = Split(dimension="price", bucket=width), Column("price", "double", "")
    start, end = (read(column, split, one) for one in (number, number + 1))
    assert float(start) == pytest.approx(number * width)
    assert only(split, start) == Filter(dimension="price", ranges=(Range(at_least=start, below=end),))
    assert only(split, None) == Filter(dimension="price", values=(None,))
    assert read(column, split, None) is None
    made = value(column, split)
    quotient, *rest = (start, *made.parameters)
    # As Druid computes it: times one number and divided by the other.
    quotient = quotient * rest[0] / rest[1] + 1e-9 if len(rest) > 1 else quotient / rest[0]
    assert quotient // 1 == number


def test_times_of_ranges_may_be_written_on_the_zones_clock():
    tree = {
        "measures": ["visitors"], "interval": {"last": "7d"}, "zone": "Europe/Amsterdam",
        "filters": [{"dimension": "time", "ranges": [{"at_least": "2026-05-04", "below": "2026-05-04T01:30"}]}],
        "against": [{"dimension": "due", "ranges": [{"below": "2026-05-04T00:00+00:00"}]}],
    }  # fmt: skip
    question = of_dict(tree)
    start_ms = 1_777_845_600_000
    assert question.filters[0].ranges == (Range(at_least=start_ms, below=start_ms + 5_400_000),)
    assert question.against[0].ranges == (Range(below=start_ms + 7_200_000),)
    assert of_dict(as_dict(question)) == question
    for wrong in ("2026-13-01", "2026-05-04T99:00"):
        tree["filters"][0]["ranges"] = [{"at_least": wrong}]
        with pytest.raises(UsageError, match="neither a date"):
            of_dict(tree)
