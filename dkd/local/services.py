"""A model becomes dkd's own processes of the stack: collector, enricher and explorer, as detached commands."""

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import dkd
from dkd.local import processes
from dkd.local.layout import Layout
from dkd.local.probe import status_of
from dkd.settings import Ports

_LONG = 100
_COMMANDS = {"collector": "collect", "enricher": "enrich", "explorer": "explore"}
_HEALTH = {"collector": ("collector", "/ping"), "explorer": ("explorer", "/_stcore/health")}
"""The port of each service that listens, and what answers there once it works."""


def about(model: Path) -> str:
    """What a service depends on, as a hash: the model's bytes and place, and dkd itself."""
    digest = hashlib.sha256(model.read_bytes())
    digest.update(f"{model.resolve()} {dkd.__version__}".encode())
    return digest.hexdigest()[:16]


def absent() -> frozenset[str]:
    """Names of the services whose packages are not installed here; the stack does without them."""
    return frozenset() if find_spec("streamlit") else frozenset({"explorer"})


def start(layout: Layout, name: str, model: Path, base_port: int) -> None:
    """Start the named service of *model* on the stack at *base_port*; the caller holds the lock."""
    # -P: a folder named dkd in the project must not be taken for the program.
    command = [sys.executable, "-P", "-m", "dkd", _COMMANDS[name], str(model.resolve()), "--target", "local"]
    env = {**os.environ, "DKD_BASE_PORT": str(base_port), "PYTHONUNBUFFERED": "1"}
    processes.start(layout, name, command, layout.project, env=env, about=about(model))


def missing(name: str, layout: Layout, ports: Ports) -> str:
    """What a service lacks to work; empty when it is ready.

    The enricher listens nowhere: it is ready once its log says so.
    """
    if name in _HEALTH:
        port, path = _HEALTH[name]
        return "" if status_of(getattr(ports, port), path) == 200 else f"answer to {path}"
    lines = processes.tail(layout.log(name), since_start=True)
    # In a log that has grown long the line is out of sight, and the enricher has been at work for long.
    return "" if len(lines) > _LONG or any(line.startswith("enriching ") for line in lines) else "first line in its log"
