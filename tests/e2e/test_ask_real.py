"""Questions on the real Druid: DuckDB's numbers over the same file, on days of 23 and 25 hours too."""

import csv
import io
import json
import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psutil
import pytest
import requests
from behaviour_oracle import CROWD, by_unit, crowd, people, retention, walks
from behaviour_oracle import funnel as counted
from behaviour_oracle import instead as instead_of
from question_oracle import (
    ADDITIVE,
    OF_SESSIONS,
    OTHERS,
    QUANTILES,
    RATIOS,
    K,
    Oracle,
    bucket,
    changes,
    nothing,
)  # fmt: skip
from second_site import SecondSite
from xxhash import xxh3_64_intdigest

from dkd.errors import DkdError, UsageError
from dkd.explore.asking import Desk, Job
from dkd.explore.plan import planned
from dkd.explore.questions import Version, jobs_of
from dkd.explore.stored import stored
from dkd.explore.view import View
from dkd.model.pattern import compiled
from dkd.query.answer import Others, answered
from dkd.query.behaviour import Behind, CameBack, Funnel, Paths, Retention, Sessions
from dkd.query.check import problems
from dkd.query.client import Druid
from dkd.query.first import first_values
from dkd.query.flow import flow
from dkd.query.funnel import behind, funnelled, funnelling
from dkd.query.link import as_link, of_link
from dkd.query.numbered import by_number
from dkd.query.paths import travelled
from dkd.query.question import Filter, Having, Interval, Question, Range, Split
from dkd.query.retention import came_back, retained
from dkd.query.search import searched
from dkd.query.sessions import listed
from dkd.query.sessions import told as narrated
from dkd.query.shown import as_sql
from dkd.query.trust import trust_of

pytestmark = pytest.mark.stack

ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "UTC")
EVENTS, SESSIONS, VISITORS = 53_000, 8_000, 50_000
WEEK_BEFORE = 3_000
"""Events of the week before the longer day, among all the events."""
QUESTIONS = int(os.environ.get("DKD_TEST_EXAMPLES", "60"))
# A name that no run before had: what that left in Druid would be counted too.
SITE = f"asked_{os.getpid()}"
MODEL = f"""\
dkd: 1
site: {SITE}
events:
  page_view: {{}}
  purchase: {{fields: {{revenue: {{type: double, unit: EUR}}, quantity: int}}}}
  cart: {{}}
topics: {{partitions: 2}}
enrich: [{{sessions: {{conversions: [{{event: purchase, value: revenue}}]}}}}]
datasources: {{events: {{segment: day}}, sessions: {{segment: month}}}}
measures:
  visitors: {{count_distinct: party_id}}
  countries: {{count_distinct: country}}
  events: {{count: events}}
  pageviews: {{count: events, where: {{event: page_view}}}}
  orders: {{count: events, where: {{event: purchase}}}}
  buyers: {{count_distinct: party_id, where: {{event: purchase}}}}
  revenue: {{sum: revenue, where: {{event: purchase}}}}
  quantity: {{sum: quantity}}
  sessions: {{count: sessions}}
  bounces: {{count: sessions, where: {{is_bounce: true}}}}
  value: {{sum: conversion_value}}
  revenue_per_visitor: {{ratio: [revenue, visitors]}}
  bounce_rate: {{ratio: [bounces, sessions]}}
  pageviews_per_session: {{ratio: [pageviews, sessions]}}
  order_p95: {{quantile: revenue, at: 0.95}}
  order_median: {{quantile: revenue, at: 0.5, where: {{event: purchase, country: {{not: [NL, null]}}}}}}
  quantity_p10: {{quantile: quantity, at: 0.1}}
  width_p99: {{quantile: viewport_width, at: 0.99}}
  duration_p90: {{quantile: duration_s, at: 0.9}}
  big_orders: {{count: events, where: {{revenue: {{at_least: 500, below: 1500}}}}}}
  some_views: {{count: events, where: {{event: page_view, country: [NL, DE, null]}}}}
  by_day: {{count: events, where: {{region: [EU, rest], hour: {{above: 5, at_most: 20}}}}}}
  pages: {{count_distinct: page_no}}
  revenue_per_buyer: {{sum: revenue, where: {{event: purchase}}, per: buyers}}
  events_per_session: {{count: events, per: sessions}}
  median_per_visitor:
    {{quantile: revenue, at: 0.5, where: {{event: [purchase], country: {{not: [NL, null]}}}}, per: visitors}}
dimensions:
  order_size: {{from: revenue, bands: [100, 500.5, 1500]}}
  region: {{from: country, groups: {{EU: [NL, DE], "' OR 1=1 --": ["?", "%_", null]}}, other: rest}}
  neighbour: {{from: country, groups: {{near: [DE, FR]}}}}
  page_no: {{from: page_path, match: "^/p(1[0-9])$"}}
  hour: {{part: hour}}
  weekday: {{part: weekday}}
  month: {{part: month}}
  received_day: {{from: received_ms, part: day}}
  origin: {{first_of: [channel, country]}}
"""
WIDTHS = {"revenue": (250, 99.5), "quantity": (2,), "viewport_width": (400, 33), "hour": (6,), "duration_s": (60, 0.5)}
LIMITS = {
    "revenue": (20, 2200),
    "quantity": (0, 4),
    "viewport_width": (300, 2000),
    "hour": (0, 24),
    "duration_s": (0, 400),
}
TEXTS = ("country", "page_path", "channel", "neighbour", "origin", "region")
WORDS = ("P", "/p1", "e", "'", "?", "%", "OR 1", "ACK\\S", "\N{GRINNING FACE}", "x")
PATTERNS = ("^/p[0-9]$", "[A-Z]{2}", "^$", "il|ct", r"\?", "^(NL|DE)", ".", "e.*t")
NASTY = ("' OR 1=1 --", "?", 'a"b', "", "😀", "שלום", "null", "back\\slash", "%_", "NL")
BOTH = {
    "country": ("NL", "DE", "FR", None, *NASTY),
    "channel": ("Direct", "Email", None),
    "is_bot": (True, False),
    "region": ("EU", "' OR 1=1 --", "rest", None),
    "neighbour": ("near", "NL", "' OR 1=1 --", "", None),
    "hour": (0, 2, 3, 12, 23),
    "weekday": ("Sunday", "Monday", "Saturday"),
    "month": ("March", "October"),
    "origin": ("Paid", "Email", "?", None),
}
OF_EVENTS = {
    "page_path": tuple(f"/p{n}" for n in range(40)),
    "quantity": (1, 2, 3, None),
    "event": ("page_view", "purchase"),
    "order_size": ("below 100", "100 to below 500.5", "1500 or more", None),
    "page_no": ("10", "11", None),
    "received_day": (1, 28, 29, 30),
}


