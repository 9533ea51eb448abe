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

_COMMANDS = {"collector": "collect", "enricher": "enrich", "explorer": "explore"}
_HEALTH = {
    "collector": ("collector", "/ping"),
    "enricher": ("enricher_admin", "/healthz"),
    "explorer": ("explorer", "/_stcore/health"),
}
"""The port of each service, and what answers there once it works."""


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


def missing(name: str, ports: Ports) -> str:
    """What a service lacks to work; empty when it is ready."""
    port, path = _HEALTH[name]
    return "" if status_of(getattr(ports, port), path) == 200 else f"answer to {path}"
