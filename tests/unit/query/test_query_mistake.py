"""Druid's refusals of a query, recorded from Druid 33.0.0, become one line with a caret under the place."""

import json

import pytest

from dkd.query.mistake import Place, QueryError, advised, mistake, passes, pointed, unknown_name

INVALID = {"error": "druidException", "errorCode": "invalidInput", "persona": "USER", "category": "INVALID_INPUT"}


def body(message, **context):
    return json.dumps({**INVALID, "errorMessage": message, "context": {"sourceType": "sql", **context}})


def place(line, column, end_line, end_column):
    return {"line": str(line), "column": str(column), "endLine": str(end_line), "endColumn": str(end_column)}


def test_an_unknown_column_has_its_place_in_words_and_in_a_caret():
    query = "SELECT nope FROM shop_events"
    said = "Column 'nope' not found in any table (line [1], column [8])"
    assert str(mistake(query, 400, body(said, **place(1, 8, 1, 11)))) == (
        "line 1, column 8: Column 'nope' not found in any table [DKD302]\n  SELECT nope FROM shop_events\n         ^^^^"
    )


def test_a_mistake_on_a_later_line_shows_that_line_only():
    query = "SELECT 1\nFROM shop_event\nWHERE x"
    error = mistake(query, 400, body("Object 'shop_event' not found (line [2], column [6])", **place(2, 6, 2, 15)))
    assert str(error).splitlines()[1:] == ["  FROM shop_event", "       ^^^^^^^^^^"]


def test_the_list_of_acceptable_tokens_is_cut():
    said = 'Received an unexpected token [;] (line [1], column [9]), acceptable options: [<EOF>, "ORDER", "LIMIT"'
    error = mistake("select 1; select 2", 400, body(said, token=";", expected="x", **place(1, 9, 1, 9)))
    assert error.problems[0].problem == "Received an unexpected token [;]"
    assert error.problems[0].where == "line 1, column 9"


def test_a_place_that_stands_in_the_text_alone_is_found_too():
    said = "Incorrect syntax near the keyword 'WHERE' at line 1, column 31.\nWas expecting one of:\n    <EOF> \n"
    error = mistake("SELECT event FROM shop_events WHERE", 400, body(said))
    assert str(error) == (
        "line 1, column 31: Incorrect syntax near the keyword 'WHERE' [DKD302]\n"
        "  SELECT event FROM shop_events WHERE\n"
        f"  {' ' * 30}^"
    )


def test_line_zero_is_no_place():
    error = mistake("x", 400, body("Received an unexpected token [<EOF>] (line [0], column [0])"))
    assert error.place is None
    assert str(error) == "Druid: Received an unexpected token [<EOF>] [DKD302]"


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (504, {"error": "Query timeout", "category": "TIMEOUT", "errorMessage": "Query [x] timed out!"}, "DKD303"),
        (
            400,
            {"error": "Resource limit exceeded", "errorMessage": "Subquery generated results beyond 100000"},
            "DKD304",
        ),
        (500, {"error": "general", "category": "UNCATEGORIZED", "errorMessage": "/ by zero"}, "DKD305"),
        (500, {"error": "Query cancelled", "category": "CANCELED"}, "DKD305"),
        (400, {"error": "Cannot construct instance of `org.apache.druid.ResultFormat`"}, "DKD302"),
    ],
)
def test_each_kind_of_refusal_has_its_code(status, answer, code):
    assert mistake("SELECT 1", status, json.dumps(answer)).problems[0].code == code


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_user_is_told_what_to_check(status):
    assert "user and password" in mistake("SELECT 1", status, "").problems[0].remedy


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Non-query expression encountered in illegal context", "begin with SELECT"),
        ("No value bound for parameter (position [1])", "one parameter for each ?"),
    ],
)
def test_common_mistakes_have_a_remedy(said, remedy):
    assert remedy in mistake("SELEC 1", 400, body(said)).problems[0].remedy


def test_a_query_that_begins_with_no_keyword_is_pointed_at_its_first_word():
    error = mistake("\n  SELEC 1", 400, body("Non-query expression encountered in illegal context"))
    assert str(error).endswith("    SELEC 1\n    ^^^^^")
    assert error.problems[0].where == "line 2, column 3"


@pytest.mark.parametrize(
    ("status", "said", "does"),
    [
        (500, "Connection reset", True),
        (500, "Faulty channel in resource pool", True),
        (500, "Could not find segment walker for datasource [x]", True),
        (500, "No results found for segments[[SegmentDescriptor{interval=x}]]", True),
        (500, "Lookup [x] not found", False),
        (500, "/ by zero", False),
        (400, "Connection reset", False),
    ],
)
def test_what_passes_by_itself_is_known_by_its_words(status, said, does):
    assert passes(status, json.dumps({"error": "Unknown exception", "errorMessage": said})) is does


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Object 'shop_event' not found", ("Object", "shop_event")),
        ("Column 'nope' not found in any table", ("Column", "nope")),
        ("Table 'a.b' not found", ("Table", "a.b")),
        ("Lookup [x] not found", None),
    ],
)
def test_an_unknown_name_is_recognised(said, found):
    assert unknown_name(QueryError("DKD302", problem=said)) == found


def test_the_nearest_names_are_the_remedy():
    error = QueryError("DKD302", problem="Column 'coutry' not found in any table")
    error.place = Place("SELECT coutry", 1, 8, 6)
    found = advised(error, "coutry", ["country", "city", "event"])
    assert found.problems[0].remedy == "did you mean country or city?"
    assert found.place == error.place


def test_without_a_near_name_some_of_those_that_there_are_stand_there():
    error = QueryError("DKD302", problem="Column 'zzz' not found")
    assert advised(error, "zzz", ["b", "a"]).problems[0].remedy == "there are: a, b"
    assert advised(error, "zzz", []).problems[0].remedy == "there are: none before the first row"
    assert advised(error, "zzz", [f"n{seq:02}" for seq in range(20)]).problems[0].remedy.endswith("n11, …")


@pytest.mark.parametrize(
    ("line", "column", "width", "shown"),
    [
        (1, 1, 1, "  ab\tc\n  ^".replace("\t", " ")),
        (1, 4, 1, "  ab c\n     ^"),
        (1, 4, 99, "  ab c\n     ^"),
        (1, 9, 1, "  ab c\n      ^"),
        (2, 1, 1, ""),
    ],
)
def test_the_caret_never_leaves_its_line(line, column, width, shown):
    assert pointed(Place("ab\tc", line, column, width)) == shown


def test_a_long_line_is_cut_around_the_place():
    query = "SELECT " + "x, " * 100 + "nope FROM y"
    column = query.index("nope") + 1
    text, carets = pointed(Place(query, 1, column, 4)).splitlines()
    assert len(text) <= 112
    assert text[carets.index("^") : carets.index("^") + 4] == "nope"


def test_a_datasource_without_rows_is_no_slip_of_another_one():
    error = QueryError("DKD302", problem="Object 'shop_sessions' not found")
    remedy = "there are: shop_events; a datasource is known from its first row on"
    assert advised(error, "shop_sessions", ["shop_events"]).problems[0].remedy == remedy


@pytest.mark.parametrize(
    "said", ["WHERE clause must be a condition", "Cannot apply 'NOT' to arguments of type 'NOT<BIGINT>'. Supported"]
)
def test_a_flag_as_a_condition_comes_with_the_way_to_write_it(said):
    body = json.dumps({"error": "druidException", "category": "INVALID_INPUT", "errorMessage": said})
    assert "is_bot = " in str(mistake("SELECT 1 FROM t WHERE is_bot", 400, body))