def since(days):
    """Before this no row has a number for its visitor, as those have none that were stored before there were any."""
    return max(days)


def number(party):
    return xxh3_64_intdigest(party.encode()) % 2**53


def rows(days):
    """Events and sessions of three days around each of *days*, in seeded disorder of values, in order of time."""
    dice = random.Random(11)
    week_before = (days[1].astimezone(ZoneInfo("Europe/Amsterdam")) - timedelta(days=7)).astimezone(UTC)
    moments = sorted(
        int((day + timedelta(days=-1, seconds=dice.random() * 3 * 86_400)).timestamp() * 1000)
        for n in range(EVENTS)
        for day in (days[n % 2] if n >= WEEK_BEFORE else week_before,)
    )
    events, numbered_ms = [], since(days).timestamp() * 1000
    for seq, at_ms in enumerate(moments):
        is_order = dice.random() < 0.1
        party = dice.randrange(VISITORS)
        event = {
            "event": "purchase" if is_order else "page_view",
            "timestamp_ms": at_ms,
            "party_id": f"p{party}",
            "party_number": number(f"p{party}") if at_ms >= numbered_ms else None,
            "event_id": f"e{seq}",
            "page_path": f"/p{min(int(dice.expovariate(0.1)), 60)}",
            "country": (*NASTY, "NL", "DE", "FR", None)[party % 14],
            "channel": dice.choice(["Direct", "Email", "Paid", None]),
            "is_bot": party % 20 == 0,
            "received_ms": at_ms + dice.randrange(2 * 86_400_000),
            "viewport_width": min(int(dice.gauss(1200, 400)), 2560),
        }
        if is_order:
            event |= {"revenue": dice.randrange(100, 9000) / 4, "quantity": dice.randrange(1, 4)}
        events.append(event)
    sessions = [
        {
            "session_id": f"s{seq}",
            "party_id": event["party_id"],
            "party_number": event["party_number"],
            "start_ms": event["timestamp_ms"],
            "country": event["country"],
            "channel": event["channel"],
            "pages": [f"/p{seq % 7}", "/Sale/Shoes", "/p0"][: 1 + seq % 3],
            "is_bounce": dice.random() < 0.4,
            "duration_s": dice.choice([None, round(dice.expovariate(0.01), 3)]),
            "conversion_value": dice.choice([None, 10.25, 99.5]),
            "is_bot": event["is_bot"],
        }
        for seq, event in enumerate(dice.sample(events, SESSIONS))
    ]
    return events, sessions


@pytest.fixture(scope="module")
def days():
    return changes("Europe/Amsterdam", datetime.now(UTC))


@pytest.fixture(scope="module")
def site(stack, days, tmp_path_factory):
    made = SecondSite(stack, tmp_path_factory.mktemp("asked"), MODEL)
    made.run("deploy", "--yes")
    made.before = [made.run("ask", "visitors", check=False), made.run("ask", "sessions", check=False)]
    made.oracle = filled(made, days)
    yield made
    made.remove()


def filled(site, days):
    """Send the rows of a file as the enricher would, wait until all are in Druid, and hand the file to DuckDB."""
    files = []
    for topic, found in zip((f"{SITE}.clean", f"{SITE}.sessions"), rows(days), strict=True):
        files.append(site.stack.project / f"{topic}.ndjson")
        files[-1].write_text("\n".join(map(json.dumps, found)))
        site.produce(topic, ({k: v for k, v in row.items() if v is not None} for row in found))
    wanted, found, end = {f"{SITE}_events": EVENTS, f"{SITE}_sessions": SESSIONS}, {}, time.monotonic() + 150
    with Druid(site.settings.druid) as druid:
        while found != wanted:
            assert time.monotonic() < end, found
            time.sleep(0.5)
            names = "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'"
            there = {row[0] for row in druid.sql(names).rows}
            found = {name: druid.sql(f"SELECT COUNT(*) FROM {name}").value() for name in wanted if name in there}
    return Oracle(*files)


@pytest.fixture(scope="module")
def druid(site):
    with Druid(site.settings.druid) as made:
        yield made


def question_of(dice, days):
    """Any question that the model can answer, about an hour up to three days around one of *days*."""
    zone, day = dice.choice(ZONES), dice.choice(days)
    mixed = dice.random() < 0.3
    pool = [*RATIOS, *ADDITIVE, *QUANTILES, "visitors", "buyers", "countries", "pages"]
    two = ("bounce_rate", "pageviews_per_session", "events_per_session")
    if not mixed:
        pool = (
            [name for name in pool if RATIOS.get(name, (name,))[0] in OF_SESSIONS]
            if dice.random() < 0.2
            else [name for name in pool if name not in OF_SESSIONS and name not in two]
        )
    measures = tuple(dice.sample(sorted(pool), dice.randrange(1, min(4, len(pool)))))
    start = day + timedelta(days=dice.choice([-1, -1, 0, 1]))
    end = start + timedelta(days=dice.randrange(1, 4))
    if dice.random() < 0.4:
        start = day + timedelta(seconds=dice.randrange(-80_000, 80_000))
        end = day + timedelta(days=1, seconds=dice.randrange(80_000))
    interval = Interval(start=start, end=end)
    compare = dice.choice([None, "previous", "previous", "weekday", "year"])
    against = filters_of(dice, interval) if compare is None and dice.random() < 0.5 else None
    is_compared = compare is not None or against is not None
    known = {**BOTH, **OF_EVENTS, **dict.fromkeys(WIDTHS)}
    count = dice.choice([0, 1, 1, 2, 2, 3])
    splits = tuple(
        Split(
            dimension=name,
            limit=dice.choice([1, 2, 3] if count == 3 else [1, 2, 3, 5, 20] if count == 1 else [1, 2, 3, 5, 8]),
            bucket=dice.choice(WIDTHS[name]) if name in WIDTHS else None,
            sort=dice.choice([None, *measures]),
            by=dice.choice(["value", "previous", "delta"] if is_compared else ["value"]),
            ascending=dice.random() < 0.2,
            nested=dice.random() < 0.5,
        )
        for name in dice.sample(sorted(known), count)
    )
    having = ()
    if splits and dice.random() < 0.25:
        least = dice.choice([1, 20, 300])
        having = (Having(measure=dice.choice(sorted(ADDITIVE)), range=Range(at_least=least, below=least * 40)),)
    return Question(
        measures=measures, splits=splits, filters=filters_of(dice, interval), interval=interval, zone=zone,
        grain=dice.choice([None, None, "PT1H", "P1D", "P1W", "P1M", "PT15M" if not splits else None]),
        compare=compare, against=against, having=having, with_bots=dice.random() < 0.3,
    )  # fmt: skip


