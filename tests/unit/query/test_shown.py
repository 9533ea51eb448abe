"""An answer as table, CSV, JSON and in one line of trust."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.compile import Query
from dkd.query.number import Number
from dkd.query.question import Filter, Having, Interval, Question, Range, Split
from dkd.query.shown import as_json, as_lines, as_sql, as_table, number_text
from dkd.query.trust import Trust, exactness, note, remarks

DAY = Interval(start="2026-10-25T00:00+02:00", end="2026-10-26T00:00+01:00")
LIMITS = Range(at_least=3, below=10)
NEWEST = datetime(2026, 11, 1, 10, 30, tzinfo=UTC)


def answer(rows, totals, *, compared=False, **more):
    question = Question(
        measures=("visitors", "rate"), interval=DAY, zone="Europe/Amsterdam",
        compare="previous" if compared else None, **more,
    )  # fmt: skip
    before = Interval(start=DAY.start - timedelta(days=1), end=DAY.start) if compared else None
    return Answer(question, before, tuple(rows), tuple(totals), (), {"visitors": "people"})


BY_COUNTRY = answer(
    [
        Row(None, ("NL",), (Cell(Number(20_000, 300.0), Number(16_000, 0.0)), Cell(Number(0.5, 0.01), Number(0.25)))),
        Row(None, (None,), (Cell(Number(7), Number(0)), Cell(Number(None), Number(None)))),
        Row(None, ("(others)",), (Cell(Number(3), Number(3)), Cell(Number(1.0), Number(1.0)))),
        Row(None, (Others.others,), (Cell(Number(1), Number(2)), Cell(Number(2.0), Number(0.0)))),
    ],
    [Cell(Number(20_011, 300.0), Number(16_005)), Cell(Number(1234.5), Number(1234.5))],
    compared=True,
    splits=(Split(dimension="country", limit=3),),
)


def test_a_table_has_errors_changes_others_and_the_total():
    assert as_table(BY_COUNTRY).splitlines() == [
        "country      visitors  previous   change         rate  previous    change",
        "--------  -----------  --------  -------  -----------  --------  --------",
        "NL        20,000 ±300    16,000  +25.0 %  0.50 ±0.010      0.25  +100.0 %",
        "NULL                7         0        -            -         -         -",
        "(others)            3         3   +0.0 %         1.00      1.00    +0.0 %",
        "(others)            1         2  -50.0 %         2.00      0.00         -",
        "(total)   20,011 ±300    16,005  +25.0 %     1,234.50  1,234.50    +0.0 %",
    ]


NESTED = replace(
    answer(
        [
            Row(None, ("NL", "web"), (Cell(Number(5)), Cell(Number(0.5)))),
            Row(None, ("NL", Others.others), (Cell(Number(4)), Cell(Number(0.5)))),
            Row(None, ("DE", None), (Cell(Number(3)), Cell(Number(1.0)))),
            Row(None, (Others.others, Others.others), (Cell(Number(2)), Cell(Number(1.0)))),
        ],
        [Cell(Number(12)), Cell(Number(0.7))],
        splits=(Split(dimension="country", limit=2), Split(dimension="channel", limit=1, nested=True)),
    ),
    subtotals=tuple(
        Row(None, (key,), (Cell(Number(count)), Cell(Number(0.5))))
        for key, count in (("NL", 8), ("DE", 3), (Others.others, 2))
    ),
)


def test_a_parents_own_number_stands_behind_its_rows():
    lines = [line.split() for line in as_table(NESTED).splitlines()[2:]]
    assert [line[:3] for line in lines] == [
        ["NL", "web", "5"], ["NL", "(others)", "4"], ["NL", "(total)", "8"], ["DE", "NULL", "3"],
        ["DE", "(total)", "3"], ["(others)", "(others)", "2"], ["(total)", "12", "0.70"],
    ]  # fmt: skip
    found = json.loads(as_json(NESTED, Trust(NEWEST, 0)))["subtotals"]
    assert [(row["country"], row["visitors"], row.get("others")) for row in found] == [
        ("NL", 8, None), ("DE", 3, None), ("(others)", 2, "country"),
    ]  # fmt: skip


def test_the_note_says_what_is_compared():
    cells = (Cell(Number(1), Number(2)), Cell(Number(None), Number(None)))
    filters = (Filter(dimension="country", values=("NL",)), Filter(dimension="page_path", contains="x", exclude=True))
    question = answer([], cells).question.model_copy(update={"against": filters})
    against = replace(answer([], cells), question=question, previous=DAY)
    assert "compared with country is 'NL' and page_path does not contain 'x' ·" in note(against, Trust(NEWEST, 0))
    whole = replace(against, question=question.model_copy(update={"against": ()}))
    assert "compared with everything, without a filter" in note(whole, Trust(NEWEST, 0))
    limited = replace(
        NESTED, question=NESTED.question.model_copy(update={"having": (Having(measure="visitors", range=LIMITS),)})
    )
    assert list(remarks(limited, Trust(NEWEST, 0))) == [
        "a value has a row where visitors is from 3 to below 10; all the rest are among the others"
    ]


def test_csv_tells_the_others_from_a_value_of_that_name():
    read = list(csv.DictReader(io.StringIO(as_lines(BY_COUNTRY), newline="")))
    assert [(row["country"], row["others"]) for row in read] == [
        ("NL", ""), ("", ""), ("(others)", ""), ("(others)", "country"),
    ]  # fmt: skip
    assert read[0] | {} == {
        "country": "NL", "visitors": "20000", "visitors_error": "300.0", "visitors_previous": "16000",
        "visitors_delta": "4000", "visitors_change": "0.25", "rate": "0.5", "rate_error": "0.01",
        "rate_previous": "0.25", "rate_delta": "0.25", "rate_change": "1.0", "others": "",
    }  # fmt: skip


def test_json_holds_rows_totals_and_what_to_know():
    found = json.loads(as_json(BY_COUNTRY, Trust(NEWEST, 5)))
    assert [row["country"] for row in found["rows"]] == ["NL", None, "(others)", "(others)"]
    assert found["totals"]["visitors"] == 20_011
    assert (found["bot_events"], found["newest_event"]) == (5, "2026-11-01T10:30:00+00:00")
    assert found["question"]["zone"] == "Europe/Amsterdam"
    assert found["exactness"] == "visitors ±1.5 % at most, rate ±2.0 % at most"


def test_hours_that_come_twice_are_told_apart():
    times = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]
    cells = (Cell(Number(1)), Cell(Number(None)))
    found = answer([Row(time, (), cells) for time in times], cells, grain="PT1H")
    assert [line.split()[0] for line in as_table(found).splitlines()[2:4]] == [
        "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00",
    ]  # fmt: skip
    by_day = answer([Row(DAY.start, (), cells)], cells, grain="P1D")
    assert as_table(by_day).splitlines()[2].split()[0] == "2026-10-25"


def test_the_note_says_interval_newest_bots_and_exactness():
    cells = (Cell(Number(1)), Cell(Number(None)))
    assert note(answer([], cells), Trust(NEWEST, 1_234)) == (
        "2026-10-25 00:00 to 2026-10-26 00:00 Europe/Amsterdam · newest event 2026-11-01 11:30 · "
        "1,234 bot events left out · exact"
    )
    text = note(answer([], cells, with_bots=True, compared=True), Trust(None, 1))
    assert "compared with 2026-10-24 00:00 to 2026-10-25 00:00" in text
    assert "no event yet · 1 bot event counted too" in text


def test_an_answer_of_nothing_says_why():
    nothing = (Cell(Number(0)), Cell(Number(None)))
    assert list(remarks(answer([], nothing), Trust(datetime(2026, 1, 1, tzinfo=UTC), 0))) == [
        "nothing was counted: the newest event is of 2026-01-01 01:00, before the interval"
    ]
    filtered = answer([], nothing, filters=(Filter(dimension="country", values=("XX",)),))
    assert list(remarks(filtered, Trust(NEWEST, 0))) == ["nothing was counted: no event fits the filters"]
    assert list(remarks(BY_COUNTRY, Trust(NEWEST, 0))) == []
    assert list(remarks(BY_COUNTRY, Trust(NEWEST, 0, is_past_whole=False))) == [
        "the data begins only within the period before, so the changes are of a part of it"
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number(None), "-"), (Number(0), "0"), (Number(1_234_567), "1,234,567"), (Number(0.004), "0.0040"),
        (Number(-0.5), "-0.50"), (Number(20_000, 312.4), "20,000 ±312"), (Number(0.0), "0.00"),
        (Number(0.00321, 0.00004), "0.0032 ±0.000040"),
    ],
)  # fmt: skip
def test_numbers_are_readable(number, text):
    assert number_text(number) == text


def test_exact_is_said_only_when_every_number_is():
    cells = (Cell(Number(10)), Cell(Number(1.0)))
    assert exactness(answer([], cells)) == "exact"
    row = Row(None, (), (Cell(Number(10, 1.0)), Cell(Number(1.0))))
    assert exactness(answer([row], cells)) == "visitors ±10.0 % at most"


def test_sql_is_shown_with_its_values_in_place():
    query = Query("a = ? AND b >= ? AND c IN (?, ?)", ("it's ?", DAY.start, 5, 1.5), (), {}, "rows", "shop_events")
    assert as_sql(query) == "a = 'it''s ?' AND b >= TIMESTAMP '2026-10-24 22:00:00.000' AND c IN (5, 1.5)"
