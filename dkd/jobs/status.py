"""A project becomes what ``dkd status`` says: each part's process, whether it answers, and what other rooms add."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import psutil

from dkd.local import processes, servers, services
from dkd.local.layout import Layout
from dkd.local.parts import PARTS, SERVERS, Part
from dkd.settings import Ports


class Section(NamedTuple):
    """Further lines of the status, such as the enricher's books.

    Attributes:
        name: Key in the JSON.
        lines: For people.
        values: For programs.
        ok: Whether all is well in it.
    """

    name: str
    lines: tuple[str, ...]
    values: Any
    ok: bool = True


@dataclass(frozen=True)
class PartState:
    """One part.

    Attributes:
        name: Its name.
        state: ``running``; ``dead`` when it ended by itself; ``stopped`` when dkd stopped it or never started it.
        missing: What a running part lacks to answer; empty when it answers.
        pid: Of its process.
        rss_bytes: Resident memory of its process and its children.
        ports: Those it listens on.
        last_sign: When a dead part last wrote to its log.
        last_words: What a dead part's log says of its end.
    """

    name: str
    state: str
    missing: str = ""
    pid: int | None = None
    rss_bytes: int = 0
    ports: tuple[int, ...] = ()
    last_sign: str = ""
    last_words: str = ""

    @property
    def ok(self) -> bool:
        """Whether it runs and answers."""
        return self.state == "running" and not self.missing

    def line(self) -> str:
        """The part as one line, for people."""
        if self.state == "dead":
            return f"{self.name:10} dead     last sign of life {self.last_sign}: {self.last_words}"
        if self.state == "stopped":
            return f"{self.name:10} stopped"
        word = "running " if self.ok else "waiting "
        lack = f"  no {self.missing}" if self.missing else ""
        listed = ", ".join(map(str, self.ports))
        return f"{self.name:10} {word} pid {self.pid:<7} {self.rss_bytes / 1e6:6.0f} MB  {listed}{lack}".rstrip()


@dataclass(frozen=True)
class Status:
    """The whole stack."""

    parts: tuple[PartState, ...]
    sections: tuple[Section, ...]

    @property
    def ok(self) -> bool:
        """Whether every part runs and answers, and no section complains."""
        return all(part.ok for part in self.parts) and all(section.ok for section in self.sections)

    @property
    def rss_bytes(self) -> int:
        """Resident memory of all parts."""
        return sum(part.rss_bytes for part in self.parts)

    def lines(self) -> list[str]:
        """For people: a line a part, the total, then the sections."""
        added = [line for section in self.sections for line in section.lines]
        total = f"{'total':10} {'ok' if self.ok else 'not ok':8} {'':11} {self.rss_bytes / 1e6:6.0f} MB"
        dead = any(part.state != "running" for part in self.parts)
        return [
            *(part.line() for part in self.parts),
            *([total] if self.parts else []),
            *added,
            *(["run dkd up to start what is missing"] if dead else []),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.ok,
            "rss_bytes": self.rss_bytes,
            "parts": [{**asdict(part), "ports": list(part.ports), "ok": part.ok} for part in self.parts],
            **{section.name: section.values for section in self.sections},
        }


def status(
    layout: Layout, ports: Ports, more: Iterable[Callable[[], Section]] = (), always: Iterable[Section] = ()
) -> Status:
    """The state of the project's stack now; nothing is written.

    Args:
        layout: The project's.
        ports: The stack's.
        more: Each adds a section; called only when Kafka and Druid answer.
        always: Sections that are shown whatever runs.
    """
    absent = services.absent()
    found = tuple(_part(layout, ports, one) for one in PARTS if one.name not in absent)
    sections = tuple(add() for add in more) if all(one.ok for one in found if one.name in SERVERS) else ()
    return Status(found, (*always, *sections))


def _part(layout: Layout, ports: Ports, one: Part) -> PartState:
    record = processes.records(layout).get(one.name)
    if record is None:
        return PartState(one.name, "stopped")
    process = processes.process_of(record)
    if process is None:
        at, said = processes.last_sign(layout, one.name), processes.last_words(layout, one.name)
        return PartState(one.name, "dead", last_sign=at, last_words=said)
    is_server = one.name in SERVERS
    missing = servers.missing(one.name, ports) if is_server else services.missing(one.name, ports)
    numbers = tuple(getattr(ports, port) for port in one.ports)
    return PartState(one.name, "running", missing, record.pid, _rss(process), numbers)


def _rss(process: psutil.Process) -> int:
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total
