"""A rendered compose file and a Docker engine become running containers; without an engine, one clear error."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from dkd.errors import DkdError

_LABEL = "com.docker.compose.project"


class Container(NamedTuple):
    """One container: the compose file's name for it, and its state and health in the engine's words."""

    service: str
    state: str
    health: str


def up(compose: Path, name: str) -> None:
    """Start the containers of *compose* as the compose project *name*.

    Raises:
        DkdError: DKD630 without an engine, DKD631 without the compose file or its plugin, DKD632 when compose fails.
    """
    _engine().close()
    _compose(compose, name, "up", "--detach", "--wait")


def down(compose: Path, name: str, *, wipe: bool) -> None:
    """Stop and remove the containers, and their volumes when *wipe* is asked; raises what :func:`up` raises."""
    _engine().close()
    _compose(compose, name, "down", *(["--volumes"] if wipe else []))


def containers(name: str) -> list[Container]:
    """Containers of the compose project *name*, by service; raises DkdError DKD630 without an engine."""
    client = _engine()
    try:
        found = client.containers.list(all=True, filters={"label": f"{_LABEL}={name}"})
        listed = [
            Container(one.labels.get("com.docker.compose.service", one.name), one.status, one.health) for one in found
        ]
    finally:
        client.close()
    return sorted(listed)


def _engine() -> Any:
    import docker
    import requests

    try:
        client = docker.from_env(timeout=10)
        client.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise DkdError(
            "DKD630",
            where="docker",
            problem="no Docker engine answers",
            remedy="start Docker, or leave --runtime docker out: dkd up needs none",
        ) from error
    return client


def _compose(compose: Path, name: str, *words: str) -> None:
    if not compose.is_file():
        raise DkdError("DKD631", where=str(compose), problem="there is no such file", remedy="run dkd render")
    if shutil.which("docker") is None:
        raise DkdError("DKD631", where="docker", problem="there is no docker command", remedy="install docker compose")
    done = subprocess.run(["docker", "compose", "-p", name, "-f", str(compose), *words], check=False)
    if done.returncode:
        raise DkdError(
            "DKD632",
            where=str(compose),
            problem=f"docker compose {words[0]} ended with {done.returncode}",
            remedy="its own lines above say why",
        )
