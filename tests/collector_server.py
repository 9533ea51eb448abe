"""A collector on a free port, in a thread: the real server, with a sink in memory unless another is given."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dkd.collect.commit import Sink
from dkd.collect.message import Message
from dkd.collect.produce import MemorySink
from dkd.collect.routes import routes
from dkd.collect.server import Server, listening
from dkd.model.schema import Model
from dkd.settings import Settings, settings


@dataclass(frozen=True)
class Running:
    """A collector that listens.

    Attributes:
        port: On 127.0.0.1.
        sink: Where its messages are.
        stop: Stops it as SIGTERM does, and returns when it has stopped.
    """

    port: int
    sink: Sink
    stop: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[Message]:
        assert isinstance(self.sink, MemorySink)
        return self.sink.messages

    def exchange(self, content: bytes, timeout_s: float = 5) -> bytes:
        """Send *content* on one connection and return all that comes back until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as client:
            client.sendall(content)
            found = b""
            while part := client.recv(65536):
                found += part
            return found


@contextmanager
def running(
    model: Model, given: Settings | None = None, make_sink: Callable[[], Sink] = MemorySink, port: int = 0
) -> Iterator[Running]:
    """Run *model*'s collector for the time of the block."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stopped = threading.Event()
    found: list[Running] = []

    async def serve() -> None:
        sink = make_sink()
        server = Server(routes(model, given or settings(model, "local", {})), sink)
        wanted = asyncio.Event()
        listener = listening("127.0.0.1", port)
        await server.start(listener)

        def stop() -> None:
            loop.call_soon_threadsafe(wanted.set)
            stopped.wait(20)

        found.append(Running(listener.getsockname()[1], sink, stop))
        ready.set()
        await wanted.wait()
        await server.stop()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()
            stopped.set()
            ready.set()

    thread = threading.Thread(target=run, name="collector")
    thread.start()
    ready.wait(10)
    try:
        yield found[0]
    finally:
        if not stopped.is_set():
            found[0].stop()
        thread.join(20)
