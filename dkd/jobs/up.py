"""A model and a project become a running local stack: what is dead is started, what lives is left alone."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dkd.errors import DkdError, RefusedError
from dkd.jobs.catch_up import catch_up
from dkd.jobs.deploy import deploy
from dkd.jobs.group import group_reads
from dkd.local import ports as port_book
from dkd.local import processes, servers, services
from dkd.local.layout import Layout
from dkd.local.parts import PARTS, SERVERS, SERVICES, STOP_ORDER, part
from dkd.local.progress import Listener
from dkd.local.servers import Phases
from dkd.model.schema import Model
from dkd.settings import Ports, settings

WATCH_S = 1.0


@dataclass(frozen=True)
class Site:
    """A checked model and the file it came from."""

    path: Path
    model: Model


@dataclass(frozen=True)
class Wanted:
    """What ``dkd up`` was asked for.

    Attributes:
        names: The parts.
        base_port: First port of the stack.
        heap_mb: Druid's heap.
        offline: Never fetch jars.
    """

    names: tuple[str, ...]
    base_port: int
    heap_mb: int
    offline: bool = False


@dataclass
class Result:
    """What ``dkd up`` did.

    Attributes:
        started: Parts that were started, in their order.
        phases: Seconds by phase.
        deployed: What deploy says; empty when it was not run.
    """

    started: list[str] = field(default_factory=list)
    phases: Phases = field(default_factory=Phases)
    deployed: str = ""


def up(
    layout: Layout, site: Site | None, wanted: Wanted, environment: Callable[[], Mapping[str, str]], listener: Listener
) -> Result:
    """Start every wanted part that is dead, deploy the model, and wait until all of them work.

    Args:
        layout: The project's.
        site: Its model; None is enough for Kafka and Druid alone.
        wanted: Which parts, and how.
        environment: Values for ``${NAME}``; asked once the project's own key of pseudonyms exists.
        listener: Told how far it is.

    Raises:
        RefusedError: DKD610 when another process starts or stops the stack, DKD612 when it runs on other ports.
        DkdError: DKD601 to DKD622, for what Kafka, Druid or a service lacks; DKD7xx from deploy.
    """
    result = Result()
    with result.phases.timed("total"), _stop_when_interrupted(layout, result, listener):
        with layout.alone():
            layout.prepare()
            run = _Run(layout, site, wanted, environment, listener, result)
            run.servers()
            run.deploy()
            run.services()
        # Without the lock, so that a part that dies meanwhile can be brought back.
        run.catch_up()
    return result


def down(layout: Layout, listener: Listener, *, wipe: bool = False) -> list[str]:
    """Stop every part that runs, Druid before Kafka; delete what they keep when *wipe* is asked.

    Returns:
        Names of those that were stopped, in order.

    Raises:
        RefusedError: DKD610, when another process starts or stops the stack.
    """
    if not layout.root.is_dir():
        return []
    with layout.alone():
        stopped = stop_all(layout, listener)
        if wipe:
            layout.wipe()
    return stopped


def stop_all(layout: Layout, listener: Listener, only: Collection[str] | None = None) -> list[str]:
    """Stop parts in the right order, all or those of *only*; the caller holds the lock."""
    stopped = []
    for group in STOP_ORDER:
        chosen = [name for name in group if only is None or name in only]
        living = [name for name in chosen if processes.process_of(processes.records(layout).get(name))]
        if living:
            listener.progress(f"stopping {' and '.join(living)}")
        for name in processes.stop(layout, chosen):
            listener.note(f"{name} did not stop within {processes.STOP_S:.0f} s and was killed")
        stopped += living
    return stopped


def watch(layout: Layout, names: Collection[str], listener: Listener) -> None:
    """Stay until the stack was stopped by another command; say once when a part dies meanwhile."""
    alive = set(names)
    while alive:
        time.sleep(WATCH_S)
        known = processes.records(layout)
        for name in sorted(alive & known.keys()):
            if not processes.process_of(known[name]):
                processes.reap(known[name])
                listener.note(processes.why_down(layout.project, name) or f"{name} was started anew")
                alive.discard(name)
        alive &= known.keys()


class _Run:
    """One ``up``, phase by phase."""

    def __init__(
        self,
        layout: Layout,
        site: Site | None,
        wanted: Wanted,
        environment: Callable[[], Mapping[str, str]],
        listener: Listener,
        result: Result,
    ) -> None:
        self._layout, self._site, self._wanted, self._listener = layout, site, wanted, listener
        self._environment, self.result = environment, result
        self._ports = Ports.at(wanted.base_port)
        self._refuse_other_ports()
        dead = self._dead(wanted.names)
        port_book.require_free(self._ports, [port for name in dead for port in part(name).ports])
        port_book.remember(layout, wanted.base_port)

    def servers(self) -> None:
        """Kafka and Druid: start the dead ones, wait for all that are wanted."""
        chosen = [name for name in self._wanted.names if name in SERVERS]
        dead = self._dead(chosen)
        if dead:
            self.result.started += dead
            servers.start(
                self._layout,
                self._ports,
                dead,
                self._listener,
                self.result.phases,
                heap_mb=self._wanted.heap_mb,
                offline=self._wanted.offline,
            )
        if "kafka" in dead and "enricher" in self._wanted.names:
            # A transaction that outlives its broker can hang for ever, its time limit ignored:
            # https://github.com/confluentinc/librdkafka/issues/5511. Starting anew loses nothing.
            stop_all(self._layout, self._listener, ["enricher"])
        servers.wait_ready(self._layout, self._ports, chosen, self._listener, self.result.phases)

    def deploy(self) -> None:
        """Topics and supervisors, where there is a model and both servers live."""
        if self._site is None:
            return
        gone = self._dead(SERVERS)
        if gone:
            self._listener.note(f"{' and '.join(gone)} not running, so nothing is deployed")
            return
        where = settings(self._site.model, "local", self._environment(), self._wanted.base_port)
        with self.result.phases.timed("deploy"):
            report = deploy(
                self._site.model, where, tell=lambda found: self._listener.progress(f"deploy: {found.text}")
            )
        self.result.deployed = report.line()

    def services(self) -> None:
        """Collector, enricher and explorer: start the dead ones, and anew those of an older model."""
        absent = services.absent()
        chosen = [name for name in self._wanted.names if name in SERVICES and name not in absent]
        for name in absent.intersection(self._wanted.names):
            self._listener.note(f"{name} is left out: its package is not installed; pip install 'dkd[all]'")
        if not chosen or self._site is None:
            return
        self._require_needs(chosen)
        wanted = services.about(self._site.path, self._site.model)
        known = processes.records(self._layout)
        stale = [name for name in chosen if name in known and known[name].about != wanted]
        if stop_all(self._layout, self._listener, stale):
            self._listener.note(f"the model has changed: {' and '.join(stale)} start anew")
        dead = self._dead(chosen)
        for name in dead:
            services.start(self._layout, name, self._site.path, self._site.model, self._wanted.base_port)
        self.result.started += dead
        missing = {name: partial(self._missing, name, self._site.model) for name in chosen}
        servers.wait_until(self._layout, missing, self._listener, self.result.phases)

    def catch_up(self) -> None:
        """Druid reads again what it had not published before it stopped; also where an earlier ``up`` was cut short."""
        if "druid" in self._wanted.names and self._site is not None and not self._dead(SERVERS):
            with self.result.phases.timed("catch-up"):
                gone = partial(processes.why_down, self._layout.project, "druid")
                catch_up(self._site.model, self._ports, gone, self._listener)

    def _missing(self, name: str, model: Model) -> str:
        missing = services.missing(name, self._ports)
        if not missing and name == "enricher":
            return "" if group_reads(f"{model.site}.enrich", self._ports) else "partitions"
        return missing

    def _dead(self, names: Collection[str]) -> list[str]:
        known = processes.records(self._layout)
        return [name for name in names if not processes.process_of(known.get(name))]

    def _require_needs(self, names: Collection[str]) -> None:
        for name in names:
            for need in self._dead(part(name).needs):
                why = processes.why_down(self._layout.project, need) or ""
                raise DkdError("DKD613", where=name, problem=f"it needs {need}, but {why}")

    def _refuse_other_ports(self) -> None:
        before = port_book.remembered(self._layout)
        alive = [one.name for one in PARTS if one.name not in self._dead([one.name])]
        if alive and before is not None and before != self._wanted.base_port:
            raise RefusedError(
                "DKD612",
                where=str(self._layout.project),
                problem=f"{', '.join(alive)} already run on the ports from {before}",
                remedy="run dkd down first, or leave --base-port out",
            )


@contextmanager
def _stop_when_interrupted(layout: Layout, result: Result, listener: Listener) -> Iterator[None]:
    """An interrupted start leaves nothing behind that it has started."""
    try:
        yield
    except KeyboardInterrupt:
        # A Druid that is only just starting takes its time to end, and silence would invite a second Ctrl-C.
        listener.progress("stopping what was started")
        with layout.alone():
            for group in STOP_ORDER:
                processes.stop(layout, [name for name in group if name in result.started])
        raise
