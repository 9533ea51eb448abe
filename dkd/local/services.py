"""A model becomes dkd's own two processes of the stack: the collector and the enricher, as detached commands."""

import hashlib
import os
import sys
from pathlib import Path

import dkd
from dkd.local import processes
from dkd.local.layout import Layout
from dkd.local.probe import status_of
from dkd.settings import Ports

_COMMANDS = {"collector": "collect", "enricher": "enrich"}


def about(model: Path) -> str:
    """What a service depends on, as a hash: the model's bytes and place, and dkd itself."""
    digest = hashlib.sha256(model.read_bytes())
    digest.update(f"{model.resolve()} {dkd.__version__}".encode())
    return digest.hexdigest()[:16]


def start(layout: Layout, name: str, model: Path, base_port: int) -> None:
    """Start the collector or the enricher of *model* on the stack at *base_port*; the caller holds the lock."""
    # -P: a folder named dkd in the project must not be taken for the program.
    command = [sys.executable, "-P", "-m", "dkd", _COMMANDS[name], str(model.resolve()), "--target", "local"]
    env = {**os.environ, "DKD_BASE_PORT": str(base_port), "PYTHONUNBUFFERED": "1"}
    processes.start(layout, name, command, layout.project, env=env, about=about(model))


def missing(name: str, ports: Ports) -> str:
    """What the collector or the enricher lacks to work; empty when it is ready."""
    if name == "collector":
        return "" if status_of(ports.collector, "/ping") == 200 else "answer to /ping"
    return "" if status_of(ports.enricher_admin, "/healthz") == 200 else "answer to /healthz"
