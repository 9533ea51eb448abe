"""Routes, a sink and an address → a server that runs until it is told to stop, and loses nothing then."""

import asyncio
import errno
import signal
import socket
import time

from dkd.collect.breaker import Breaker, Durable, Say
from dkd.collect.commit import GroupCommit, Sink
from dkd.collect.connection import Connection, Shared
from dkd.collect.produce import KafkaSink
from dkd.collect.replay import Replay
from dkd.collect.routes import Handle, routes
from dkd.collect.spool import Spool
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import Settings

_SWEEP_S = 1.0
_STOP_S = 6.0
"""Within ten seconds of SIGTERM the process is gone."""


def run(model: Model, settings: Settings, listener: socket.socket, spool: Spool, say: Say) -> None:
    """Collect *model*'s events until SIGTERM or SIGINT.

    Args:
        model: The site.
        settings: Its target; Kafka need not answer yet.
        listener: Where requests come.
        spool: Where events go that Kafka does not take.
        say: Takes one line of text for people.
    """
    asyncio.run(_run(model, settings, listener, spool, say))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on *host* and *port*; on a free one where *port* is 0.

    Raises:
        DkdError: DKD440, when the port cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise DkdError(
            "DKD440",
            where=f"{host}:{port}",
            problem="the port is taken" if taken else f"cannot listen: {error.strerror or error}",
            remedy="stop what listens there, or choose another --port" if taken else "choose another --host or --port",
        ) from error


async def _run(model: Model, settings: Settings, listener: socket.socket, spool: Spool, say: Say) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    breaker = Breaker(settings.kafka.servers, say)
    server = Server(routes(model, settings), Durable(KafkaSink(settings.kafka), spool, breaker, say))
    replay = Replay(spool, breaker, lambda: KafkaSink(settings.kafka), say)
    await server.start(listener)
    where = f"http://{listener.getsockname()[0]}:{listener.getsockname()[1]}"
    say(f"collecting {model.site} on {where}, into {model.topic('raw')} at {settings.kafka.servers}")
    replay.start()
    await stop.wait()
    say("stopping: finishing what was received")
    # It uses the spool, which is closed with the server.
    await asyncio.to_thread(replay.stop)
    await server.stop()


class Server:
    """One listening socket and its connections."""

    def __init__(self, handle: Handle, sink: Sink) -> None:
        """Answer requests with *handle*; messages go to *sink*. Needs a running event loop."""
        self._shared = Shared(handle, GroupCommit(sink))
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, listener: socket.socket) -> None:
        """Answer on *listener* from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self._shared), sock=listener)
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Take nothing new, answer what was begun, and wait until all of it is safe or refused."""
        self._shared.is_stopping = True
        self._server.close()
        until = time.monotonic() + _STOP_S
        # What was accepted a moment ago is not in the set yet.
        await asyncio.sleep(0.05)
        while self._shared.open and time.monotonic() < until:
            for connection in tuple(self._shared.open):
                connection.stop()
            await asyncio.sleep(0.01)
        await self._shared.commit.close()
        if self._sweeper:
            self._sweeper.cancel()
        for connection in tuple(self._shared.open):
            connection.abort()
        # A connection is gone only on the loop's next turn.
        await asyncio.sleep(0)

    async def _sweep(self) -> None:
        # One look at all connections each second is cheaper than a timer for each.
        while True:
            await asyncio.sleep(_SWEEP_S)
            now_s = time.monotonic()
            for connection in tuple(self._shared.open):
                connection.expire(now_s)
