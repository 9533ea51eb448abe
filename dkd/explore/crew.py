"""Several processes listen at one address, and the system gives each browser's connection to one of them.

A page is one connection for its whole life, and everything that it knows is in its address, so any process will do for
a page that is opened again. Nothing stands between a browser and its process.
"""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType

_LOOK_S = 0.5
_SOON_S = 5.0
_END_S = 10.0


def crew(count: int, work: Callable[..., None], *given: object) -> None:
    """Keep *count* processes at *work* until this one is told to end; one that dies is replaced.

    Args:
        count: How many.
        work: A function of a module, which a new process imports.
        given: Its arguments.
    """
    told = threading.Event()

    def tell(_: int, __: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    # A fork would share what the threads of this process hold.
    spawn = multiprocessing.get_context("spawn")

    def started() -> BaseProcess:
        process = spawn.Process(target=work, args=given, daemon=True)
        process.start()
        return process

    members = [started() for _ in range(count)]
    while not told.wait(_LOOK_S):
        for at, one in enumerate(members):
            if not one.is_alive():
                sys.stderr.write(f"a process of the explorer ended with {one.exitcode} and is replaced\n")
                # One that cannot even start must not be started without pause.
                told.wait(_SOON_S if one.exitcode else 0)
                members[at] = started()
    for one in members:
        one.terminate()
    for one in members:
        one.join(_END_S)