def filters_of(dice, interval):
    """None up to two filters of any form."""
    known = {**BOTH, **OF_EVENTS}
    found = []
    for _ in range(dice.choice([0, 0, 1, 2])):
        form, name = dice.choice(["values", "values", "contains", "matches", "ranges", "time"]), dice.choice(TEXTS)
        given = {}
        if form == "values":
            name = dice.choice(sorted(known))
            given["values"] = tuple(dice.sample(known[name], dice.randrange(1, min(4, len(known[name])))))
        elif form in ("contains", "matches"):
            given[form] = dice.choice(WORDS if form == "contains" else PATTERNS)
        else:
            name = "time" if form == "time" else dice.choice(sorted(WIDTHS))
            given["ranges"] = ranges_of(dice, name, interval)
        found.append(Filter(dimension=name, exclude=dice.random() < 0.4, **given))
    return tuple(found)


def ranges_of(dice, name, interval):
    """One range or two, whole or with a fraction, some of them open."""
    start, end = (moment.timestamp() * 1000 for moment in (interval.start, interval.end))
    low, high = (start, end) if name == "time" else LIMITS[name]
    ends = sorted(round(low + dice.random() * (high - low), dice.choice([0, 1])) for _ in range(4))
    ranges = [
        Range(at_least=first, below=last) for first, last in zip(ends[::2], ends[1::2], strict=True) if first < last
    ]
    if dice.random() < 0.3:
        return (Range(below=ends[0]), Range(at_least=ends[3]))
    return tuple(ranges[: dice.choice([1, 2])]) or (Range(at_least=low),)


def questions(model, days):
    dice, found = random.Random(2), []
    while len(found) < QUESTIONS:
        question = question_of(dice, days)
        if not problems(model, question):
            found.append(question)
    return found


def same(number, wanted, name):
    """Exactly DuckDB's number, or within the printed error; a float has last digits of its own.

    A quantile of many numbers is more than twice as far off as is printed in one run of a billion.
    """
    if isinstance(wanted, list):
        count, low, wanted, high = wanted
        if count >= 2 * K:
            return low <= number.value <= high
    if number.value is None or wanted is None:
        return number.value is None and wanted is None
    slack = 1e-9 * abs(wanted) if isinstance(wanted, float) else 0
    return abs(number.value - wanted) <= number.error + slack


def kept_of(question, answer):
    """For each split the values below each parent that have a row; see :meth:`Oracle.counts`."""
    found = [{} for _ in question.splits]
    for row in answer.rows:
        for n, split in enumerate(question.splits):
            parent = tuple(map(told, question.splits, row.key[:n])) if split.nested else ()
            if row.key[n] is not Others.others:
                found[n].setdefault(parent, {})[told(split, row.key[n])] = None
    return found


def told(split, value):
    """A value as the oracle has it: of a bucket its number."""
    is_bucket = split.bucket is not None and isinstance(value, int | float)
    return OTHERS if value is Others.others else round(value / split.bucket) if is_bucket else value


def by_key(question, rows):
    """Rows by their key in the oracle's words."""
    found = {}
    for row in rows:
        key = tuple(spelled(told(split, value)) for split, value in zip(question.splits, row.key, strict=False))
        found[(bucket(row.time, question.grain, question.zone) if row.time else None, *key)] = row
    assert len(found) == len(rows)
    return found


def check_rows(oracle, answer):
    """Every row, parent and total is DuckDB's, none is missing, and what adds up does so. Returns the numbers."""
    question, span = answer.question, answer.question.span
    kept = kept_of(question, answer)
    check_level(oracle, answer, question, kept, answer.rows)
    whole = question.model_copy(update={"grain": None})
    for length in range(1, len(question.splits) + (question.grain is not None)):
        parents = [row for row in answer.subtotals if len(row.key) == length]
        level = whole.model_copy(update={"splits": question.splits[:length]})
        check_level(oracle, answer, level, kept[:length], parents)
        assert [row.key for row in parents] == list(
            dict.fromkeys(row.key[:length] for row in answer.rows if row.key[:length] in {one.key for one in parents})
        )
    bare = question.model_copy(update={"splits": (), "grain": None})
    (total,) = oracle.counts(bare, span.start, span.end, []).values()
    for n, name in enumerate(question.measures):
        assert same(answer.totals[n].now, total[name], name), (question, name, answer.totals[n], total[name])
        if name in ADDITIVE and answer.rows:
            assert sum(row.cells[n].now.value for row in answer.rows) == pytest.approx(total[name], rel=1e-9)
            for parent in (row for row in answer.subtotals if len(row.key) == 1):
                below = [row.cells[n].now.value for row in answer.rows if row.key[0] == parent.key[0]]
                assert sum(below) == pytest.approx(parent.cells[n].now.value, rel=1e-9)
    if answer.previous is not None:
        (past,) = oracle.counts(bare, answer.previous.start, answer.previous.end, [], question.against).values()
        for n, name in enumerate(question.measures):
            assert same(answer.totals[n].previous, past[name], name), (question, name)
    check_ranks(oracle, answer, kept)
    rows = (*answer.rows, *answer.subtotals)
    return [cell.now for row in rows for cell in row.cells] + [cell.now for cell in answer.totals]


def check_level(oracle, answer, question, kept, rows):
    """The numbers of *rows*, and without a grain those they are compared with."""
    found = by_key(question, rows)
    sides = [(question.span, None, "now")]
    if answer.previous is not None and (question.grain is None or question.against is not None):
        sides.append((answer.previous, question.against, "previous"))
    for span, filters, which in sides:
        wanted = oracle.counts(question, span.start, span.end, kept, filters)
        if question.splits or question.grain:
            assert wanted.keys() <= found.keys(), (question, wanted.keys() - found.keys())
        for key, row in found.items():
            numbers = wanted.get(key, {name: nothing(name) for name in question.measures})
            for name, cell in zip(question.measures, row.cells, strict=True):
                assert same(getattr(cell, which), numbers[name], name), (question, key, name, cell, numbers[name])


