"""The books beside Druid's counts: what is said when they fit, and when they do not."""

import json

import pytest

from dkd.errors import DkdError
from dkd.jobs import standing
from dkd.jobs.books import PartitionBooks
from dkd.jobs.standing import Standing, Table, as_dict, as_lines, books_section, read_standing
from dkd.model.load import load
from dkd.settings import settings

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "shop.yaml")
SETTINGS = settings(MODEL, "local", {}, 1990)


def books(partition: int, clean: int, rejects: int = 1, sessions: int = 2, missing: int = 0) -> PartitionBooks:
    consumed = clean + rejects + missing
    return PartitionBooks(
        partition, consumed, clean, 0, 0, rejects, 0, sessions, 10, 17, 1_780_000_000_000, 10, 1_000 + partition
    )


class Script:
    """Kafka's books and Druid's counts from lists; the last answer of each stays."""

    def __init__(self, monkeypatch, clean: list[int], rows: list[int]) -> None:
        self.clean, self.counts = clean, rows
        monkeypatch.setattr(standing, "Ledger", lambda *_: self)
        monkeypatch.setattr(standing, "rows_of", self.rows)
        monkeypatch.setattr(standing, "_PAUSE_S", 0.0)

    def read(self) -> tuple[PartitionBooks, ...]:
        return (books(0, self._next(self.clean)),)

    def rows(self, _druid, table: str, timeout_s: float) -> int:
        assert timeout_s < 5
        return self._next(self.counts) if table == "shop_events" else 2

    def close(self) -> None:
        pass

    def _next(self, answers: list[int]) -> int:
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.mark.parametrize(
    ("clean", "rows", "words"),
    [
        ([50], [50], "50 rows, as many as were written"),
        ([50, 60], [55], "55 rows, as many as were written"),
        ([50], [40, 45, 50], "50 rows, as many as were written"),
        ([50], [20, 30, 40], "still being ingested"),
        ([50], [40], "10 are older than 400d, were deleted, or wait for Druid"),
        ([50], [57], "7 more were loaded another way"),
    ],
)
def test_rows_are_compared_with_books_of_the_same_moment(monkeypatch, clean, rows, words):
    Script(monkeypatch, clean, rows)
    found = read_standing(MODEL, SETTINGS)
    assert words in found.tables[0].line
    assert found.tables[1].line == "shop_sessions: 2 rows, as many as were written"


def test_books_that_do_not_close_are_named_and_not_ok():
    found = Standing((books(0, 5), books(1, 5, missing=2)), (Table("shop_events", 10, 10),))
    assert not found.closes
    lines = as_lines(found)
    assert "books do not close in partitions 1" in lines
    assert json.loads(json.dumps(as_dict(found)))["partitions"][1]["closes"] is False
    assert [line.split()[0] for line in lines[1:5]] == ["partition", "0", "1", "all"]
    assert lines[4].split()[1:3] == ["14", "10"]
    assert [line.split()[8] for line in lines[2:5]] == ["1,000", "1,001", "2,001"]


def test_many_partitions_are_one_line_and_whole_in_json():
    found = Standing(tuple(books(n, 5) for n in range(64)), ())
    assert len(as_lines(found)) == 4
    assert len(as_dict(found)["partitions"]) == 64


def test_a_status_does_not_fail_for_books_that_cannot_be_read(monkeypatch):
    def gone(*_: object) -> None:
        raise DkdError("DKD820", where="Kafka at x", problem="it does not answer", remedy="run dkd up")

    monkeypatch.setattr(standing, "read_standing", gone)
    section = books_section(MODEL, SETTINGS)
    assert section.ok
    assert section.lines == ("books: not known, Kafka at x: it does not answer; run dkd up [DKD820]",)
    assert section.values["unknown"]["code"] == "DKD820"
