"""How fast the explorer is with many events, in Chromium and on a real Druid, beside a bare Streamlit page.

    python tests/benchmarks/explorer_speed.py                     1 million events: some 5 minutes on 2 cores
    python tests/benchmarks/explorer_speed.py --events 10000000 --memory 3g --keep /tmp/explorer10m

starts a local stack of its own, loads events by Druid's batch ingestion (with ``--keep`` once, later runs find them
there), and prints how long gestures take from the event until two frames after the answer is in the page: the most that
is allowed, what would be good, what was measured, what Druid alone took of it, and the same of a page with one button.
``--strict`` exits 1 when a limit is missed.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import explorer_events
import explorer_page
import explorer_views
from explorer_page import Answer
from explorer_views import asked_alone, view
from playwright.sync_api import Browser, Page

from dkd.explore.view import View, as_link
from dkd.model.load import read_model
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.query.question import Filter
from dkd.settings import DruidSettings, Ports, druid_settings

MILLION = 1_000_000
_AHEAD = 6
FLOOR_PAGE = """
import streamlit as st
st.session_state.setdefault("n", 0)
if st.button("press"):
    st.session_state["n"] += 1
st.markdown(f"pressed {st.session_state['n']}")
"""


class Line(NamedTuple):
    """One line of the table; all in seconds."""

    what: str
    must: float | None
    stretch: float | None
    measured: float
    druid: float | None = None
    floor: float | None = None


def main() -> int:
    """Measure; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=MILLION)
    parser.add_argument("--keep", type=Path, help="a directory where the stack and its events stay for the next run")
    parser.add_argument("--memory", default="2g", help="heap of Druid")
    parser.add_argument("--base-port", type=int, default=int(os.environ.get("DKD_BASE_PORT", "27300")))
    parser.add_argument("--gestures", type=int, default=30, help="of each kind; new questions are a third of it")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is missed")
    given = parser.parse_args()
    project = given.keep or Path(tempfile.mkdtemp(prefix="explorer-speed-"))
    with stack(project, given.base_port, given.memory), explorer_page.browser() as chromium:
        model = read_model(project / "specs" / "shop.yaml")
        settings = druid_settings(model, "local", os.environ, given.base_port)
        filled(model, settings, given.events, project / "files")
        lines = []
        for line in measured(chromium, project, model, settings, given.base_port, given.gestures, given.events):
            heard(f"{line.what}: {line.measured:.2f} s")
            lines.append(line)
    if given.keep is None:
        shutil.rmtree(project, ignore_errors=True)
    print(table(lines, given.events))
    missed = [line.what for line in lines if line.must is not None and line.measured > line.must]
    if missed:
        print(f"above the limit: {', '.join(missed)}")
    return 1 if missed and given.strict else 0


def heard(text: str) -> None:
    """Progress, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@contextmanager
def stack(project: Path, base_port: int, memory: str) -> Iterator[None]:
    """A Druid with the shop's model; stopped at the end, its data stay."""
    project.mkdir(parents=True, exist_ok=True)
    if not (project / "specs").exists():
        dkd(project, base_port, "init", "--preset", "shop", "--site", "shop")
    heard("starting Druid")
    dkd(project, base_port, "up", "--detach", "--only", "druid", "--memory", memory)
    try:
        yield
    finally:
        dkd(project, base_port, "down")


def dkd(project: Path, base_port: int, *arguments: str) -> None:
    """Run a command of dkd in the project."""
    env = {**os.environ, "DKD_BASE_PORT": str(base_port)}
    subprocess.run([sys.executable, "-m", "dkd", *arguments], cwd=project, env=env, check=True, stdout=sys.stderr)


def filled(model: Model, settings: DruidSettings, count: int, place: Path) -> None:
    """Load the events unless they are there."""
    there = rows_of(settings)
    if there == count:
        heard(f"{count:,} events are there")
        return
    for day, size in explorer_events.written(model, count, place):
        heard(f"wrote {size:,} events of day {day + 1} of {explorer_events.DAYS}")
    began_s = time.monotonic()
    processed = explorer_events.load(model, place, settings.coordinator, heard)
    heard(f"loaded {processed:,} events, {processed / (time.monotonic() - began_s):,.0f} a second")
    if processed != count:
        raise SystemExit(f"Druid processed {processed:,} events of {count:,}")
    shutil.rmtree(place)
    while (there := rows_of(settings)) != count:
        heard(f"Druid shows {there:,} of {count:,} events")
        time.sleep(2)