def spelled(value):
    return None if value is None else {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def check_ranks(oracle, answer, kept):
    """The values that have a row are the first ones of all that meet the conditions, below each of their parents.

    Where equal numbers meet the limit any of them may be; where numbers are estimates, some that are as good as equal.
    """
    question = answer.question
    for split, parents in zip(question.splits, kept, strict=True):
        if split.dimension == "is_bot":
            continue
        for parent, values in parents.items():
            if OTHERS in parent:
                continue
            ranks = ranked(oracle, answer, split, parent)
            if split.limit >= len(ranks):
                assert set(values) == set(ranks), (question, split, parent)
            elif None not in ranks.values():
                slack = 0.03 * max(map(abs, ranks.values()))
                numbers = sorted(ranks.values(), reverse=not split.ascending)[: split.limit]
                chosen = sorted((ranks[value] for value in values), reverse=not split.ascending)
                assert chosen == pytest.approx(numbers, rel=0.03, abs=slack if split.by == "delta" else None), (
                    question, split, parent,
                )  # fmt: skip


def ranked(oracle, answer, split, parent):
    """What ranks each value of the split that meets the conditions."""
    question, span = answer.question, answer.question.span
    by = split.sort or question.measures[0]

    def numbers(name, side, filters):
        return oracle.numbers(question, split, name, side.start, side.end, filters, parent)

    found = numbers(by, span, None)
    if split.by != "value":
        now, then = found, numbers(by, answer.previous, question.against)
        empty = None if by in RATIOS or by in QUANTILES else 0
        found = {}
        for value in now.keys() | then.keys():
            one, other = now.get(value, empty), then.get(value, empty)
            found[value] = other if split.by == "previous" else None if None in (one, other) else one - other
    for one in question.having:
        number = numbers(one.measure, span, None)
        found = {
            value: rank
            for value, rank in found.items()
            if one.range.at_least <= (number.get(value, 0) or 0) < one.range.below
        }
    return found


def test_random_questions_have_duckdbs_numbers(site, druid, days):
    began, cells = time.monotonic(), []
    asked = questions(site.model, days)
    for question in asked:
        assert of_link(as_link(question)) == question
        is_numbered = question.span.start >= since(days) and question.compare is None
        model = by_number(site.model) if is_numbered else site.model
        cells += check_rows(site.oracle, answered(druid, model, question, with_subtotals=True))
    estimates = [cell for cell in cells if cell.error]
    print(f"{len(asked)} questions, {len(cells)} numbers, {len(estimates)} estimates, {time.monotonic() - began:.1f} s")
    assert len(cells) > 1_000


def values_with(site, dimension, text, where="NOT is_bot"):
    """Each value that has the text in it, and how many rows have the value."""
    table, value = ("sessions", "unnest(pages)") if dimension == "pages" else ("events", dimension)
    sql = f"SELECT value, count(*) FROM (SELECT {value} AS value FROM {table} WHERE {where}) "
    sql += f"WHERE contains(lower(CAST(value AS VARCHAR)), lower('{text}')) " if text else ""
    return dict(site.oracle.db.execute(f"{sql} GROUP BY 1").fetchall())


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        ("country", ""), ("country", "n"), ("page_path", "P1"), ("party_id", "999"), ("party_id", ""),
        ("quantity", "2"),
        ("pages", "shoes"), ("pages", "p"), ("is_bot", "fal"), ("country", "' OR 1=1 --"), ("country", "nowhere"),
    ],
)  # fmt: skip
def test_a_search_finds_the_values_that_have_the_text_in_them(site, druid, days, dimension, text):
    whole = Interval(start=days[0] - timedelta(days=400), end=days[1] + timedelta(days=400))
    filters = (Filter(dimension=dimension, values=("x",)),) if dimension == "country" else ()
    question = Question(measures=("events",), interval=whole, filters=filters)
    found = searched(druid, site.model, question, dimension, text, limit=20)
    wanted = values_with(site, dimension, text.replace("'", "''"))
    assert {value: wanted[value] for value, _, _ in found.values} == {one.value: one.frequency for one in found.values}
    assert [one.frequency for one in found.values] == sorted(wanted.values(), reverse=True)[:20]
    assert found.has_more is (len(wanted) > 20)
    assert found.counted == ("sessions" if dimension == "pages" else "events")


def test_a_search_keeps_the_other_filters_and_sets_a_measure_beside(site, druid, days):
    around = Interval(start=days[1] - timedelta(days=1), end=days[1] + timedelta(days=1))
    filters = (Filter(dimension="country", values=("NL",)), Filter(dimension="page_path", values=("/nowhere",)))
    question = Question(measures=("events",), interval=around, filters=filters)
    found = searched(druid, site.model, question, "page_path", "/P2", measure="revenue_per_visitor")
    assert len(found.queries) == 2
    for value, frequency, number in found.values[:5]:
        only = question.model_copy(
            update={
                "measures": ("events", "revenue_per_visitor"),
                "filters": (filters[0], Filter(dimension="page_path", values=(value,))),
            }
        )
        (wanted,) = site.oracle.counts(only, around.start, around.end, []).values()
        assert frequency == wanted["events"]
        assert same(number, wanted["revenue_per_visitor"], "revenue_per_visitor")
    with pytest.raises(UsageError, match="did you mean page_path"):
        searched(druid, site.model, question, "page_pth", "")


@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize(
    ("given", "test"),
    [
        ({"values": ("/Sale/Shoes", "/p3")}, "list_has_any(pages, ['/Sale/Shoes', '/p3'])"),
        ({"contains": "SHOES"}, "list_contains(pages, '/Sale/Shoes')"),
        ({"matches": "^/p[35]$"}, "list_has_any(pages, ['/p3', '/p5'])"),
    ],
)
def test_a_list_is_filtered_by_any_of_its_values(site, druid, days, given, test, exclude):
    whole = Interval(start=days[0] - timedelta(days=400), end=days[1] + timedelta(days=400))
    question = Question(
        measures=("sessions",), interval=whole, filters=(Filter(dimension="pages", exclude=exclude, **given),)
    )
    wanted = f"SELECT count(*) FROM sessions WHERE NOT is_bot AND {'NOT' if exclude else ''} {test}"
    ((count,),) = site.oracle.db.execute(wanted).fetchall()
    assert answered(druid, site.model, question).totals[0].now.value == count > 0


