"""Gestures of a page that Streamlit runs: each is carried out once, on what the ones before it led to."""

import pytest
from streamlit.testing.v1 import AppTest

from dkd.explore.gesture import act
from dkd.explore.view import as_link, of_link

OPENED = "1~m.visitors.orders~t.7d"
CLICKS, OS, COUNTRY = (
    {"kind": "measures", "name": "clicks", "only": False, "seq": 1},
    {"kind": "split", "dimension": "os", "seq": 2},
    {"kind": "split", "dimension": "country", "seq": 3},
)


def run() -> None:
    """What Streamlit runs before the page, with the message that it got from the browser in its state."""
    import streamlit as st
    from explore_cases import MODEL

    from dkd.explore.app import ADDRESS, gestured, steps
    from dkd.explore.asking import Desk
    from dkd.explore.visit import Site, view_of
    from dkd.settings import DruidSettings

    of = Site(MODEL, Desk(DruidSettings("http://localhost:1", "http://localhost:1")))
    gestured(of)
    st.session_state["steps"] = steps(view_of(of, st.query_params[ADDRESS]).view)


@pytest.fixture
def page() -> AppTest:
    found = AppTest.from_function(run)
    found.query_params["v"] = OPENED
    found.session_state["explorer"] = {"action": None}
    return found.run()


def sent(page: AppTest, address: str, *gestures: dict[str, object]) -> str:
    """The address after a message from a page of *address* with these, all those that it has no answer to."""
    page.query_params["v"] = address
    page.session_state["explorer"] = {"action": {"gestures": [*gestures]}}
    page.run()
    assert not page.exception
    return str(page.session_state["steps"].here)


def after(*gestures: dict[str, object]) -> str:
    view = of_link(OPENED)
    for one in gestures:
        view = act(view, one)
    return as_link(view)


def test_a_page_that_has_not_heard_of_a_gesture_yet_does_not_take_it_back_with_the_next(page: AppTest) -> None:
    assert sent(page, OPENED, CLICKS) == after(CLICKS)
    # On a slow line the browser still has the address that it began with.
    assert sent(page, OPENED, CLICKS, OS) == after(CLICKS, OS)
    assert sent(page, OPENED, CLICKS, OS, COUNTRY) == after(CLICKS, OS, COUNTRY)
    assert sent(page, OPENED, CLICKS, OS, COUNTRY, {"kind": "undo", "seq": 4}) == after(CLICKS, OS)


def test_a_gesture_that_is_sent_again_is_not_done_again(page: AppTest) -> None:
    sent(page, OPENED, CLICKS)
    assert sent(page, after(CLICKS), CLICKS) == after(CLICKS)


def test_a_page_that_has_heard_of_all_is_where_its_address_says(page: AppTest) -> None:
    sent(page, OPENED, CLICKS)
    # The browser's back button.
    assert sent(page, OPENED, OS) == after(OS)


def test_two_filters_that_are_removed_at_one_go_are_those_two(page: AppTest) -> None:
    filtered = OPENED + "~f.country.NL~f.os.Linux~f.browser.Firefox"
    page.query_params["v"] = filtered
    page.run()
    gone = {"kind": "filter_set", "of": "filters", "filter": None, "seen": filtered}
    first, second = {**gone, "at": 0, "seq": 1}, {**gone, "at": 1, "seq": 2}
    assert sent(page, filtered, first) == OPENED + "~f.os.Linux~f.browser.Firefox"
    assert sent(page, filtered, first, second) == OPENED + "~f.browser.Firefox"
    # A second click on a chip that is gone takes no other in its place.
    assert sent(page, filtered, first, second, {**first, "seq": 3}) == OPENED + "~f.browser.Firefox"
