"""Harm done to a real Druid while somebody looks at the explorer: what the page says then, and that it recovers.

    PYTHONPATH=tests:tests/benchmarks python tests/faults/explorer_faults.py [--keep DIR]

starts a Druid with a million events and, in Chromium: kills Druid and starts it again, stops it by a signal, breaks its
answers off, splits by 50,000 values, wants millions of rows, filters by what does not exist, makes a hundred gestures
in ten seconds, and starts the explorer itself again. Prints what the page said each time; exits 1 when that was no
help, showed a part of an answer, or was not over afterwards.
"""

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import explorer_page
import explorer_speed
import explorer_views
from broken_line import Line
from playwright.sync_api import Page

from dkd.explore.view import View, as_link
from dkd.model.load import read_model
from dkd.query.question import Filter, Interval, Split
from dkd.settings import Ports, druid_settings

FAR = 40
"""So many ports behind the stack's stand the explorer and its line to the broker."""
WAIT_S = 90.0


@dataclass
class Scene:
    """The stack, the line between it and the explorer, the explorer's process, and the page."""

    project: Path
    base_port: int
    line: Line
    explorer: ExitStack
    page: Page
    seq: int = 0

    def serve(self) -> str:
        """Start the explorer; its address."""
        far = self.base_port + FAR
        return self.explorer.enter_context(explorer_speed.server(EXPLORE, self.project, far, Ports.at(far).explorer))

    def go(self, view: View) -> None:
        """Open a view by a gesture; do not wait for its answer."""
        self.page.evaluate(explorer_page.SEND, {"kind": "open", "link": as_link(view)})

    def new(self) -> View:
        """A view that nobody asked for before."""
        self.seq += 1
        return explorer_views.view(Filter(dimension="city", values=(f"City-{self.seq}",), exclude=True))

    def says(self, pattern: str, wait_s: float = WAIT_S) -> str:
        """What the page's state is once it is like *pattern*, and the last one when the time is up."""
        end, found = time.monotonic() + wait_s, ""
        while time.monotonic() < end:
            found = self.page.evaluate(explorer_page.SAYS)
            if re.search(pattern, found):
                break
            time.sleep(0.2)
        return found

    def druid(self) -> int:
        """Druid's process."""
        return int(json.loads((self.project / ".dkd" / "state.json").read_text())["druid"]["pid"])


def main() -> int:
    """Do harm; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a directory where the stack and its events stay for the next run")
    parser.add_argument("--base-port", type=int, default=int(os.environ.get("DKD_BASE_PORT", "27300")))
    given = parser.parse_args()
    project = given.keep or Path(tempfile.mkdtemp(prefix="explorer-faults-"))
    failed = 0
    with scene(project, given.base_port) as on:
        for harm, said_like in HARMS:
            said = harm(on)
            is_helpful = re.search(said_like, said) is not None and "Traceback" not in said
            on.line.mode = "whole"
            on.go(on.new())
            after = on.says("^visitors [0-9]")
            is_over = after.startswith("visitors ")
            failed += not (is_helpful and is_over)
            mark = "ok" if is_helpful and is_over else "BAD"
            print(f"{mark:4} {(harm.__doc__ or '').strip():40} {said[:150]!r}{'' if is_over else f' then {after!r}'}")
    return 1 if failed else 0


@contextmanager
def scene(project: Path, base_port: int) -> Iterator[Scene]:
    """A stack with a million events, an explorer at the far end of a line to it, and its page."""
    with explorer_speed.stack(project, base_port, "2g"), explorer_page.browser() as chromium:
        model = read_model(project / "specs" / "shop.yaml")
        settings = druid_settings(model, "local", os.environ, base_port)
        explorer_speed.filled(model, settings, explorer_speed.MILLION, project / "files")
        line = Line(Ports.at(base_port + FAR).broker, Ports.at(base_port).broker)
        with ExitStack() as explorer:
            on = Scene(project, base_port, line, explorer, explorer_page.context(chromium).new_page())
            explorer_page.open_in(on.page, f"{on.serve()}?v={as_link(explorer_views.view())}")
            yield on
        line.close()


def killed(on: Scene) -> str:
    """Druid is killed"""
    os.kill(on.druid(), signal.SIGKILL)
    on.go(on.new())
    said = on.says("Druid does not answer")
    explorer_speed.dkd(on.project, on.base_port, "up", "--detach", "--only", "druid", "--memory", "2g")
    return said


def stopped(on: Scene) -> str:
    """Druid hangs (SIGSTOP)"""
    pid = on.druid()
    os.kill(pid, signal.SIGSTOP)
    try:
        on.go(on.new())
        return on.says("This takes too long")
    finally:
        os.kill(pid, signal.SIGCONT)


def cut(on: Scene) -> str:
    """answers break off half-way"""
    on.line.mode = "cut"
    on.go(on.new())
    return on.says("broke off")


def nothing(on: Scene) -> str:
    """a filter that nothing fits"""
    on.go(explorer_views.view(Filter(dimension="country", values=("' OR 1=1 --",))))
    return on.says("Nothing was counted")


def many_values(on: Scene) -> str:
    """a split by each of 90,000 visitors"""
    view = explorer_views.view()
    question = view.question.model_copy(update={"splits": (Split(dimension="party_id", limit=1000),), "grain": None})
    on.go(view.model_copy(update={"question": question, "panels": ("party_id",)}))
    return on.says("^visitors [0-9]")


def many_rows(on: Scene) -> str:
    """millions of rows are wanted"""
    view = explorer_views.view()
    splits = tuple(Split(dimension=name, limit=1000) for name in ("party_id", "page_path"))
    whole = Interval(start=explorer_views.END - timedelta(days=14), end=explorer_views.END)
    question = view.question.model_copy(update={"splits": splits, "grain": "PT1M", "interval": whole})
    on.go(view.model_copy(update={"question": question, "panels": ()}))
    return on.says("too many steps|cannot be drawn|too much at once")


def hurried(on: Scene) -> str:
    """a hundred gestures in ten seconds"""
    began = time.monotonic()
    for seq in range(100):
        on.go(on.new())
        on.page.wait_for_timeout(max(0.0, 1000 * (began + seq / 10 - time.monotonic())))
    last = explorer_views.view(Filter(dimension="country", values=("DE",)))
    on.go(last)
    on.page.wait_for_url(lambda url: "country.DE" in url)
    return on.says("^visitors [0-9]")


def restarted(on: Scene) -> str:
    """the explorer is started again"""
    on.explorer.close()
    on.serve()
    # Nobody tells the person that the process behind the page is a new one.
    on.go(on.new())
    return on.says("^visitors [0-9]")


EXPLORE = [sys.executable, "-m", "dkd", "explore"]
HARMS: tuple[tuple[Callable[[Scene], str], str], ...] = (
    (nothing, "Nothing was counted"),
    (many_values, "^visitors [0-9]"),
    (many_rows, "too many steps|cannot be drawn|too much at once"),
    (hurried, "^visitors [0-9]"),
    (restarted, "^visitors [0-9]"),
    (cut, "Druid does not answer.*broke off"),
    (stopped, "This takes too long"),
    (killed, "Druid does not answer.*dkd up"),
)

if __name__ == "__main__":
    sys.exit(main())
