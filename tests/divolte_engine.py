"""Divolte 0.9.0's own libraries, asked what they make of rendered files: ``divolte_engine.groovy`` in a JVM."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dkd.local.jars import fetch, parse, store_dir
from dkd.local.java import java
from dkd.local.progress import Silent

HERE = Path(__file__).parent


class Engine:
    """A running engine; one question at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, op: str, **question: Any) -> dict[str, Any]:
        """The answer to one question; its mistakes are the caller's."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **question}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def engine() -> Iterator[Engine]:
    """A JVM with the jars of ``divolte_engine.lock``, which are fetched where the store does not have them."""
    jars = parse((HERE / "divolte_engine.lock").read_text())
    fetch(store_dir(), Silent(), wanted=jars)
    path = os.pathsep.join(str(store_dir() / jar.path) for jar in jars)
    command = [str(java()), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", path]
    script = ["groovy.ui.GroovyMain", str(HERE / "divolte_engine.groovy")]
    with subprocess.Popen(
        command + script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Engine(process)
        finally:
            process.terminate()
