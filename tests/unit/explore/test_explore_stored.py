"""From which moment on all stored rows have a number for their visitor, and which pages go by it."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from explore_cases import MODEL

from dkd.errors import DkdError
from dkd.explore.asking import Desk, Job
from dkd.explore.loading import Loading
from dkd.explore.page import BOTS
from dkd.explore.plan import planned
from dkd.explore.questions import DOUBTS, Version, jobs_of
from dkd.explore.stored import Stored, stored
from dkd.explore.view import Opened, View
from dkd.explore.visit import Site, shown
from dkd.query.behaviour import Funnel, Step
from dkd.query.mistake import QueryError
from dkd.query.numbered import ALWAYS
from dkd.query.question import Filter, Last, Question, Split
from dkd.query.rows import Rows
from dkd.settings import DruidSettings

NOWHERE = DruidSettings("http://127.0.0.1:9", "http://127.0.0.1:9")
NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)
EARLY, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, 3, 4, 5, 6_000, tzinfo=UTC)
NO_COLUMN = QueryError("DKD302", where="Druid", problem="Column 'party_number' not found in any table")
NO_ROW = QueryError("DKD302", where="Druid", problem="Object 'shop_sessions' not found within 'druid'")
LATE = DkdError("DKD303", problem="no answer within 5 s")


class Told:
    """A Druid with the newest row without a number of each datasource; so many segments are not loaded."""

    def __init__(self, unseen: int, **without: datetime | DkdError | None) -> None:
        self.unseen, self.without = unseen, without

    def sql(self, query, *_, **__):
        if "sys.segments" in query:
            assert query.count("?") == 5
            return Rows((), (), ((9, 2, 8, 700, self.unseen),))
        found = next(said for name, said in self.without.items() if f'"shop_{name}"' in query)
        if isinstance(found, DkdError):
            raise found
        return Rows((), (), () if found is None else ((f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03}Z",),))


@pytest.mark.parametrize(
    ("events", "sessions", "unseen", "numbered"),
    [
        (None, None, 0, ALWAYS),
        (EARLY, LATER, 0, LATER),
        (LATER, NO_ROW, 0, LATER),
        (LATER, NO_COLUMN, 0, None),
        (NO_COLUMN, NO_COLUMN, 0, None),
        # The rows of a segment that is not loaded may have none.
        (None, None, 1, None),
    ],
    ids=["all", "since", "no session", "sessions without", "none", "not all in sight"],
)
def test_rows_have_numbers_after_the_newest_without_one(events, sessions, unseen, numbered):
    found = stored(Told(unseen, events=events, sessions=sessions), ["shop_events", "shop_sessions"], NEWEST)
    assert found == Stored(9, datetime(2026, 11, 20, 8, tzinfo=UTC), "26112008-2-8-700", numbered)


def test_of_rows_that_druid_does_not_tell_of_nothing_is_known():
    assert stored(Told(0, events=None, sessions=LATE), ["shop_events", "shop_sessions"], NEWEST) is None


class Heard:
    """A Druid that keeps what it is asked, and answers that a funnel has many events, and else no row."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    def sql(self, query, parameters=(), **_):
        self.asked.append((query, tuple(parameters)))
        return Rows((), (), ((10**7,),) if query.startswith('SELECT COUNT(*) AS "events"') else ())


DAY = Last(last=timedelta(days=1))
BY_COUNTRY = (Split(dimension="country", sort="visitors"),)
FUNNEL = Funnel(steps=(Step(event="page_view"), Step(event="purchase")))


def viewed(funnel: Funnel | None = None, **question: object) -> View:
    asked = Question.model_validate({"measures": ("orders", "visitors"), "interval": DAY, **question})
    return View(question=asked, measure="visitors", panels=("os",), funnel=funnel)


@pytest.mark.parametrize(
    "view",
    [
        viewed(),
        viewed(compare="previous", grain="P1D", zone="Europe/Amsterdam"),
        viewed(compare="weekday", grain="PT1H", splits=BY_COUNTRY),
        viewed(compare="year", grain="P1M"),
        viewed(against=(Filter(dimension="os", values=("iOS",)),), splits=BY_COUNTRY),
        viewed(compare="previous", funnel=FUNNEL),
    ],
    ids=["plain", "period before", "weekday", "year", "segment", "funnel"],
)
def test_a_page_goes_by_numbers_only_where_it_asks_of_no_row_that_may_have_none(view):
    plan = planned(MODEL, view, NEWEST)

    def asked(numbered):
        druid, known = Heard(), Version(NEWEST, Stored(9, NEWEST, "v", numbered), is_whole=True)
        jobs = {name: one for name, one in jobs_of(MODEL, view, plan, known).items() if name not in (BOTS, DOUBTS)}
        for one in jobs.values():
            found = one.work(druid)
            deque(found if isinstance(found, Iterator) else (), 0)
        return {one.key for one in jobs.values()}, druid.asked

    keys, queries = asked(ALWAYS)
    times = [one for text, values in queries if '"party_number"' in text for one in values if isinstance(one, datetime)]
    assert times
    assert not any('DS_THETA("party_id"' in text for text, _ in queries)
    assert asked(min(times) - timedelta(milliseconds=1))[0] == keys
    for numbered in (min(times), None):
        others, by_id = asked(numbered)
        assert not keys & others
        assert not any("party_number" in text for text, _ in by_id)


class Nothing:
    """A Druid without a row that fits."""

    def sql(self, query, *_, **__):
        return Rows((), (), ((0, 0, 0),) if '"clamped"' in query else ())


def test_what_is_known_of_rows_is_there_whenever_a_page_need_not_wait_to_hear_whether_all_are_loaded():
    now_s = [0.0]
    desk = Desk(NOWHERE, clock=lambda: now_s[0])
    view, held = viewed(), Stored(9, NEWEST, "v", ALWAYS)
    known = jobs_of(MODEL, view, planned(MODEL, view, NEWEST), Version(NEWEST, held, is_whole=True))

    def answer(key, found):
        desk.answers({key: Job(key, lambda _: found, age_s=-1)})

    try:
        answer("stored", held)
        # Somebody clicks again, and what was held is young enough not to be asked for.
        now_s[0] = 4.5
        answer("loading", Loading())
        now_s[0] = 34
        answer("newest", NEWEST)
        for one in known.values():
            desk.answers({one.key: Job(one.key, lambda _, one=one: one.work(Nothing()))})
        made = shown(Site(MODEL, desk, druid=NOWHERE), Opened(view), NEWEST, lambda: None)
        assert made["state"]["kind"] == "nothing"
    finally:
        desk.close()
