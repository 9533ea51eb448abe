"""Kafka and Druid: from jars and ports to two running servers that answer."""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import resources
from pathlib import Path

from dkd.errors import DkdError
from dkd.local import druid, jars, kafka, processes, room
from dkd.local.java import environment, java
from dkd.local.layout import Layout
from dkd.local.progress import Listener
from dkd.settings import Ports

READY_S = 240.0
"""Ten times what is usual: a machine that is busy with other things is slow, and a dead part is noticed at once."""
_POLL_S = 0.1
_MISSING: Mapping[str, Callable[[Ports], str]] = {"kafka": kafka.missing, "druid": druid.missing}


class Phases:
    """How long each phase took, in the order they ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure one phase."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began


def start(
    layout: Layout,
    ports: Ports,
    names: Collection[str],
    listener: Listener,
    phases: Phases,
    *,
    heap_mb: int,
    offline: bool,
) -> None:
    """Start those of Kafka and Druid that are named, both at once; do not wait until they answer.

    The caller holds the project's lock and has made sure that they are dead and their ports free.

    Raises:
        DkdError: DKD601 to DKD607, when jars, Java, memory or disk are missing; DKD620 when Kafka refuses its folder.
    """
    store = jars.store_dir()
    with phases.timed("jars"):
        jars.fetch(store, listener, offline=offline)
    with phases.timed("java"):
        java()
        room.require(layout.project, names, heap_mb)
        _write_conf(layout, ports, store, heap_mb)
    env = environment(os.environ)
    if "druid" in names:
        druid.before_start(layout)
        processes.start(layout, "druid", druid.command(layout), layout.root, env=env)
    if "kafka" in names:
        listener.progress("starting Kafka and Druid")
        kafka.format_once(layout, store)
        processes.start(layout, "kafka", kafka.command(layout), layout.root, env=env)


def wait_ready(layout: Layout, ports: Ports, names: Collection[str], listener: Listener, phases: Phases) -> None:
    """Wait until the named servers answer, and put the time each took into *phases*.

    Raises:
        DkdError: DKD621 when one dies, DKD622 when one is not ready in time.
    """
    wait_until(layout, {name: partial(_MISSING[name], ports) for name in names}, listener, phases)


def wait_until(
    layout: Layout,
    missing: Mapping[str, Callable[[], str]],
    listener: Listener,
    phases: Phases,
    limit_s: float = READY_S,
) -> None:
    """Poll until no part misses anything any more.

    Args:
        layout: Whose parts.
        missing: By part, a function that says what it still lacks; empty when it is ready.
        listener: Told what is missing.
        phases: Gets the seconds of each part.
        limit_s: When to give up.

    Raises:
        DkdError: DKD621 when a part dies, DKD622 when the time is up.
    """
    began, waiting = time.monotonic(), dict(missing)
    while waiting:
        lacks = {}
        for name, lack_of in waiting.items():
            lacks[name] = lack_of()
            if not lacks[name]:
                phases.seconds[name] = time.monotonic() - began
            elif processes.why_down(layout.project, name):
                raise _died(layout, name)
        waiting = {name: waiting[name] for name, lack in lacks.items() if lack}
        if waiting and time.monotonic() - began > limit_s:
            raise _late(layout, {name: lacks[name] for name in waiting}, limit_s)
        if waiting:
            listed = ", ".join(f"{name} ({lacks[name]})" for name in waiting)
            listener.progress(f"waiting for {listed}, {time.monotonic() - began:.0f} s")
            time.sleep(_POLL_S)


def missing(name: str, ports: Ports) -> str:
    """What Kafka or Druid lacks to answer; empty when it answers."""
    return _MISSING[name](ports)


def _write_conf(layout: Layout, ports: Ports, store: Path, heap_mb: int) -> None:
    logging = (resources.files("dkd.local") / "runtime" / "log4j2.xml").read_text("utf-8")
    (layout.conf / "log4j2.xml").write_text(logging, "utf-8")
    kafka.write_conf(layout, ports, store)
    druid.write_conf(layout, ports, store, heap_mb)


def _died(layout: Layout, name: str) -> DkdError:
    return DkdError(
        "DKD621",
        where=name,
        problem=f"it ended while starting: {processes.last_words(layout, name)}",
        remedy=f"see dkd logs {name}",
    )


def _late(layout: Layout, lacks: Mapping[str, str], limit_s: float) -> DkdError:
    name, lack = next(iter(lacks.items()))
    said = processes.last_error(layout, name)
    return DkdError(
        "DKD622",
        where=name,
        problem=f"it is not ready after {limit_s:.0f} s: no {lack}{f'; last error: {said}' if said else ''}",
        remedy=f"see dkd logs {name}, then run dkd up again",
    )
