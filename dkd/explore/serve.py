"""The explorer of a model as a server on this machine, in the foreground."""

import socket
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dkd.errors import DkdError

HOST = "127.0.0.1"
_SCRIPT = Path(__file__).with_name("app.py")

_CONFIG: dict[str, Any] = {
    "server.address": HOST,
    "server.headless": True,
    "server.fileWatcherType": "none",
    # static/ beside the script: what the page loads only when it needs it.
    "server.enableStaticServing": True,
    # Otherwise every bare expression of the script is drawn.
    "runner.magicEnabled": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": True,
    "theme.light.primaryColor": "#2456c4",
    "theme.light.textColor": "#1d2433",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f9",
    "theme.dark.primaryColor": "#8ab0ff",
    "theme.dark.textColor": "#e6e9f0",
    "theme.dark.backgroundColor": "#12151c",
    "theme.dark.secondaryBackgroundColor": "#1b202a",
}


def url(port: int) -> str:
    """Where people find it."""
    return f"http://{HOST}:{port}"


def require_free(port: int) -> None:
    """Make sure that the port can be bound.

    Raises:
        DkdError: DKD331, when it is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            problem = f"port {port} is taken"
            raise DkdError("DKD331", where=HOST, problem=problem, remedy="choose another: --port N") from error


def serve(model: Path, target: str, base_port: int, port: int, *, opens: bool = False) -> None:
    """Serve until the process is told to end.

    Args:
        model: The model's file; it is read again when it changes.
        target: One of the model's targets.
        base_port: First port of the local stack.
        port: Where to listen, on this machine alone.
        opens: Open a browser once it listens.
    """
    from starlette.routing import Route
    from streamlit.starlette import App

    from dkd.explore.export_route import exported
    from dkd.explore.values import values

    @asynccontextmanager
    async def life(_: object) -> AsyncIterator[dict[str, Any]]:
        if opens:
            webbrowser.open(url(port))
        yield {}

    # What Streamlit hands on to the script.
    sys.argv = [str(_SCRIPT), str(model.resolve()), target, str(base_port)]
    App(_SCRIPT, lifespan=life, routes=[Route("/values", values), Route("/export", exported)]).run(
        config={**_CONFIG, "server.port": port}
    )
