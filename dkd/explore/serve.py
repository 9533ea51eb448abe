"""The explorer of a model as a server on this machine, in the foreground."""

import os
import secrets
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dkd.errors import DkdError
from dkd.local.crew import crew

HOST = "127.0.0.1"
_SCRIPT = Path(__file__).with_name("app.py")
_WAITING, _OPEN_TRIES = 512, 600

_CONFIG: dict[str, Any] = {
    "server.address": HOST,
    "server.headless": True,
    "server.fileWatcherType": "none",
    # static/ beside the script: what the page loads only when it needs it.
    "server.enableStaticServing": True,
    # Otherwise every bare expression of the script is drawn.
    "runner.magicEnabled": False,
    # A whole collection after each gesture costs more than the gesture, and holds up its answer; Python's own will do.
    "runner.postScriptGC": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": True,
    "logger.level": "warning",
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


def serve(model: Path, target: str, base_port: int, port: int, *, processes: int = 1, opens: bool = False) -> None:
    """Serve until the process is told to end.

    Args:
        model: The model's file; it is read again when it changes.
        target: One of the model's targets.
        base_port: First port of the local stack.
        port: Where to listen, on this machine alone.
        processes: How many share the work; one carries some 25 people who click every five seconds.
        opens: Open a browser once it listens.
    """
    # Each process would make one of its own, and then not know what another one signed.
    os.environ.setdefault("STREAMLIT_SERVER_COOKIE_SECRET", secrets.token_hex(32))
    given = (model.resolve(), target, base_port, port)
    if processes == 1:
        served(*given, opens=opens)
        return
    if opens:
        threading.Thread(target=_open_soon, args=(port,), daemon=True).start()
    crew(processes, served, *given)


def served(model: Path, target: str, base_port: int, port: int, *, opens: bool = False) -> None:
    """Serve in this process, beside others that listen at the same port."""
    import uvicorn
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route
    from streamlit import config as options
    from streamlit.starlette import App

    from dkd.explore.export_route import exported
    from dkd.explore.packed import Packed
    from dkd.explore.parts_route import PLACE, parts
    from dkd.explore.values import values

    @asynccontextmanager
    async def life(_: object) -> AsyncIterator[dict[str, Any]]:
        threading.Thread(target=_warm, args=(model, target, base_port), daemon=True).start()
        if opens:
            webbrowser.open(url(port))
        yield {}

    # The environment is read by Streamlit's own command alone.
    options.get_config_options(force_reparse=True, options_from_flags={**_CONFIG, "server.port": port})
    # What Streamlit hands on to the script.
    sys.argv = [str(_SCRIPT), str(model), target, str(base_port)]
    routes = [Route("/values", values), Route("/export", exported), Route(f"{PLACE}{{name}}", parts)]
    # A name of elsewhere may lead to this machine, too: a page of that name must not read what is answered here.
    here = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
    app = App(_SCRIPT, lifespan=life, routes=routes, middleware=[here, Middleware(Packed)])
    with _listening(port) as listening:
        config = uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listening])


def _listening(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The system spreads connections over all that listen so.
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((HOST, port))
    found.listen(_WAITING)
    return found


def _warm(model: Path, target: str, base_port: int) -> None:
    """Import what the script needs and ask what it opens with, so that the first visitor does not wait for that."""
    from dkd.explore.site import site_of
    from dkd.explore.visit import shown, view_of

    # Whatever is the matter, the page says it.
    with suppress(DkdError):
        site = site_of(model, target, base_port)
        shown(site, view_of(site, None), datetime.now(UTC), lambda: None)


def _open_soon(port: int) -> None:
    """Open a browser once somebody listens."""
    for _ in range(_OPEN_TRIES):
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            webbrowser.open(url(port))
            return
        time.sleep(0.1)