def rows_of(settings: DruidSettings) -> int:
    """How many events Druid shows; 0 before there is a datasource."""
    sql = "SELECT SUM(num_rows) FROM sys.segments WHERE datasource = 'shop_events' AND is_available = 1"
    with Druid(settings) as druid:
        return int(druid.sql(sql).value() or 0)


@contextmanager
def server(command: Sequence[str], project: Path, base_port: int, port: int) -> Iterator[str]:
    """A process that serves pages, until it answers."""
    env = {**os.environ, "DKD_BASE_PORT": str(base_port)}
    log = (project / "server.log").open("ab")
    process = subprocess.Popen(command, cwd=project, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        # What it prepares for its first visitor is not what is measured.
        time.sleep(3)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def measured(
    chromium: Browser, project: Path, model: Model, settings: DruidSettings, base_port: int, count: int, events: int
) -> Iterator[Line]:
    """Every line of the table."""
    port = Ports.at(base_port).explorer
    explore = [sys.executable, "-m", "dkd", "explore", "--port", str(port)]
    (project / "floor.py").write_text(FLOOR_PAGE)
    bare = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "floor.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    heard("a bare page")
    with server([*bare, "--server.address", "127.0.0.1"], project, base_port, port) as url:
        floor_cold, floor_warm, pressed = explorer_page.floor(chromium, url, count)
    seen = [view(Filter(dimension="country", values=(name,))) for name in ("DE", "NL", "GB", "FR")]
    with server(explore, project, base_port, port) as url:
        heard("opening")
        explorer_page.openings(chromium, f"{url}?v={as_link(view())}", 1)
        cold, warm = explorer_page.openings(chromium, f"{url}?v={as_link(view())}", 5)
        yield Line("first paint, new browser", 1.5, 0.9, middle(cold, "paint_s"), None, middle(floor_cold, "paint_s"))
        yield Line("first paint again", 0.5, 0.25, middle(warm, "paint_s"), None, middle(floor_warm, "paint_s"))
        yield Line("usable, new browser", 2.5, 1.3, middle(cold, "usable_s"), None, middle(floor_cold, "usable_s"))
        yield Line("usable again", 1.0, 0.5, middle(warm, "usable_s"), None, middle(floor_warm, "usable_s"))
        heard("answers that the explorer has")
        page, _ = explorer_page.opened(explorer_page.context(chromium), f"{url}?v={as_link(view())}")
        for one in seen:
            explorer_page.asked(page, as_link(one))
        known = [explorer_page.asked(page, as_link(seen[at % len(seen)])).whole_s for at in range(count)]
        yield Line("gesture, known answer, p50", 0.20, 0.12, at(known, 0.5), 0.0, at(pressed, 0.5))
        yield Line("gesture, known answer, p95", 0.35, 0.15, at(known, 0.95), 0.0, at(pressed, 0.95))
        heard("new questions")
        yield from new(page, model, settings, max(3, count // 3), at(pressed, 0.95), is_large=events > MILLION)
        yield from behaviours(page, model, settings, at(pressed, 0.5))
    yield from again(chromium, explore, project, base_port, port, model, settings, seen, at(pressed, 0.95))
    heard("searching values")
    times = list(explorer_views.search_times(model, settings))
    yield Line("search in 200,000 visitors, Druid alone, p50", 0.3, 0.1, at(times, 0.5), at(times, 0.5))


def new(
    page: Page, model: Model, settings: DruidSettings, count: int, floor_s: float, *, is_large: bool
) -> Iterator[Line]:
    """Questions that nobody asked before; Druid alone is asked as many others of the same kind.

    A Druid that was started a minute ago compiles yet, and takes twice as long; so it is asked some more ahead.
    """
    filters = iter(Filter(dimension="city", values=(f"City-{number}",), exclude=True) for number in range(400))
    for _ in range(_AHEAD):
        asked_alone(model, settings, view(next(filters), compare="previous"))
    plain = [explorer_page.asked(page, as_link(view(next(filters)))) for _ in range(count)]
    alone = [asked_alone(model, settings, view(next(filters))) for _ in range(count)]
    compared = [explorer_page.asked(page, as_link(view(next(filters), compare="previous"))) for _ in range(count)]
    counts, own, whole = ([getattr(one, name) for one in plain] for name in ("drawn_s", "own_s", "whole_s"))
    limits = [(0.5, 0.25), (1.5, 0.8)] if is_large else [(0.5, 0.25), (0.8, 0.4)]
    yield Line("new question, counts drawn, p95", *limits[0], at(counts, 0.95), None, floor_s)
    yield Line("new question, visitors drawn, p95", *limits[1], at(own, 0.95), None, floor_s)
    yield Line("new question, the others too, p95", None, None, at(whole, 0.95), at(alone, 0.95), floor_s)
    added = at([one.whole_s for one in compared], 0.5) - at(whole, 0.5)
    yield Line("added by the period before, p50", 0.4, 0.15, added)


def behaviours(page: Page, model: Model, settings: DruidSettings, floor_s: float) -> Iterator[Line]:
    """A funnel and a retention that nobody asked for before."""
    for what, must, good, make in (
        ("funnel of 3 steps, new, p50", 1.5, 0.9, explorer_views.funnel),
        ("retention 14 x 14, new, p50", 4.0, 1.0, explorer_views.retention),
    ):
        heard(what)
        answers = [explorer_page.asked(page, as_link(make(seq))) for seq in range(3)]
        alone = [asked_alone(model, settings, make(seq)) for seq in range(3, 6)]
        yield Line(what, must, good, at([one.drawn_s for one in answers], 0.5), None, floor_s)
        yield Line("    exact", None, None, at([one.whole_s for one in answers], 0.5), at(alone, 0.5), floor_s)


def again(
    chromium: Browser, explore: Sequence[str], project: Path, base_port: int, port: int, model: Model,
    settings: DruidSettings, seen: Sequence[View], floor_s: float,
) -> Iterator[Line]:  # fmt: skip
    """Questions that Druid has answered before, and an explorer that was only just started."""
    heard("answers that Druid has")
    found: list[Answer] = []
    for _ in range(3):
        with server(explore, project, base_port, port) as url:
            page, _ = explorer_page.opened(explorer_page.context(chromium), f"{url}?v={as_link(view())}")
            found += [explorer_page.asked(page, as_link(one)) for one in seen]
            page.context.close()
    alone = [asked_alone(model, settings, one) for one in seen * 3]
    times = [one.whole_s for one in found]
    yield Line("gesture, Druid's cache warm, p50", 0.35, 0.22, at(times, 0.5), at(alone, 0.5), floor_s)
    yield Line("gesture, Druid's cache warm, p95", 0.60, 0.35, at(times, 0.95), at(alone, 0.95), floor_s)
    yield Line("added to Druid, p95", 0.15, 0.10, at(times, 0.95) - at(alone, 0.95), None, floor_s)


def at(values: Sequence[float], part: float) -> float:
    """The value that *part* of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def middle(found: Sequence[object], name: str) -> float:
    """The median of one member."""
    return statistics.median(getattr(one, name) for one in found)


def table(lines: Sequence[Line], events: int) -> str:
    """The lines as text, with the measured by the limit and by the floor."""
    heads = f"{'seconds':42} {'must':>6} {'good':>6} {'is':>6} {'/must':>6} {'Druid':>6} {'floor':>6} {'/floor':>6}"
    shown_: Callable[[float | None], str] = lambda value: f"{'' if value is None else format(value, '.2f'):>6}"  # noqa: E731
    rows = [
        f"{one.what:42} {shown_(one.must)} {shown_(one.stretch)} {shown_(one.measured)} "
        f"{shown_(one.measured / one.must if one.must else None)} {shown_(one.druid)} {shown_(one.floor)} "
        f"{shown_(one.measured / one.floor if one.floor else None)}"
        for one in lines
    ]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return "\n".join([f"{events:,} events, {os.cpu_count()} cores, load {load}", heads, *rows])


if __name__ == "__main__":
    sys.exit(main())