def test_the_command_takes_every_form(site, days):
    """Nested, with a condition, against other filters: rows, parents and what is compared in one answer."""
    given = (
        "events,visitors", "--by", "region,width/400".replace("width", "viewport_width"), "--nested", "--top", "2",
        "--where", "page_path~P1", "--not", "page_path=~^/p1[0-4]$", "--where", "viewport_width>=400",
        "--where", f"time={days[1]:%Y-%m-%dT%H:%M}..", "--having", "events>20", "--against", "channel=Email",
        "--rank", "delta", *span(days),
    )  # fmt: skip
    found = json.loads(asked(site, *given, "--json").stdout)
    assert found["compared_with"] == "channel is 'Email'"
    assert found["question"]["filters"][0] == {"dimension": "page_path", "contains": "P1"}
    below = {}
    for row in found["rows"]:
        below[row["region"]] = below.get(row["region"], 0) + row["events"]
    assert below == {row["region"]: row["events"] for row in found["subtotals"]}
    assert sum(below.values()) == found["totals"]["events"] > 0
    table = asked(site, *given).stdout
    assert "compared with channel is 'Email'" in table.splitlines()[-2]
    assert table.splitlines()[-1].startswith("a value has a row where events is above 20")
    assert "(total)" in table


@pytest.mark.parametrize(("which", "hours"), [(0, 23), (1, 25)])
def test_a_day_of_the_changing_clock_has_its_hours_and_its_neighbours(site, druid, days, which, hours):
    day, zone = days[which], "Europe/Amsterdam"
    following = day + timedelta(hours=hours)
    question = Question(
        measures=("events", "visitors"), interval=Interval(start=day, end=following), grain="PT1H", zone=zone,
        compare="previous",
    )  # fmt: skip
    answer = answered(druid, site.model, question)
    check_rows(site.oracle, answer)
    assert [row.time for row in answer.rows] == [day + timedelta(hours=n) for n in range(hours)]
    assert all(row.cells[0].now.value for row in answer.rows)
    assert answer.previous == Interval(start=day - timedelta(hours=24), end=day)
    around = Interval(start=day - timedelta(hours=24), end=following + timedelta(hours=24))
    by_day = answered(druid, site.model, question.model_copy(update={"grain": "P1D", "interval": around}))
    assert [row.cells[0].now.value for row in by_day.rows][1] == answer.totals[0].now.value
    assert [(row.time.astimezone(UTC) - day) // timedelta(hours=1) for row in by_day.rows] == [-24, 0, hours]


def test_many_visitors_are_an_estimate_whose_error_holds(site, druid, days):
    around = Interval(start=days[1] - timedelta(days=2), end=days[1] + timedelta(days=3))
    question = Question(measures=("visitors", "revenue_per_visitor", "events"), interval=around)
    answer = answered(druid, site.model, question)
    check_rows(site.oracle, answer)
    visitors, ratio, events = (cell.now for cell in answer.totals)
    assert 0 < visitors.error < 0.03 * visitors.value
    assert 0 < ratio.error < 0.03 * ratio.value
    assert events.error == 0


@pytest.mark.parametrize(
    ("start_h", "compare", "is_numbered"), [(0, None, True), (0, "previous", False), (-1, None, False)]
)
def test_visitors_are_counted_by_number_where_no_row_lacks_one(site, druid, days, start_h, compare, is_numbered):
    """The page goes by numbers from the first moment on since which all rows have one, and by ids before."""
    border = since(days)
    held = stored(druid, [site.model.datasource(kind) for kind in ("events", "sessions")], border + timedelta(days=3))
    assert border - timedelta(hours=1) < held.numbered < border
    span = Interval(start=border + timedelta(hours=start_h), end=border + timedelta(days=2))
    question = Question(measures=("visitors", "buyers"), interval=span, compare=compare, grain="PT1H")
    view = View(question=question, panels=("page_path",))
    jobs = jobs_of(site.model, view, planned(site.model, view, span.end), Version(span.end, held, is_whole=True))
    answer, (*_, panel) = jobs["distinct"].work(druid), jobs["page_path"].work(druid)
    queries = [one.sql for found in (answer, panel) for one in found.queries if "DS_THETA" in one.sql]
    assert queries
    assert {('"party_number"' in one, '"party_id"' in one) for one in queries} == {(is_numbered, not is_numbered)}
    assert "different party_id" in answer.definitions["visitors"]
    check_rows(site.oracle, answer)
    if start_h < 0:
        # What this prevents: by numbers those who were there only in the first hour would be missing.
        short = answered(druid, by_number(site.model), question)
        assert short.totals[0].now.value + short.totals[0].now.error < answer.totals[0].now.value


def test_quantiles_of_many_numbers_are_estimates_and_of_few_exact(site, druid, days):
    around = Interval(start=days[1] - timedelta(days=2), end=days[1] + timedelta(days=3))
    question = Question(measures=("width_p99", "order_p95", "order_median", "median_per_visitor"), interval=around)
    answer = answered(druid, site.model, question)
    check_rows(site.oracle, answer)
    wide, order, median, divided = (cell.now for cell in answer.totals)
    assert 0 < wide.error < 0.06 * wide.value
    assert isinstance(wide.value, int)
    assert 0 < order.error < 0.06 * order.value
    assert median.error == 0
    assert divided.error > 0
    rare = question.model_copy(update={"filters": (Filter(dimension="page_path", values=("/p55",)),)})
    assert {cell.now.error for cell in answered(druid, site.model, rare).totals} == {0}
    check_rows(site.oracle, answered(druid, site.model, rare))
    none = question.model_copy(update={"filters": (Filter(dimension="country", values=("XX",)),)})
    assert [cell.now.value for cell in answered(druid, site.model, none).totals] == [None] * 4


PIECES = (
    "a", "b", "/", "-", "1", "é", "😀", " ", ".", r"\.", r"\d", r"\w", r"\W", r"\s", r"\S", r"\D", r"\/", r"\-", r"\(",
    "[ab]", "[^ab/]", "[a-f-]", r"[\w.-]", "[&a]", "[^^]", "[.]", "(a|b)", "(", "(?:", "|", ")", "*", "+", "?", "*?",
    "+?", "??", "{2}", "{1,}", "{0,2}?", "^", "$", "#", '"', "'",
)  # fmt: skip


def test_a_pattern_finds_in_druid_what_it_finds_here(druid):
    """Druid is Java: a pattern that both take means the same to both."""
    dice, found = random.Random(3), []
    while len(found) < 300:
        try:
            pattern = compiled("".join(dice.choices(PIECES, k=dice.randrange(1, 9))))
        except ValueError:
            continue
        text = "".join(dice.choices("aab/-1é😀 .\tf_^&('\"#", k=dice.randrange(9)))
        group = dice.randrange(pattern.groups + 1)
        match = pattern.search(text)
        found.append(((text, pattern.pattern, group), match[group] if match else None))
    assert sum(1 for _, wanted in found if wanted) > 20
    sql = f"SELECT {', '.join(f'REGEXP_EXTRACT(?, ?, ?) AS c{seq}' for seq in range(len(found)))}"
    (row,) = druid.sql(sql, [value for given, _ in found for value in given]).rows
    assert [(given, value) for (given, _), value in zip(found, row, strict=True)] == found


def asked(site, *arguments):
    return site.run("ask", *arguments, check=False)


def span(days):
    return ("--from", f"{days[1] - timedelta(days=2):%Y-%m-%d}", "--to", f"{days[1] + timedelta(days=3):%Y-%m-%d}")


def test_the_command_answers_in_three_forms_and_says_how_far_to_trust_it(site, druid, days):
    table = asked(site, "visitors,revenue", "--by", "country", "--top", "2", "--last", "24h").stdout
    assert table.splitlines()[0].split() == ["country", "visitors", "revenue"]
    assert [line.split()[0] for line in table.splitlines()[-3:-1]] == ["(others)", "(total)"]
    assert table.splitlines()[-1].endswith("left out · exact")
    given = ("events", "--by", "channel", *span(days))
    found = json.loads(asked(site, *given, "--format", "json").stdout)
    assert sum(row["events"] for row in found["rows"]) == found["totals"]["events"] > 0
    read = list(csv.DictReader(io.StringIO(asked(site, *given, "--format", "csv").stdout)))
    assert [(row["channel"] or None, int(row["events"])) for row in read] == [
        (row["channel"], row["events"]) for row in found["rows"]
    ]


@pytest.mark.parametrize("value", ["' OR 1=1 --", "?", 'a"b', "", "😀", "שלום", '"null"', "back\\slash", "%_"])
def test_a_value_of_a_filter_is_only_ever_a_value(site, druid, days, value):
    meant = "null" if value == '"null"' else value
    around = Interval(start=days[1] - timedelta(days=2), end=days[1] + timedelta(days=3))
    filters = (Filter(dimension="country", values=(meant,)),)
    question = Question(measures=("events",), interval=around, filters=filters, with_bots=True)
    answer = answered(druid, site.model, question)
    check_rows(site.oracle, answer)
    assert answer.totals[0].now.value > 0
    (query,) = answer.queries
    assert druid.sql(as_sql(query)).rows == druid.sql(query.sql, query.parameters).rows


@pytest.mark.parametrize(("given", "meant"), [("' OR 1=1 --", "' OR 1=1 --"), ('"null"', "null"), ("null", None)])
def test_a_value_of_the_command_line_is_one_too(site, days, given, meant):
    filters = (Filter(dimension="country", values=(meant,)),)
    whole = Interval(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))
    question = Question(measures=("events",), interval=whole, filters=filters)
    (wanted,) = site.oracle.counts(question, whole.start, whole.end, []).values()
    done = asked(site, "events", "--where", f"country={given}", "--from", "2000-01-01", "--json")
    assert json.loads(done.stdout)["totals"]["events"] == wanted["events"] > 0


