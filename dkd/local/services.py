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
from dkd.model.digest import digest
from dkd.model.schema import Model
from dkd.settings import Ports

_COMMANDS = {"collector": "collect", "enricher": "enrich", "explorer": "explore"}
_HEALTH = {
    "collector": ("collector", "/ping"),
    "enricher": ("enricher_admin", "/healthz"),
    "explorer": ("explorer", "/_stcore/health"),
}
"""The port of each service, and what answers there once it works."""


def about(path: Path, model: Model) -> str:
    """What a service depends on, as a hash: all that the model says, its place, and dkd itself."""
    return hashlib.sha256(f"{digest(model)} {path.resolve()} {dkd.__version__}".encode()).hexdigest()[:16]


def absent() -> frozenset[str]:
    """Names of the services whose packages are not installed here; the stack does without them."""
    return frozenset() if find_spec("streamlit") else frozenset({"explorer"})


def start(layout: Layout, name: str, path: Path, model: Model, base_port: int) -> None:
    """Start the named service of the *model* at *path* on the stack at *base_port*; the caller holds the lock."""
    # -P: a folder named dkd in the project must not be taken for the program.
    command = [sys.executable, "-P", "-m", "dkd", _COMMANDS[name], str(path.resolve()), "--target", "local"]
    env = {**os.environ, "DKD_BASE_PORT": str(base_port), "PYTHONUNBUFFERED": "1"}
    processes.start(layout, name, command, layout.project, env=env, about=about(path, model))


def missing(name: str, ports: Ports) -> str:
    """What a service lacks to work; empty when it is ready."""
    port, path = _HEALTH[name]
    return "" if status_of(getattr(ports, port), path) == 200 else f"answer to {path}"
