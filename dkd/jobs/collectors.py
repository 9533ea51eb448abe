"""A collector as one process, or as several that share its port and nothing else."""

import os
import socket
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from dkd.collect.admin import admin
from dkd.collect.breaker import Say
from dkd.collect.metrics import FOLDER, added_up, buried
from dkd.collect.produce import KafkaSink
from dkd.collect.server import Wanted, listening, run
from dkd.collect.spool import Spool
from dkd.local.crew import crew

_END_S = 10.0


def collect(wanted: Wanted, processes: int, admin_port: int, say: Say) -> None:
    """Collect until SIGTERM or SIGINT.

    Args:
        wanted: What to collect, and where.
        processes: How many share the work; one that dies is replaced.
        admin_port: Where health and metrics of all of them are told; 0 for nowhere.
        say: Takes one line of text for people.

    Raises:
        DkdError: As :func:`dkd.collect.server.run` does.
    """
    if processes == 1:
        run(wanted, say, admin_port)
        return
    # What each of them would say and die of, is said once, and nothing is started.
    Spool(wanted.spool, wanted.spool_bytes).close()
    KafkaSink(wanted.settings.kafka).close()
    with _held(wanted) as held, tempfile.TemporaryDirectory(prefix="dkd-metrics-") as folder:
        # Read by the new processes; this one only adds up.
        os.environ[FOLDER] = folder
        pages = admin(admin_port, added_up(Path(folder))) if admin_port else None
        if pages:
            say(f"health and metrics on {pages.url}")
        shared = replace(wanted, port=held.getsockname()[1], processes=processes)
        forget = partial(buried, folder=Path(folder))
        crew(processes, _member, shared, name="collector", buried=forget, end_s=_END_S + wanted.stop_delay_s)
        if pages:
            pages.close()


def _held(wanted: Wanted) -> socket.socket:
    """The port, bound and not listened on: it stays ours while its processes come and go."""
    # Those who share a port would let a stranger share it too.
    with listening(wanted.host, wanted.port) as alone:
        port = alone.getsockname()[1]
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((wanted.host, port))
    return held


def _member(wanted: Wanted) -> None:
    run(wanted, _say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