@pytest.mark.parametrize("by", ["country", "region,weekday"])
def test_shown_sql_gives_the_answers_numbers(site, days, by):
    given = ("visitors,orders,by_day,order_p95", "--by", by, "--grain", "month", "--top", "3", *span(days))
    text = asked(site, *given, "--sql").stdout
    totals = next(part for part in text.split("\n-- ") if part.startswith("totals")).partition("\n")[2]
    (row,) = json.loads(site.run("sql", totals, "--json").stdout)
    wanted = json.loads(asked(site, *given, "--json").stdout)["totals"]
    assert row["orders"] == wanted["orders"]
    assert row["by_day"] == wanted["by_day"] > 0
    assert row["order_p95"][2] == pytest.approx(wanted["order_p95"], rel=0.05)
    assert round(json.loads(row["visitors"])["estimate"]) == wanted["visitors"]
    assert "-- region: country in groups: EU = 'NL', 'DE'; ' OR 1=1 -- = '?', '%_', none; every other" in text


@pytest.mark.parametrize("dimension", ["country", "region", "weekday"])
def test_every_query_reads_its_interval_alone(site, druid, days, dimension):
    question = Question(
        measures=("visitors", "bounces"), interval=Interval(start=days[0], end=days[1]), compare="previous",
        splits=(Split(dimension=dimension, limit=1),), grain="P1M", zone="Europe/Amsterdam",
    )  # fmt: skip
    answer = answered(druid, site.model, question)
    assert {query.role for query in answer.queries} == {"ranking", "rows", "totals"}
    for query in answer.queries:
        plan = str(druid.sql(f"EXPLAIN PLAN FOR {query.sql}", query.parameters).rows)
        span = answer.previous if query.is_previous else answer.question.span
        assert f"{span.start:%Y-%m-%dT%H:%M}:00.000Z/{span.end:%Y-%m-%dT%H:%M}:00.000Z" in plan


@pytest.mark.parametrize(("first", "is_whole"), [(0, False), (1, True)])
def test_the_period_in_which_the_data_begins_is_known(site, druid, days, first, is_whole):
    """The data begins in the course of the day before ``days[0]``."""
    start = days[0] + timedelta(days=first)
    question = Question(
        measures=("events",), interval=Interval(start=start, end=start + timedelta(days=1)), compare="previous"
    )
    assert trust_of(druid, site.model, answered(druid, site.model, question)).is_past_whole is is_whole


def test_before_the_first_row_the_question_is_answered_with_what_to_do(site):
    events, sessions = site.before
    assert (events.returncode, sessions.returncode) == (1, 1)
    assert "it holds no row yet; send an event" in events.stderr
    assert all(len(done.stderr.splitlines()) == 1 for done in site.before)


