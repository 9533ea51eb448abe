"""The parts' logs become lines: the last ones, and then each as it is written."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

_BLOCK_BYTES = 65_536
_POLL_S = 0.3


def last_lines(log: Path, count: int) -> list[str]:
    """The last *count* lines of a file, without their ends; none when there is no such file."""
    if count <= 0 or not log.is_file():
        return []
    with log.open("rb") as file:
        at = file.seek(0, 2)
        held = b""
        # One line end more than lines: the first piece of a block is the end of a line that began before it.
        while at > 0 and held.count(b"\n") <= count:
            step = min(_BLOCK_BYTES, at)
            at -= step
            file.seek(at)
            held = file.read(step) + held
    return held.decode("utf-8", "replace").splitlines()[-count:]


def follow(logs: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Every line that is added to the files from now on, until the caller stops; files may appear and be set aside."""
    return _lines({log: log.stat().st_size if log.is_file() else 0 for log in logs})


def _lines(ends: dict[Path, int]) -> Iterator[tuple[Path, str]]:
    held = dict.fromkeys(ends, b"")
    while True:
        for log in ends:
            came, ends[log] = _added(log, ends[log])
            *whole, held[log] = (held[log] + came).split(b"\n")
            for line in whole:
                yield log, line.decode("utf-8", "replace")
        time.sleep(_POLL_S)


def _added(log: Path, since: int) -> tuple[bytes, int]:
    try:
        with log.open("rb") as file:
            return _from(file, since)
    except FileNotFoundError:
        return b"", 0


def _from(file: BinaryIO, since: int) -> tuple[bytes, int]:
    size = file.seek(0, 2)
    file.seek(since if size >= since else 0)
    came = file.read(1 << 20)
    return came, file.tell()
