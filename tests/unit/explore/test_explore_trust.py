"""The line of trust says what is known, and never more: rows still loading, open sessions, deploys, who is counted."""

from datetime import UTC, datetime

import pytest
from explore_cases import MODEL

from dkd.explore.keep_gesture import who as counted
from dkd.explore.loading import Loading, reasons_of
from dkd.explore.marks import marks
from dkd.explore.trust import Heading, Known, trust, who
from dkd.explore.view import as_link, of_link
from dkd.explore.watch import Seen, Watch
from dkd.jobs.books import PartitionBooks
from dkd.plan.journal import Deploy, Journal
from dkd.query.asking import Doubts
from dkd.query.question import Interval

SPAN = Interval(start=datetime(2026, 11, 20, tzinfo=UTC), end=datetime(2026, 11, 21, tzinfo=UTC))
HEADING = Heading(SPAN, datetime(2026, 11, 20, 23, tzinfo=UTC), 3)
BOOKS = (PartitionBooks(0, 10, 8, 0, 1, 1, 0, 2, 10, 12, None, 10, 4),)


def line(link: str, known: Known) -> dict[str, str]:
    found = trust(MODEL, of_link(link), HEADING, None, known)
    return {item["name"]: item["text"] for item in found["items"]} | dict(found["details"])


def test_rows_that_are_still_loading_are_said_in_place_of_exactness():
    known = Known(loading=Loading(("12 events on the way into shop_events",), 12))
    found = trust(MODEL, of_link("1~m.visitors~t.1d"), HEADING, None, known)
    (item,) = (one for one in found["items"] if one["name"] == "exact")
    assert (item["text"], item["tone"]) == ("not all rows are loaded yet", "warn")
    assert "12 events" in item["about"]


STATUS = {"state": "RUNNING", "suspended": False, "activeTasks": [{"currentOffsets": {"0": 8}}], "minimumLag": {"0": 1}}


UNREAD = {"activeTasks": [{"currentOffsets": {}}], "minimumLag": None}
STARTING = {"state": "PENDING", "detailedState": "DISCOVERING_INITIAL_TASKS"}


@pytest.mark.parametrize(
    ("unloaded", "changed", "usual", "said"),
    [
        (0, {}, 0, []),
        (2, {}, 500, ["2 segments of d not loaded yet"]),
        (0, {"minimumLag": {"0": 90}}, 500, []),
        # Just after a start the tasks read again what had not been stored: every event behind is a row that is missing.
        (0, {"minimumLag": {"0": 90}}, 0, ["89 events on the way into d"]),
        (0, UNREAD, 500, ["what fills d has not said yet how far it has read"]),
        (0, STARTING, 500, ["what fills d is at discovering initial tasks"]),
        (0, {"suspended": True, "state": "SUSPENDED"}, 500, []),
    ],
)  # fmt: skip
def test_druids_own_state_tells_whether_rows_are_missing(unloaded, changed, usual, said):
    assert list(reasons_of("d", unloaded, STATUS | changed, usual)) == said


def test_measures_of_sessions_say_how_many_are_open():
    seen = Seen(Journal(), BOOKS)
    assert line("1~m.sessions~t.1d", Known(seen=seen))["open"] == "4 sessions still open, not counted"
    assert line("1~m.sessions~t.1d", Known())["open"] == "open sessions: not known"
    assert "open" not in line("1~m.visitors~t.1d", Known(seen=seen))


def test_books_and_doubts_are_told_with_their_zeros():
    found = line("1~m.visitors~t.1d", Known(doubts=Doubts(90, 2, 0), seen=Seen(Journal(), BOOKS, ("x not known",))))
    assert found["late"] == "2 events late"
    assert "clamped" not in found
    assert found["Times mended"].startswith("0 ")
    assert found["Books of the whole site"].endswith(
        "= 8 clean + 0 dropped bots + 1 duplicates + 1 rejects; the books close"
    )
    assert found["Not enriched yet"] == "2 events"
    assert found["Not known"] == "x not known"


def test_people_bots_and_all_lead_into_each_other():
    view = of_link("1~m.visitors~t.1d~f.country.NL")
    for name in ("bots", "all", "people", "bots", "people"):
        view = counted(view, {"who": name})
        assert who(view) == name
    assert as_link(view) == "1~m.visitors~t.1d~f.country.NL"


def deploy(seq: int, at: str, finalised: str = "") -> Deploy:
    return Deploy(
        f"{seq}" * 8, "local", "m", "me@here", "1", at, tuple(f"kafka/topic/{n}" for n in range(8)), finalised
    )


def test_deploys_of_the_interval_are_marks_in_its_zone():
    journal = Journal(
        deploy=deploy(3, "2026-11-20T12:00:00+00:00"),
        past=(deploy(1, "2026-11-19T12:00:00+00:00", "2026-11-19T12:01:00+00:00"),
              deploy(2, "2026-11-20T09:59:00+00:00", "2026-11-20T10:00:00+00:00"), deploy(4, "nonsense")),
    )  # fmt: skip
    first, second = marks(journal, SPAN, "Asia/Kolkata")
    assert first["ms"] == round(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp() * 1000)
    assert (first["label"], second["label"]) == ("Deploy 22222222", "Deploy 33333333, not finished")
    assert first["about"].startswith("20 Nov 2026, 15:30 by me@here: 8 steps: kafka/topic/0,")
    assert first["about"].endswith("and 2 more")


def test_a_watch_gives_the_newest_word_and_never_waits():
    now = [0.0]
    words = iter([Seen(problems=("first",)), Seen(problems=("second",))])
    watch = Watch(lambda: next(words), lambda: now[0])
    watch._coming.result(10)
    assert watch.now() == Seen(problems=("first",))
    now[0] = 100.0
    assert watch.now() == Seen(problems=("first",))
    watch._coming.result(10)
    assert watch.now() == Seen(problems=("second",))