def test_a_mistake_is_a_line_with_the_nearest_names_and_a_code(site, days):
    done = asked(site, "visitor", "--by", "contry")
    assert done.returncode == 64
    assert [line[-8:] for line in done.stderr.splitlines()] == ["[DKD310]", "[DKD311]"]
    assert "did you mean visitors or" in done.stderr
    done = asked(site, "events", "--grain", "minute", "--last", "90d")
    assert done.returncode == 5
    assert "choose a coarser grain" in done.stderr


def test_nothing_that_fits_is_said_and_no_error(site, days):
    done = asked(site, "events,revenue_per_visitor", "--where", "country=XX", *span(days))
    assert done.returncode == 0
    assert done.stdout.splitlines()[2].split() == ["0", "-"]
    assert done.stdout.splitlines()[-1] == "nothing was counted: no event fits the filters"


def test_a_running_question_is_cancelled_from_another_thread(site):
    slow = f"SELECT COUNT(*) FROM {SITE}_events a, {SITE}_events b WHERE a.event_id <> b.party_id"
    ended = threading.Event()
    with Druid(site.settings.druid) as druid:

        def cancel():
            # On a slow machine Druid may not know the query yet.
            while not ended.wait(1):
                druid.cancel()

        hand = threading.Thread(target=cancel)
        hand.start()
        try:
            with pytest.raises(DkdError, match="DKD307"):
                druid.sql(slow, timeout_s=300)
        finally:
            ended.set()
            hand.join()


@pytest.fixture(scope="module")
def gathered(site, days, druid):
    """A crowd of a week around the day that is short, beside all the other events, which no test after this counts."""
    start = days[0] - timedelta(days=3)
    events = crowd(start, 7, 900)
    numbered = ({**one, "party_number": one["party_id"] and number(one["party_id"])} for one in events)
    site.produce(f"{SITE}.clean", ({k: v for k, v in one.items() if v is not None} for one in numbered))
    end = time.monotonic() + 60
    while druid.sql(f"SELECT COUNT(*) FROM {SITE}_events WHERE channel = '{CROWD}'").value() < len(events):
        assert time.monotonic() < end
        time.sleep(0.3)
    interval = Interval(start=start, end=start + timedelta(days=7) - timedelta(hours=2))
    asked = Question(
        measures=("events",), interval=interval, zone="Europe/Amsterdam",
        filters=(Filter(dimension="channel", values=(CROWD,)),),
    )  # fmt: skip
    end_ms = round(interval.end.timestamp() * 1000)
    return asked, [one for one in events if one["timestamp_ms"] < end_ms]


FUNNELS = [
    {"steps": ["page_view", "cart"]},
    {"steps": ["page_view", "page_view", "purchase"], "split": "country"},
    {"steps": ["page_view", "cart", "purchase"], "window": "10s", "split": "country"},
    {"steps": ["page_view", None, "purchase"], "unit": "session", "window": "5s"},
    {"steps": ["cart", "purchase", "page_view"], "any_order": True, "window": "20s"},
    {"steps": ["purchase", "cart", "page_view", "purchase"], "window": "2d"},
]


@pytest.mark.parametrize("tree", FUNNELS, ids=str)
def test_a_funnel_is_what_trying_every_choice_of_events_says(gathered, druid, site, tree, monkeypatch):
    question, events = gathered
    funnel = Funnel.model_validate({**tree, "steps": [{"event": name} for name in tree["steps"]]})
    window_ms = funnel.window and funnel.window // timedelta(milliseconds=1)
    total, parts = counted(events, funnel, window_ms)
    assert total[1], "a funnel that nobody gets on in shows nothing"
    read = funnelled(druid, site.model, question, funnel)
    # As if the events were too many to read all, and then too many to read even those that counts leave open.
    names, unit = tree["steps"], {"visitor": "party_id", "session": "session_id"}[funnel.unit]
    size = sum(1 for one in people(events) if one[unit] and (None in names or one["event"] in names))
    monkeypatch.setattr("dkd.query.funnel.MOST_READ", size - 1)
    decided = funnelled(druid, site.model, question, funnel)
    (*_, by_numbers) = funnelling(druid, site.model, question, funnel, is_numbered=True)
    assert (by_numbers.steps, by_numbers.how) == (decided.steps, decided.how)
    assert ('GROUP BY "party_number"' in by_numbers.queries[-1].sql) == (funnel.unit == "visitor")
    monkeypatch.setattr("dkd.query.funnel.MOST_UNDECIDED", 0)
    bracket = funnelled(druid, site.model, question, funnel)
    assert (read.how, bracket.how) in [("read", "bracket"), ("read", "counted")]
    assert decided.how in ("decided", "counted")
    assert [one.sure for one in decided.steps] == total
    if funnel.split:
        # Of two first steps at one time Druid takes either, so a value may have one more or less.
        assert [sum(steps[seq].sure for _, steps in decided.parts) for seq in range(len(total))] == total
    for answer in (read, decided, bracket):
        assert all(one.sure <= wanted <= one.possible for one, wanted in zip(answer.steps, total, strict=True))
        assert answer.is_exact or answer.how == "bracket"
    assert [one.sure for one in read.steps] == total
    if funnel.split:
        assert {value: [one.sure for one in steps] for value, steps in read.parts} == parts
    units = behind(druid, site.model, question, Behind(funnel=funnel, step=2), 10_000)
    assert len(set(units)) == bracket.steps[1].sure
    assert set(units) <= by_unit(people(events), funnel.unit).keys()
    monkeypatch.undo()
    assert dict(lost_next(druid, site, question, funnel)) == instead_of(events, funnel, window_ms)


def lost_next(druid, site, question, funnel):
    """What those lost at the second step did next, as the list of their sessions says."""
    bar = Behind(funnel=funnel, step=2, lost=True)
    return listed(druid, site.model, question, Sessions(behind=bar)).instead or ()


