"""The books: they close exactly when no line is missing and none is there twice."""

import json
from dataclasses import replace

import pytest

from dkd.enrich.state import Books
from dkd.jobs.account import Account, as_text

TABLES = ("shop_events", "shop_sessions")
CLOSED = Account(
    files=("a.ndjson",), read=110, sent=110, accepted=100, refused={"not_json": 7, "bad_type": 3}, ignored={},
    refused_stored=10, in_doubt=0, raw=100, books=Books(100, 90, 0, 8, 2, 4, 30), reasons={"late": 2}, rows=90,
    session_rows=30,    seconds={"read": 1.0, "send": 3.0},
)  # fmt: skip


def test_books_with_every_line_in_one_place_close():
    assert CLOSED.closes
    assert "not close" not in as_text(CLOSED, TABLES)
    assert json.loads(json.dumps(CLOSED.as_dict()))["closes"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"read": 111},
        {"accepted": 99},
        {"refused": {"not_json": 9}},
        {"refused_stored": 9},
        {"raw": 99},
        {"books": Books(100, 90, 0, 8, 1, 4)},
        {"books": Books(99, 89, 0, 8, 2, 4)},
        {"reasons": {"late": 1}},
        {"rows": 89},
        {"rows": 91},
        {"session_rows": 29},
    ],
)
def test_a_line_lost_or_doubled_anywhere_is_seen(wrong):
    account = replace(CLOSED, **wrong)
    assert not account.closes
    assert "does not close, by " in as_text(account, TABLES)


def test_what_was_sent_again_may_be_in_raw_twice_and_no_oftener():
    again = replace(CLOSED, in_doubt=50, raw=130, books=Books(130, 90, 0, 38, 2, 4, 30))
    assert (again.closes, again.repeats, again.others) == (True, 30, 0)
    others = replace(again, in_doubt=20)
    assert (others.closes, others.repeats, others.others) == (True, 20, 10)
    assert "10 of others" in as_text(others, TABLES)
