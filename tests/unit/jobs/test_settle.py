"""Settling: it ends exactly when all is consumed and queryable, whatever goes away in between."""

from dataclasses import dataclass, field

import pytest

from dkd.enrich.state import Books
from dkd.jobs import settle
from dkd.jobs.settle import Counted, Mark, Unavailable, at_rest, growth, until


@dataclass
class Script:
    """A site that answers from lists; the last answer of a list stays. An exception is raised."""

    ends: list[object]
    clean: list[object]
    druid: list[object]
    sessions: list[object] = field(default_factory=lambda: [0])
    finished: list[object] = field(default_factory=lambda: [0])
    partitions: int = 2
    asked: dict[str, int] = field(default_factory=dict)

    def raw_ends(self) -> dict[int, int]:
        return dict.fromkeys(range(self.partitions), self._next("ends"))

    def counted(self) -> Counted:
        clean = self._next("clean")
        consumed = clean // self.partitions
        books = Books(consumed=clean, clean=clean, sessions=self._next("finished"))
        return Counted(books, dict.fromkeys(range(self.partitions), consumed), {0: 5})

    def rows(self, kind: str) -> int:
        return self._next("druid") if kind == "events" else self._next("sessions")

    def _next(self, name: str) -> int:
        answers = getattr(self, name)
        self.asked[name] = self.asked.get(name, 0) + 1
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(settle, "_PAUSE_S", 0.001)
    monkeypatch.setattr(settle, "STILL_S", {True: 0.1, False: 0.02})


@pytest.fixture
def said():
    return []


def mark(clean: int, rows: int, sessions: int = 0) -> Mark:
    counted = Counted(Books(consumed=clean, clean=clean, sessions=sessions), {}, {})
    return Mark(counted, {"events": rows, "sessions": sessions})


def test_a_site_is_at_rest_when_druid_has_all_that_is_clean(said):
    site = Script([10], [4, 12, 20], [0, 7, 20, 20])
    assert at_rest(site, said.append).rows["events"] == 20
    assert "16 records to go" in said[0]
    assert site.asked["clean"] == 3


def test_rows_that_never_equal_the_books_are_believed_when_they_stay_the_same(said):
    site = Script([10], [20], [3, 5, 9, 12])
    assert at_rest(site, said.append) == Mark(site.counted(), {"events": 12, "sessions": 0})


@pytest.mark.parametrize("which", ["ends", "druid"])
def test_what_does_not_answer_at_first_is_not_waited_for(which, said):
    answers = {"ends": [10], "clean": [20], "druid": [20], which: [Unavailable("gone")]}
    with pytest.raises(Unavailable):
        at_rest(Script(**answers), said.append)


def test_growth_ends_when_every_new_clean_event_is_a_row(said):
    gone = Unavailable("Druid does not answer; run dkd up")
    site = Script([gone, 10], [4, gone, 20], [gone, 100, 60, gone, 115])
    found = growth(site, mark(5, 100), said.append)
    assert (found.counted.books.clean, found.rows["events"]) == (20, 115)
    assert any("Druid does not answer" in text for text in said)
    # A restarted task has fewer rows for a while than before.
    assert any("-40 of 15 new rows" in text for text in said)


def test_rows_of_others_are_not_ours(said):
    found = growth(Script([10], [20, 20, 27], [121]), mark(0, 100), said.append)
    assert (found.counted.books.clean, found.rows["events"]) == (20, 120)


def test_growth_ends_when_every_finished_session_is_a_row(said):
    site = Script([10], [20], [20], sessions=[7, 8, 10], finished=[10])
    found = growth(site, mark(0, 0, sessions=7), said.append)
    assert found.rows == {"events": 20, "sessions": 10}
    assert said == ["in Druid: 0 of 3 new sessions", "in Druid: 1 of 3 new sessions"]


@pytest.mark.parametrize("rows", [110, 130])
def test_rows_that_never_fit_end_the_wait_and_are_told(rows, said):
    found = growth(Script([10], [20], [rows]), mark(0, 100), said.append, patience_s=0.01)
    assert found.rows["events"] == rows


def test_an_enricher_that_stands_still_is_named(monkeypatch, said):
    monkeypatch.setattr(settle, "_STUCK_S", 0.005)
    at_rest(Script([10], [*[4] * 50, 20], [20]), said.append)
    assert "run dkd up" in said[-1]


def test_waiting_repeats_what_is_missing(said):
    answers = iter([Unavailable("a"), Unavailable("b"), 5])

    def ask() -> int:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    assert until(ask, said.append) == 5
    assert said == ["waiting: a", "waiting: b"]
