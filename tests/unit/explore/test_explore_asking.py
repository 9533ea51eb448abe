"""Jobs are asked once for all who want them, kept for a while, and ended when nobody waits any more."""

import threading

import pytest

from dkd.errors import DkdError
from dkd.explore.asking import Desk, Job
from dkd.settings import DruidSettings

NOWHERE = DruidSettings("http://127.0.0.1:9", "http://127.0.0.1:9")


@pytest.fixture
def desk():
    made = Desk(NOWHERE)
    yield made
    made.close()


def test_equal_jobs_of_two_pages_are_asked_once(desk):
    asked, go = [], threading.Event()

    def work(_):
        asked.append(1)
        go.wait(10)
        return "answer"

    found: list[object] = []
    pages = [threading.Thread(target=lambda: found.append(desk.answers({"a": Job("same", work)}))) for _ in range(3)]
    for page in pages:
        page.start()
    go.set()
    for page in pages:
        page.join(10)
    assert found == [{"a": "answer"}] * 3
    assert asked == [1]


def test_an_answer_is_kept_as_long_as_it_may_be_old():
    now = [0.0]
    desk = Desk(NOWHERE, clock=lambda: now[0])
    count = iter(range(10))
    job = Job("k", lambda _: next(count), age_s=5)
    assert desk.answers({"a": job}) == {"a": 0}
    now[0] = 5
    assert desk.answers({"a": job}) == {"a": 0}
    now[0] = 5.1
    assert desk.answers({"a": job}) == {"a": 1}
    desk.close()


def test_an_error_is_an_answer_that_is_not_kept(desk):
    count = iter(range(10))

    def work(_):
        raise DkdError("DKD301", problem=f"try {next(count)}")

    first, second = (desk.answers({"a": Job("k", work)})["a"] for _ in range(2))
    assert [str(first), str(second)] == ["try 0 [DKD301]", "try 1 [DKD301]"]


def test_a_mistake_in_dkd_is_not_hidden(desk):
    with pytest.raises(ZeroDivisionError):
        desk.answers({"a": Job("k", lambda _: 1 // 0)})


class OvertakenError(Exception):
    """What Streamlit raises in a run that a newer gesture has overtaken."""


def overtaken() -> None:
    raise OvertakenError


def test_what_nobody_waits_for_is_cancelled_and_what_another_page_wants_is_not(desk):
    cancelled, began, go = [], threading.Event(), threading.Event()

    def work(druid):
        druid.cancel = lambda: cancelled.append("cancelled")
        began.set()
        go.wait(10)
        return "answer"

    with pytest.raises(OvertakenError):
        desk.answers({"a": Job("alone", work)}, lambda: overtaken() if began.is_set() else None)
    assert cancelled == ["cancelled"]
    began.clear()
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(desk.answers({"a": Job("shared", work)})))
    other.start()
    assert began.wait(10)
    with pytest.raises(OvertakenError):
        desk.answers({"a": Job("shared", work)}, overtaken)
    go.set()
    other.join(10)
    assert found == [{"a": "answer"}]
    assert cancelled == ["cancelled"]


def test_what_is_asked_beside_a_page_goes_on_for_the_next_one(desk):
    cancelled, began, go = [], threading.Event(), threading.Event()

    def work(druid):
        druid.cancel = lambda: cancelled.append("cancelled")
        began.set()
        go.wait(10)
        return "state"

    beside = Job("beside", work, is_beside=True)
    with desk.asked({"a": beside}, lambda: None) as asked:
        assert began.wait(10)
        assert not asked.within(["a"], 0.01)
        assert asked.outcomes() == {}
    assert desk.last("beside", 60) is None
    go.set()
    assert desk.answers({"a": beside}) == {"a": "state"}
    assert desk.last("beside", 60) == "state"
    assert cancelled == []


def test_the_last_answer_is_used_only_while_it_is_young_enough():
    now = [0.0]
    desk = Desk(NOWHERE, clock=lambda: now[0])
    desk.answers({"a": Job("k", lambda _: "old")})
    now[0] = 30
    assert (desk.last("k", 30), desk.last("k", 29), desk.last("other", 30)) == ("old", None, None)
    desk.forget([Job("k", lambda _: "new")])
    assert desk.last("k", 60) is None
    desk.close()


def test_answers_that_were_wanted_longest_ago_make_room(desk):
    asked = []

    def job(name):
        def work(_):
            asked.append(name)
            return b"x" * 25_000_000

        return Job(name, work)

    for name in ("first", "second", "first", "third", "first", "second"):
        desk.answers({"a": job(name)})
    # Two of these fit, so the third one takes the place of the second and not of the first.
    assert asked == ["first", "second", "third", "second"]


def test_some_of_the_answers_are_there_before_the_others(desk):
    go = threading.Event()
    jobs = {"quick": Job("quick", lambda _: 1), "slow": Job("slow", lambda _: go.wait(10), is_late=True)}
    with desk.asked(jobs, lambda: None) as asked:
        assert asked.within(["quick"], 10)
        assert asked.outcomes() == {"quick": 1}
        assert not asked.within(jobs, 0.01)
        go.set()
        assert asked.within(jobs, 10)
        assert asked.outcomes() == {"quick": 1, "slow": True}


def test_an_answer_that_lacks_numbers_is_there_early_and_is_never_kept_as_the_whole_one(desk):
    go, times = threading.Event(), []

    def work(_):
        times.append(1)
        yield "bounds"
        go.wait(10)
        yield "whole"

    job = Job("k", work)
    with desk.asked({"a": job}, lambda: None) as asked:
        assert asked.within(["a"], 10, early=True)
        assert asked.outcomes() == {"a": "bounds"}
        assert not asked.within(["a"], 0.01)
        assert desk.last("k", 60) is None
        go.set()
        assert asked.within(["a"], 10)
        assert asked.outcomes() == {"a": "whole"}
    assert desk.answers({"b": job}) == {"b": "whole"}
    assert times == [1]


def test_what_fails_after_an_early_answer_has_failed(desk):
    def work(_):
        yield "bounds"
        raise DkdError("DKD301", problem="gone")

    for _ in range(2):
        (found,) = desk.answers({"a": Job("k", work)}).values()
        assert isinstance(found, DkdError)
    with desk.asked({"a": Job("f", lambda _: 1 // 0)}, lambda: None) as asked:
        assert asked.within(["a"], 10, early=True)


def test_a_page_that_python_throws_away_within_the_desk_holds_up_nobody(desk):
    cancelled, began, go = threading.Event(), threading.Event(), threading.Event()

    def work(druid):
        druid.cancel = cancelled.set
        began.set()
        go.wait(10)

    def page():
        with desk.asked({"a": Job("left", work)}, lambda: None):
            yield

    left = page()
    next(left)
    assert began.wait(10)
    with desk._lock:
        # As the collector of garbage may, at any moment, in any thread.
        left.close()
    assert not cancelled.is_set()
    desk.answers({"a": Job("other", lambda _: 1)})
    assert cancelled.wait(10)
    go.set()
