"""A question against the model: what it cannot answer is said all at once, with the nearest names."""

import pytest
from pydantic import ValidationError

from dkd.errors import RefusedError, UsageError
from dkd.model.load import load
from dkd.query.check import kinds_of, problems, require_answerable
from dkd.query.definition import definition
from dkd.query.link import of_dict
from dkd.query.measure import is_additive, kind_of
from dkd.query.question import Filter, Interval, Question, Split

MODEL = load(
    """
dkd: 1
site: shop
events: {page_view: {}, purchase: {fields: {revenue: {type: double, unit: EUR}, tags: list, count: int}}}
measures:
  visitors: {count_distinct: party_id}
  revenue: {sum: revenue, where: {event: purchase}}
  sessions: {count: sessions}
  bounces: {count: sessions, where: {is_bounce: true}}
  value: {sum: conversion_value}
  long_visits: {count_distinct: party_id, where: {is_bounce: false}}
  bounce_rate: {ratio: [bounces, sessions]}
  revenue_per_session: {ratio: [revenue, sessions]}
""",
    "shop.yaml",
)
WEEK = Interval(start="2026-05-04T00:00Z", end="2026-05-11T00:00Z")


def asked(*measures, **more):
    return Question(measures=measures, interval=WEEK, **more)


def found(question):
    return [(problem.where, problem.code) for problem in problems(MODEL, question)]


def test_a_measure_is_asked_of_the_datasource_that_has_its_columns():
    kinds = {name: kind_of(MODEL, measure) for name, measure in MODEL.measures.items()}
    assert [name for name, kind in kinds.items() if kind == "events"] == ["visitors", "revenue"]
    assert [name for name, kind in kinds.items() if kind == "sessions"] == [
        "sessions",
        "bounces",
        "value",
        "long_visits",
    ]
    found = kinds_of(MODEL, asked("revenue_per_session", "bounce_rate"))
    assert {kind: tuple(part.name for part in parts) for kind, parts in found.items()} == {
        "events": ("revenue",),
        "sessions": ("sessions", "bounces"),
    }


def test_all_mistakes_are_said_at_once_with_the_nearest_names():
    question = asked(
        "visitor", "revenue", splits=(Split(dimension="contry"), Split(dimension="tags")),
        filters=(Filter(dimension="is_bot", values=("maybe",)), Filter(dimension="brwoser", values=("x",))),
    )  # fmt: skip
    with pytest.raises(UsageError) as refused:
        require_answerable(MODEL, question)
    lines = str(refused.value).splitlines()
    assert [line[-7:-1] for line in lines] == ["DKD310", "DKD311", "DKD312", "DKD311", "DKD313"]
    assert "did you mean visitors" in lines[0]
    assert "did you mean country" in lines[1]
    assert "did you mean browser" in lines[3]
    assert "is_bot is true or false, not 'maybe'" in lines[4]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (asked("visitors", "sessions", splits=(Split(dimension="country"),)), []),
        (asked("visitors", "sessions", splits=(Split(dimension="page_path"),)), [("split", "DKD312")]),
        (asked("sessions", filters=(Filter(dimension="event", values=("purchase",)),)), [("filter", "DKD312")]),
        (asked("sessions", filters=(Filter(dimension="pages", values=("/",)),)), []),
        (asked("revenue_per_session", splits=(Split(dimension="country"),)), [("sort", "DKD312")]),
        (asked("revenue_per_session", "revenue", splits=(Split(dimension="country", sort="revenue"),)), []),
        (asked("visitors", splits=(Split(dimension="country", sort="revenue"),)), [("sort", "DKD310")]),
        (asked("visitors", filters=(Filter(dimension="count", values=("many",)),)), [("filter", "DKD313")]),
        (asked("visitors", filters=(Filter(dimension="count", values=("5", 5, None)),)), []),
        (asked("visitors", filters=(Filter(dimension="count", values=(1e300,)),)), [("filter", "DKD313")]),
        (asked("visitors", filters=(Filter(dimension="revenue", values=("nan",)),)), [("filter", "DKD313")]),
        (asked("visitors", filters=(Filter(dimension="count", values=(2.5,)),)), [("filter", "DKD313")]),
        (asked("visitors", filters=(Filter(dimension="count", values=(2**63,)),)), [("filter", "DKD313")]),
    ],
)
def test_what_the_model_has_no_answer_for(question, wanted):
    assert found(question) == wanted


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"grain": "PT1M"}, False),
        ({"grain": "PT1M", "splits": (Split(dimension="country", limit=1),)}, True),
        ({"splits": (Split(dimension="country", limit=1000), Split(dimension="city", limit=20))}, True),
        ({"splits": (Split(dimension="country", limit=1000), Split(dimension="city", limit=18))}, False),
    ],
)
def test_too_many_rows_are_refused_before_they_are_asked_for(more, refused):
    question = asked("visitors", **more)
    if refused:
        with pytest.raises(RefusedError, match=r"more than 20,000; choose .*DKD314"):
            require_answerable(MODEL, question)
    else:
        require_answerable(MODEL, question)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"measures": []}, "at least 1 item"),
        ({"measures": ["visitors", "visitors"]}, "stands twice"),
        ({"measures": ["visitors"], "zone": "Mars/Base"}, "no time zone"),
        ({"measures": ["visitors"], "zone": "../../etc/passwd"}, "no time zone"),
        ({"measures": ["visitors"], "grain": "P2D"}, "'P1D'"),
        ({"measures": ["vis itors"]}, "not a valid name"),
        ({"measures": ["visitors"], "intervall": 1}, "did you mean interval or"),
        (
            {"measures": ["visitors"], "interval": {"start": "2026-05-04T00:00Z", "end": "2026-05-04T00:00Z"}},
            "not after",
        ),
        ({"measures": ["visitors"], "interval": {"start": "2026-05-04", "end": "2026-05-05T00:00"}}, "timezone"),
        (
            {"measures": ["visitors"], "interval": {"start": "0001-01-01T00:00+14:00", "end": "2026-05-05T00:00Z"}},
            "year",
        ),
        ({"measures": ["visitors"], "interval": {"last": "30s"}}, "last minute"),
        ({"measures": ["visitors"], "interval": {"last": 7}}, "not a duration"),
        ({"measures": ["visitors"], "interval": None}, "interval"),
        ({"measures": ["visitors"], "filters": [{"dimension": "country", "values": []}]}, "exactly one of"),
        ({"measures": ["visitors"], "splits": [{"dimension": "country", "limit": 0}]}, "this should be 1 or more"),
    ],
)
def test_plain_values_that_are_no_question_are_named(tree, said):
    with pytest.raises(UsageError, match="DKD316") as refused:
        of_dict({"interval": {"last": "7d"}, **tree})
    assert said in str(refused.value)


def test_a_question_is_frozen_and_its_interval_utc():
    question = asked("visitors")
    with pytest.raises(ValidationError):
        question.zone = "UTC"
    assert Interval(start="2026-05-04T02:00+02:00", end="2026-05-11T00:00Z") == WEEK


def test_definitions_say_what_is_counted():
    assert definition(MODEL, "revenue") == "sum of revenue in EUR where event = 'purchase'"
    assert definition(MODEL, "bounces") == "number of sessions where is_bounce = true"
    assert definition(MODEL, "bounce_rate") == "bounces / sessions; none where sessions is 0"
    assert [name for name in MODEL.measures if is_additive(MODEL, name)] == [
        "revenue", "sessions", "bounces", "value",
    ]  # fmt: skip
