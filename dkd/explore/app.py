"""One run of the page, as Streamlit runs it for each gesture: the address in, the component out.

Its arguments are the model's file, the target and the local stack's first port.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, cast

import streamlit as st

from dkd.errors import DkdError, UsageError
from dkd.explore.gesture import act
from dkd.explore.keep_gesture import SAVES, saved, with_segment
from dkd.explore.parts_route import html, script, style
from dkd.explore.settled import settled
from dkd.explore.site import site_of
from dkd.explore.steps import Steps
from dkd.explore.view import Opened, View, as_link
from dkd.explore.visit import Site, drafts, view_of

ADDRESS, KEY = "v", "explorer"
# Streamlit's own frame leaves room for a toolbar that is not there, has a link to pass over it, and fades what the page
# itself marks as busy.
FRAME = """<style>
[data-testid="stHeader"], [data-testid="stSkipToContent"] { display: none; }
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stMainBlockContainer"] { padding: 1.25rem clamp(.75rem, 2.5vw, 2.5rem) 2.5rem; }
</style>"""


@st.cache_resource
def component() -> Any:
    """The result area: one component for the life of the process."""
    return st.components.v2.component("dkd_explorer", html=html(), css=style(), js=script())


def gestured(of: Site) -> None:
    """Carry out the gestures that are new, in order.

    Streamlit hands over the last of several triggers alone, so the page sends all that it has no answer to each time.
    """
    st.session_state.pop("waiting", None)
    sent = (st.session_state[KEY]["action"] or {}).get("gestures") or []
    new = [one for one in sent if one["seq"] > st.session_state.get("seq", 0)]
    if len(new) < len(sent) and "steps" in st.session_state:
        # The browser has no answer to those yet, and each run has the browser's address: one of before them.
        st.query_params[ADDRESS] = st.session_state["steps"].here
    for gesture in new:
        st.session_state["seq"] = gesture["seq"]
        _gestured(of, gesture)


def _gestured(of: Site, gesture: Mapping[str, Any]) -> None:
    """Put the view after the gesture into the address; each is a step that the browser's back button undoes."""
    view = view_of(of, st.query_params.get(ADDRESS)).view
    if view is None:
        return
    if gesture.get("kind") in SAVES:
        st.session_state["saved"] = saved(of.project, of.model, view, gesture)
        return
    was = steps(view)
    try:
        now = stepped(was, view, settled(view, with_segment(of.kept.segments, gesture)))
    except UsageError as error:
        st.session_state.setdefault("refused", []).extend(problem.line() for problem in error.problems)
        return
    st.session_state["steps"] = now
    if now.here != was.here:
        st.query_params[ADDRESS] = now.here


def stepped(was: Steps, view: View, gesture: Mapping[str, Any]) -> Steps:
    """The steps after *gesture*, of which undo and redo are made of steps alone."""
    if gesture.get("kind") == "undo":
        return was.back()
    if gesture.get("kind") == "redo":
        return was.forth()
    after = act(view, gesture)
    return was if after == view else was.went(as_link(after))


def steps(view: View) -> Steps:
    """Where the person is, and which way they came, with what the browser's own buttons did counted in."""
    link = as_link(view)
    was: Steps = st.session_state.get("steps", Steps(link))
    return was.arrived(link)


def still_wanted() -> None:
    """Nothing; where a run that a newer gesture has overtaken ends, as looking at the session's state lets it."""
    st.session_state.get(KEY)


def main() -> None:
    """Draw the page."""
    model, target, base_port = sys.argv[1:4]
    st.set_page_config(page_title=f"{Path(model).stem} explorer", layout="wide", initial_sidebar_state="collapsed")
    st.html(FRAME)
    try:
        of = site_of(Path(model), target, int(base_port))
    except DkdError as error:
        st.error(f"{Path(model).name} cannot be shown: {error.problems[0].line()}")
        return
    refused = st.session_state.pop("refused", [])
    asked = view_of(of, st.query_params.get(ADDRESS))
    waiting = whole_or_drafts(of, asked, refused)
    data = next(waiting)
    data.setdefault("keep", {"can": of.project is not None, "last": st.session_state.pop("saved", None)})
    data["seq"] = st.session_state.get("seq")
    if asked.view is not None:
        st.session_state["steps"] = here = steps(asked.view)
        data["steps"] = {"undo": bool(here.past), "redo": bool(here.ahead)}
    component()(key=KEY, data=data, on_action_change=lambda: gestured(of))
    for better in waiting:
        # A component is drawn once in a run.
        st.session_state["waiting"] = (st.query_params.get(ADDRESS), chain([better | {"keep": data["keep"]}], waiting))
        st.rerun()


def whole_or_drafts(of: Site, asked: Opened, refused: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the run before this one was waiting for, where it is of this address; else what is asked for now."""
    address, waiting = st.session_state.pop("waiting", (None, None))
    if waiting is not None and address == st.query_params.get(ADDRESS):
        return cast("Iterator[dict[str, Any]]", waiting)
    return drafts(of, asked, datetime.now(UTC), still_wanted, refused)


if __name__ == "__main__":
    main()