@pytest.mark.parametrize(("grain", "back"), [("P1D", None), ("P1D", "purchase"), ("P1W", None)])
def test_retention_is_what_plain_python_says_over_the_change_of_the_clock(gathered, druid, site, grain, back):
    question, events = gathered
    answer = retained(druid, site.model, question, Retention(grain=grain, back=back))
    wanted, before, unknown = retention(events, [one.start for one in answer.cohorts], question, grain, back)
    for seq, (one, (size, later, counts)) in enumerate(zip(answer.cohorts, wanted.values(), strict=True)):
        assert (one.size, one.later, list(one.back)) == (size, later, counts[seq:])
    assert (answer.before, answer.unknown) == (before, unknown)
    assert unknown
    assert sum(one.size for one in answer.cohorts) > 100
    assert not answer.is_last_whole
    for cohort, ahead in ((1, 0), (1, 1), (2, 3)):
        units = came_back(
            druid, site.model, question, CameBack(retention=answer.retention, cohort=cohort, ahead=ahead), 10_000
        )
        back = answer.cohorts[cohort].back if cohort < len(answer.cohorts) else ()
        assert len(units) == (back[ahead] if ahead < len(back) else 0)
        assert set(units) <= by_unit(people(events), "visitor").keys()
    later = Interval(start=question.span.start + timedelta(days=1), end=question.span.end)
    half = question.model_copy(update={"interval": later})
    with pytest.raises(DkdError, match="DKD337"):
        retained(druid, site.model, half, Retention(born="visit"))


def test_paths_and_sessions_are_those_of_the_events(gathered, druid, site):
    question, events = gathered
    paths = Paths(by="page_path", anchor="/b", depth=3, top=2)
    answer = travelled(druid, site.model, question, paths)
    assert answer.kind == "sessions"  # which nobody wrote for the crowd
    assert answer.sessions == 0
    only = question.model_copy(update={"filters": (*question.filters, Filter(dimension="event", values=("cart",)))})
    carts = [one for one in events if one["event"] == "cart"]
    assert travelled(druid, site.model, only, paths).flow == flow(walks(carts), paths)
    found = listed(druid, site.model, only, Sessions())
    newest = {key: max(one["timestamp_ms"] for one in own) for key, own in by_unit(people(carts), "session").items()}
    ordered = sorted(newest, key=lambda key: (-newest[key], key))
    assert [one.id for one in found.sessions] == ordered[:50]
    assert found.has_more
    whole = by_unit(events, "session")
    for one in found.sessions:
        times = [event["timestamp_ms"] for event in whole[one.id]]
        assert (one.events, one.start.timestamp() * 1000, one.end.timestamp() * 1000) == (
            len(times), min(times), max(times),
        )  # fmt: skip
        assert one.row is None
    story = narrated(druid, site.model, only, ordered[0])
    times = [moment.time for moment in story.moments]
    assert times == sorted(times)
    assert len(times) == len(whole[ordered[0]])
    with pytest.raises(DkdError, match="DKD339"):
        narrated(druid, site.model, only, "nobody")


def test_the_first_values_by_few_rows_are_those_of_the_whole_ranking(site, druid, days):
    """Also where no ranking is proved: each visitor of the file comes once, so events say nothing of visitors."""
    dice, known = random.Random(5), {**BOTH, **OF_EVENTS}
    counted = [name for name in (*ADDITIVE, "visitors", "buyers", "pages") if name not in OF_SESSIONS]
    proved = 0
    for measure in counted:
        question = Question(
            measures=(measure,), splits=(Split(dimension=dice.choice(sorted(known)), limit=dice.choice([1, 3, 12])),),
            interval=Interval(start=days[0] - timedelta(days=1), end=days[0] + timedelta(days=2)),
            compare=dice.choice([None, "previous"]), zone=dice.choice(ZONES),
        )  # fmt: skip
        *early, found = first_values(druid, site.model, question, timeout_s=60)
        # What comes before lacks the others alone.
        shown = [row for row in found.rows if row.key != (Others.others,)]
        for one in early:
            assert [row for row in one.rows if row.key != (Others.others,)] == shown
            assert [row.cells[0].now.value for row in one.rows[len(shown) :]] == [None]
        wanted = answered(druid, site.model, question, with_totals=False, timeout_s=60)
        assert [row.key for row in found.rows] == [row.key for row in wanted.rows], question
        for row, other in zip(found.rows, wanted.rows, strict=True):
            for one, two in zip(row.cells, other.cells, strict=True):
                assert one.now.value == pytest.approx(two.now.value), (question, row)
                assert (one.previous is None) == (two.previous is None)
                if one.previous is not None:
                    assert one.previous.value == pytest.approx(two.previous.value), (question, row)
        proved += not any(query.role == "ranking" and "DS_THETA" in query.sql for query in found.queries)
    assert proved
    whole = Question(
        measures=("visitors",), splits=(Split(dimension="party_id", limit=5),),
        interval=Interval(start=days[0] - timedelta(days=1), end=days[0] + timedelta(days=2)),
    )  # fmt: skip
    *_, found = first_values(druid, site.model, whole, timeout_s=60)
    wanted = answered(druid, site.model, whole, with_totals=False, timeout_s=60)
    assert [(row.key, row.cells) for row in found.rows] == [(row.key, row.cells) for row in wanted.rows]


class OvertakenError(Exception):
    """What a page raises whose person has gone on to another."""


def test_a_question_that_nobody_waits_for_any_more_ends_in_druid(stack, site):
    slow = f"SELECT COUNT(*) FROM {SITE}_events a, {SITE}_events b WHERE a.event_id <> b.party_id"
    doors = []

    def work(druid):
        doors.append(druid)
        return druid.sql(slow, timeout_s=300).value()

    def is_known(query_id):
        url = f"{site.settings.druid.broker}/druid/v2/sql/{query_id}"
        return requests.delete(url, timeout=10).status_code == 202

    def overtaken():
        # Until Druid works at it; before that there is nothing to end.
        if doors and running(doors[0]) and busy_s(stack.pid("druid"), 0.5) > 0.2:
            raise OvertakenError

    desk = Desk(site.settings.druid)
    with pytest.raises(OvertakenError):
        desk.answers({"slow": Job("slow", work)}, overtaken)
    (query_id,) = running(doors[0]) or (None,)
    end = time.monotonic() + 60
    while running(doors[0]) and time.monotonic() < end:
        time.sleep(0.1)
    assert not running(doors[0])
    assert query_id is None or not is_known(query_id)
    desk.close()


def running(druid):
    """Identifiers of what is asked through a door just now."""
    return tuple(druid._running)


def busy_s(pid, window_s):
    """CPU seconds of a process within a while."""
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(window_s)
    return sum(process.cpu_times()[:2]) - before
