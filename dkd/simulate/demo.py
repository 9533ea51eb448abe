"""A folder → a site that runs, has a day of history and a first answer, and lives on until Ctrl-C."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dkd.errors import DkdError, UsageError
from dkd.jobs import replay
from dkd.jobs.fit import moment
from dkd.jobs.init import write_new
from dkd.jobs.settle import Unavailable, at_rest
from dkd.jobs.site import LiveSite
from dkd.jobs.up import Result, Site, Wanted, stop_all, up
from dkd.local.layout import Layout
from dkd.local.parts import PARTS
from dkd.local.progress import Listener
from dkd.model.preset import preset_files
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.query.show import as_table
from dkd.settings import Ports, Settings, settings, unreachable_remedy
from dkd.simulate.live import Live
from dkd.simulate.stretch import ENDLESS_MS
from dkd.simulate.traffic import DAY_MS, traffic
from dkd.simulate.truth import Truth

FOLDER = "dkd-demo"
SEED = 20
RATE = 0.3
"""Lines a second: a day of some 26,000."""


class Filled(NamedTuple):
    """What was added to a site's history.

    Attributes:
        start_ms: Where it goes on from.
        end_ms: Where live traffic goes on from.
        lines: Lines that were sent.
        closes: Whether each of them is accounted for.
    """

    start_ms: int
    end_ms: int
    lines: int
    closes: bool


@dataclass
class Demo:
    """One demo on the local stack.

    Attributes:
        layout: The project's.
        site: Its model.
        wanted: Parts, ports and memory.
        environment: Values for ``${NAME}``, asked once the stack has its key of pseudonyms.
        listener: Told how far it is.
        started: Parts that this demo has started.
        seconds: How long each phase took.
    """

    layout: Layout
    site: Site
    wanted: Wanted
    environment: Callable[[], Mapping[str, str]]
    listener: Listener
    started: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The site's."""
        return self.site.model

    @property
    def settings(self) -> Settings:
        """Where the stack is."""
        return settings(self.model, "local", self.environment(), self.wanted.base_port)

    def up(self) -> Result:
        """Start what is dead; raises what :func:`dkd.jobs.up.up` raises."""
        with self._timed("up"):
            result = up(self.layout, self.site, self.wanted, self.environment, self.listener)
        self.started = result.started
        return result

    def fill(self) -> Filled:
        """Send the day up to now, or what is missing of it; raises what :func:`dkd.jobs.replay.replay` raises."""
        with self._timed("history"):
            newest_ms = self._newest_ms()
            now_ms = round(time.time() * 1000)
            start_ms = max(newest_ms + 1, now_ms - DAY_MS)
            # What a phone held back is of before the stretch, and would be late to a site that has later events.
            lines = [
                sent.body
                for sent in traffic(SEED, start_ms, now_ms, RATE, self.model)
                if not newest_ms or int(str(sent.given["timestamp_ms"])) >= start_ms
            ]
            closes = self._replayed(lines) if lines else True
        return Filled(start_ms, max(start_ms, now_ms), len(lines), closes)

    def answer(self) -> str:
        """The first question and its answer."""
        by = "country" if self.model.enrich.geo else "event"
        people = "WHERE is_bot = FALSE " if self.model.enrich.bots else ""
        # Names of a checked model.
        sql = (
            f"SELECT {by}, COUNT(DISTINCT party_id) AS visitors, COUNT(*) AS events "  # noqa: S608
            f"FROM {self.model.datasource('events')} {people}GROUP BY {by} ORDER BY visitors DESC LIMIT 5"
        )
        with self._timed("answer"), closing(Druid(self.settings.druid)) as druid:
            return f'$ dkd sql "{sql}"\n{as_table(druid.sql(sql))}'

    def explorer(self) -> str | None:
        """Address of the explorer, where the stack has one."""
        here = any(part.name == "explorer" for part in PARTS)
        return f"http://127.0.0.1:{Ports.at(self.wanted.base_port).explorer}" if here else None

    def live(self, start_ms: int, truth: Truth) -> None:
        """Send what happens from *start_ms* on, as it happens, until KeyboardInterrupt."""
        where = self.settings
        live = Live(where, replay.sender_key(self.model, where), truth)
        live.send(traffic(SEED, start_ms, ENDLESS_MS, RATE, self.model), start_ms, None, self.listener)

    def stopped(self) -> str:
        """Stop the parts that this demo has started, and say so; their data stays."""
        with self.layout.alone():
            stopped = stop_all(self.layout, self.listener, self.started)
        if stopped:
            return f"stopped {', '.join(stopped)}"
        # Where the start itself was interrupted, it has stopped what it had started.
        return "the stack was running before and stays" if "up" in self.seconds else "what was started is stopped again"

    def _newest_ms(self) -> int:
        """Time of the site's newest event, once all that was sent is read; 0 while there is none."""
        where = self.settings.kafka
        try:
            with closing(LiveSite(self.model, self.settings)) as site:
                watermarks: Mapping[int, int] = at_rest(site, self.listener.progress).counted.watermarks
        except Unavailable as error:
            raise DkdError("DKD810", problem=str(error), remedy=unreachable_remedy(where.servers)) from error
        return max(watermarks.values(), default=0)

    def _replayed(self, lines: list[bytes]) -> bool:
        with tempfile.NamedTemporaryFile(dir=self.layout.root, suffix=".ndjson") as file:
            file.write(b"\n".join(lines))
            file.flush()
            wanted = replay.Wanted([file.name], "ndjson", keep_order=True)
            return replay.replay(wanted, self.model, self.settings, self.listener).closes

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began_s = time.monotonic()
        yield
        self.seconds[phase] = time.monotonic() - began_s


def model_file(folder: Path | None) -> tuple[Path, list[str]]:
    """The one model of *folder*, by default of the folder we stand in; made where there is none.

    Returns:
        The model's file, and the files that were written for it: in *folder*, or in a new ``dkd-demo`` by default.

    Raises:
        UsageError: DKD110, when there are several models; DKD113, when the folder cannot be written to.
    """
    found = _models(folder or Path())
    if not found:
        folder = folder or Path(FOLDER)
        found = _models(folder)
    if len(found) > 1:
        names = ", ".join(map(str, found))
        problem = f"there are several models: {names}"
        raise UsageError("DKD110", where="specs/", problem=problem, remedy="run dkd demo in a folder with one model")
    if found:
        return found[0], []
    written = write_new(folder or Path(), preset_files("shop", "shop"))
    return (folder or Path()) / "specs" / "shop.yaml", [path for path, is_new in written.items() if is_new]


def _models(folder: Path) -> list[Path]:
    return sorted([*(folder / "specs").glob("*.yaml"), *(folder / "specs").glob("*.yml")])


def told(filled: Filled, model: Model) -> str:
    """What was added, for people."""
    if not filled.lines:
        return f"history of {model.site} is up to date"
    books = "the books close" if filled.closes else "the books do not close, see dkd logs"
    return f"history: {filled.lines:,} lines, {moment(filled.start_ms)} to {moment(filled.end_ms)}; {books}"
