"""Routes, a sink and an address → a server that runs until it is told to stop, and loses nothing then."""

import asyncio
import errno
import gc
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dkd.collect.admin import admin
from dkd.collect.breaker import Breaker, Durable, Say
from dkd.collect.commit import GroupCommit, Observe, Sink
from dkd.collect.connection import Connection, Shared
from dkd.collect.duplicates import Duplicates
from dkd.collect.metrics import Metrics, State
from dkd.collect.produce import KafkaSink
from dkd.collect.renewal import Current, Opened, Renewal
from dkd.collect.replay import Replay
from dkd.collect.routes import Handle, Kept, routes
from dkd.collect.salt import DAY_MS, Salts
from dkd.collect.spool import MOST_BYTES, Spool
from dkd.collect.unkept import RejectsTopic
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import Settings

Look = Callable[[float, int, Mapping[str, int]], None]

_COLLECT_EVERY = 20_000
_SWEEP_S = 1.0
_QUIET_S = 0.3
"""A client that has got its answer just before sends its next request in less."""
_STOP_S = 6.0
"""Within ten seconds of SIGTERM the process is gone."""


@dataclass(frozen=True)
class Wanted:
    """One collector.

    Attributes:
        model: The site.
        settings: Its target; Kafka need not answer yet.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        processes: How many listen on the same port.
        watched: The model's file, and what reads it again; None where it is not looked at.
        spool: Folder of events that Kafka does not take.
        spool_bytes: How much it may hold.
        stop_delay_s: How long it goes on after SIGTERM, so that whoever sends to it hears that it is not ready.
    """

    model: Model
    settings: Settings
    host: str
    port: int
    spool: Path
    spool_bytes: int = MOST_BYTES
    stop_delay_s: float = 0
    processes: int = 1
    watched: tuple[Path, Callable[[], Opened]] | None = None


def run(wanted: Wanted, say: Say, admin_port: int = 0) -> None:
    """Collect events until SIGTERM or SIGINT.

    Args:
        wanted: What to collect, and where.
        say: Takes one line of text for people.
        admin_port: Where health and metrics are told; 0 for nowhere.

    Raises:
        DkdError: DKD440 or DKD462, when a port cannot be had; DKD461, when the spool cannot be written; DKD463, when
            what the target says of Kafka cannot be.
    """
    metrics = Metrics()
    with ExitStack() as opened:
        listener = opened.enter_context(listening(wanted.host, wanted.port, wanted.processes > 1))
        spool = Spool(wanted.spool, wanted.spool_bytes)
        if admin_port:
            say(f"health and metrics on {opened.enter_context(closing(admin(admin_port, metrics.registry))).url}")
        # What an event needs holds no circles, so to look for them often is time for nothing.
        gc.freeze()
        gc.set_threshold(_COLLECT_EVERY)
        asyncio.run(_run(wanted, listener, spool, metrics, say))


