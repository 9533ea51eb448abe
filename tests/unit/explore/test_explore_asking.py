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
