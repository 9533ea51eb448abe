"""Several processes listen at one address, and the system gives each connection to one of them.

Nothing stands between a browser and its process. A page of the explorer is one connection for its whole life, and all
that it knows is in its address, so any process will do for a page that is opened again. Any collector takes any event.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType

_LOOK_S = 0.5
_SOON_S = 5.0
_END_S = 10.0


def crew(
    count: int,
    work: Callable[..., None],
    *given: object,
    name: str = "explorer",
    buried: Callable[[int], None] | None = None,
    end_s: float = _END_S,
) -> None:
    """Keep *count* processes at *work* until this one is told to end; one that dies is replaced.

    Args:
        count: How many.
        work: A function of a module, which a new process imports.
        given: Its arguments.
        name: Of the service, for people.
        buried: Told the process id of each that has died.
        end_s: How long each may take to end when it is told to.
    """
    told = threading.Event()

    def tell(_: int, __: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    # A fork would share what the threads of this process hold.
    spawn = multiprocessing.get_context("spawn")

    def started() -> BaseProcess:
        process = spawn.Process(target=_member, args=(work, *given), daemon=True)
        process.start()
        return process

    members = [started() for _ in range(count)]
    while not told.wait(_LOOK_S):
        for at, one in enumerate(members):
            if not one.is_alive():
                if buried:
                    buried(one.pid or 0)
                sys.stderr.write(f"a process of the {name} ended with {one.exitcode} and is replaced\n")
                # One that cannot even start must not be started without pause.
                told.wait(_SOON_S if one.exitcode else 0)
                members[at] = started()
    for one in members:
        one.terminate()
    for one in members:
        one.join(end_s)


def _member(work: Callable[..., None], *given: object) -> None:
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()
    work(*given)


def _follow_parent() -> None:
    """End as when told to, once the parent was killed: whoever is started in its place needs the address."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