def listening(host: str, port: int, is_shared: bool = False) -> socket.socket:
    """A socket that listens on *host* and *port*; on a free one where *port* is 0.

    With *is_shared* other processes may listen there too, and the system gives each connection to one of them.

    Raises:
        DkdError: DKD440, when the port cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024, reuse_port=is_shared)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise DkdError(
            "DKD440",
            where=f"{host}:{port}",
            problem="the port is taken" if taken else f"cannot listen: {error.strerror or error}",
            remedy="stop what listens there, or choose another --port" if taken else "choose another --host or --port",
        ) from error


async def _run(wanted: Wanted, listener: socket.socket, spool: Spool, metrics: Metrics, say: Say) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    model, kafka = wanted.model, wanted.settings.kafka
    breaker = Breaker(kafka.servers, say)
    rejects = RejectsTopic(model.topic("rejects"), say)
    durable = Durable(KafkaSink(kafka), spool, breaker, rejects, say)
    replay = Replay(spool, breaker, rejects, lambda: KafkaSink(kafka), say)

    salts = Salts(wanted.spool.with_name(f"{wanted.spool.name}.salts"))
    kept = Kept(salts, Duplicates(), wanted.processes, stop.is_set)

    def look(lag_s: float, connections: int, refused: Mapping[str, int]) -> None:
        # At the turn of the day, whether anybody comes then or not.
        salts.forget(int(time.time() * 1_000) // DAY_MS)
        is_ready = durable.is_safe and not stop.is_set()
        counts = durable.spooled, replay.replayed, rejects.unkept
        metrics.looked(State(spool.held(), breaker.is_open, is_ready, lag_s, connections, *counts, refused))

    current = Current(routes(model, wanted.settings, kept))
    server = Server(current, durable, metrics.committed, look)
    await server.start(listener)
    where = f"http://{listener.getsockname()[0]}:{listener.getsockname()[1]}"
    say(f"collecting {model.site} on {where}, into {model.topic('raw')} at {kafka.servers}")
    replay.start()
    following = None
    if wanted.watched:
        renewal = Renewal(current, model, wanted.watched, partial(routes, kept=kept), say)
        following = asyncio.create_task(renewal.follow())
    await stop.wait()
    if following:
        following.cancel()
    say("stopping: finishing what was received")
    server.announce()
    await asyncio.sleep(wanted.stop_delay_s)
    # It uses the spool, which is closed with the server.
    await asyncio.to_thread(replay.stop)
    await server.stop()


class Server:
    """One listening socket and its connections."""

    def __init__(self, handle: Handle, sink: Sink, observe: Observe | None = None, look: Look | None = None) -> None:
        """Answer requests with *handle*; messages go to *sink*. Needs a running event loop.

        Args:
            handle: Makes the answers.
            sink: Where messages go.
            observe: Told of each group.
            look: Told each second how late the loop is, how many connections are open, and how many requests were
                answered with each status of 400 or more.
        """
        self._shared = Shared(handle, GroupCommit(sink, observe=observe))
        self._look = look
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, listener: socket.socket) -> None:
        """Answer on *listener* from now on."""
        self._listener = listener
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=listener)
        self._sweeper = asyncio.create_task(self._sweep())

    def announce(self) -> None:
        """Go on, but end each connection with its next answer, and say that the process is not ready."""
        self._shared.is_stopping = True
        self._tell(0)

    async def stop(self) -> None:
        """Take nothing new, answer what was begun, and wait until all of it is safe or refused."""
        self._shared.is_stopping = True
        await self._close_listener()
        began_s = now_s = time.monotonic()
        while self._shared.open and now_s < began_s + _STOP_S:
            for connection in tuple(self._shared.open):
                # A request that is on its way just now is answered; to close at once would reset its connection.
                if now_s > began_s + _QUIET_S:
                    connection.stop()
                connection.expire(now_s)
            await asyncio.sleep(0.01)
            now_s = time.monotonic()
        await self._shared.commit.close()
        if self._sweeper:
            self._sweeper.cancel()
        for connection in tuple(self._shared.open):
            connection.abort()
        # A connection is gone only on the loop's next turn.
        await asyncio.sleep(0)

    async def _close_listener(self) -> None:
        """Listen no more; who has come already is not sent away."""
        found = []
        self._listener.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                found.append(self._listener.accept()[0])
        self._server.close()
        loop = asyncio.get_running_loop()
        for one in found:
            await loop.connect_accepted_socket(self._connection, one)
        # What asyncio accepted a moment ago is not in the set yet.
        await asyncio.sleep(0.05)

    def _connection(self) -> Connection:
        return Connection(self._shared)

    async def _sweep(self) -> None:
        # One look at all connections each second is cheaper than a timer for each.
        self._tell(0)
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(_SWEEP_S)
            now_s = time.monotonic()
            for connection in tuple(self._shared.open):
                connection.expire(now_s)
            self._tell(now_s - began_s - _SWEEP_S)

    def _tell(self, lag_s: float) -> None:
        if self._look is not None:
            self._look(lag_s, len(self._shared.open), self._shared.refused)
