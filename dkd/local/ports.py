"""Which of the stack's ports are taken, and by whom; the base port that a project has chosen."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from dkd.errors import DkdError
from dkd.local.layout import Layout
from dkd.settings import Ports

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Taken:
    """A port that somebody else listens on; *owner* is for people."""

    name: str
    port: int
    owner: str


def remember(layout: Layout, base_port: int) -> None:
    """Keep the base port, so that every later command finds the stack."""
    layout.ports.write_text(json.dumps({"base_port": base_port}) + "\n", "utf-8")


def remembered(layout: Layout) -> int | None:
    """The base port that this project's stack was started with; None before the first start, or when it is lost."""
    try:
        return int(json.loads(layout.ports.read_text("utf-8"))["base_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def taken(ports: Ports, names: Iterable[str]) -> list[Taken]:
    """Those of the named ports that can't be bound, in the order of *names*."""
    busy = [(name, getattr(ports, name)) for name in names if not _free(getattr(ports, name))]
    owners = _owners({port for _, port in busy}) if busy else {}
    return [Taken(name, port, owners.get(port, "a process of another user")) for name, port in busy]


def require_free(ports: Ports, names: Iterable[str]) -> None:
    """Make sure that the named ports can be bound.

    Raises:
        DkdError: DKD611, with every taken port and its owner.
    """
    busy = taken(ports, names)
    if busy:
        listed = "; ".join(f"{one.port} ({one.name}) by {one.owner}" for one in busy)
        raise DkdError(
            "DKD611",
            where=HOST,
            problem=f"{len(busy)} port{'s are' if len(busy) > 1 else ' is'} taken: {listed}",
            remedy=f"end that process, or choose other ports, say --base-port {next_base(ports)}",
        )


def next_base(ports: Ports) -> int:
    """A base port to propose in place of that of *ports*, below the ephemeral range."""
    last = ports[-1]
    return last + 100 - last % 100 if last < 32_000 else 20_000


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _owners(busy: set[int]) -> dict[int, str]:
    import psutil

    owners: dict[int, str] = {}
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:  # macOS shows other processes' sockets to root only
        listening = []
    for connection in listening:
        port = connection.laddr.port if connection.laddr else None
        if port in busy and connection.pid is not None:
            owners[port] = f"pid {connection.pid}, {_command(connection.pid)}"
    return owners


def _command(pid: int) -> str:
    import psutil

    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return "already gone"
    text = " ".join(words)
    return text if len(text) <= 80 else text[:79] + "…"
