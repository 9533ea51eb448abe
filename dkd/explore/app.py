"""One run of the page, as Streamlit runs it for each gesture: the address in, the component out.

Its arguments are the model's file, the target and the local stack's first port.
"""

import os
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st

from dkd.errors import DkdError, UsageError
from dkd.explore.asking import Desk
from dkd.explore.gesture import act
from dkd.explore.saved import FOLDER, listed
from dkd.explore.view import as_link
from dkd.explore.visit import Site, shown, view_of
from dkd.explore.watch import Seen, Watch, seen
from dkd.model.load import read_model
from dkd.model.schema import Model
from dkd.settings import druid_settings, settings

ADDRESS, KEY = "v", "explorer"
# Streamlit's own frame leaves room for a toolbar that is not there.
FRAME = """<style>
[data-testid="stHeader"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 1.25rem clamp(.75rem, 2.5vw, 2.5rem) 2.5rem; }
</style>"""


@st.cache_resource
def component() -> Any:
    """The result area: one component for the life of the process."""
    return st.components.v2.component("dkd_explorer", html=part("html"), css=part("css"), js=part("js"))


def part(kind: str) -> str:
    """The page's files of one kind as one text: page.css before other styles, all scripts as one module."""
    found = [file for file in files("dkd.explore").joinpath("parts").iterdir() if file.name.endswith(f".{kind}")]
    ordered = sorted(found, key=lambda file: (not file.name.startswith("page."), file.name))
    return "\n".join(file.read_text("utf-8") for file in ordered)


@st.cache_resource(max_entries=1)
def site(model: str, target: str, base_port: int, versions: tuple[int, ...]) -> Site:  # noqa: ARG001  # of the files
    """The site as its files are now; *versions* changes when they do."""
    path = Path(model)
    read = read_model(path)
    druid = druid_settings(read, target, os.environ, base_port)
    views = tuple(listed(folder_of(path), read))
    return Site(read, Desk(druid), views, druid, Watch(lambda: heard(read, target, base_port)))


def heard(model: Model, target: str, base_port: int) -> Seen:
    """What the target's Kafka says; the explorer needs none of its secrets, and does without it."""
    try:
        return seen(settings(model, target, os.environ, base_port), model)
    except DkdError as error:
        return Seen(problems=(error.problems[0].line(),))


def folder_of(model: Path) -> Path:
    """Where the project of a model keeps its views."""
    project = model.parent.parent if model.parent.name == "specs" else model.parent
    return project / FOLDER


def versions_of(model: Path) -> tuple[int, ...]:
    """When the model and each view of its project were written."""
    kept = [model, *sorted(folder_of(model).glob("*.y*ml"))]
    return tuple(path.stat().st_mtime_ns for path in kept if path.is_file())


def gestured(of: Site) -> None:
    """Put the view after the gesture into the address; each is a step that the browser's back button undoes."""
    gesture = st.session_state[KEY]["action"] or {}
    st.session_state["seq"] = gesture.get("seq")
    view = view_of(of, st.query_params.get(ADDRESS)).view
    if not gesture or view is None:
        return
    try:
        after = act(view, gesture)
        if after != view:
            st.query_params[ADDRESS] = as_link(after)
    except UsageError as error:
        st.session_state["refused"] = [problem.line() for problem in error.problems]


def still_wanted() -> None:
    """Nothing; where a run that a newer gesture has overtaken ends, as looking at the session's state lets it."""
    st.session_state.get(KEY)


def main() -> None:
    """Draw the page."""
    model, target, base_port = sys.argv[1:4]
    st.set_page_config(page_title=f"{Path(model).stem} explorer", layout="wide", initial_sidebar_state="collapsed")
    st.html(FRAME)
    try:
        of = site(model, target, int(base_port), versions_of(Path(model)))
    except DkdError as error:
        st.error(f"{Path(model).name} cannot be shown: {error.problems[0].line()}")
        return
    refused = st.session_state.pop("refused", [])
    asked = view_of(of, st.query_params.get(ADDRESS))
    data = shown(of, asked, datetime.now(UTC), still_wanted, refused)
    data["seq"] = st.session_state.get("seq")
    component()(key=KEY, data=data, on_action_change=lambda: gestured(of))


if __name__ == "__main__":
    main()
