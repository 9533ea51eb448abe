"""Records in any order → the same records in order of event time, through a folder that holds a file for each hour."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_HOUR_MS = 3_600_000
_HELD_BYTES = 32 * 1024 * 1024
_HEAD = struct.Struct("<qq?II")
"""Event time and time of receipt in ms, whether it is a log line, lengths of key and body."""


class Kept(NamedTuple):
    """One record.

    Attributes:
        time_ms: Its event time.
        body: A line of a file, or a value of raw.
        is_log: Whether the line is one of a web server's log, in combined format.
        received_ms: When a record of raw was received.
        key: Of a record of raw.
    """

    time_ms: int
    body: bytes
    is_log: bool = False
    received_ms: int = 0
    key: bytes = b""


class Hours:
    """Records by the hour; memory holds some tens of MB, and one hour while it is read."""

    def __init__(self, folder: Path) -> None:
        """Keep them in *folder*, which is made and must be empty."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._held: dict[int, bytearray] = {}
        self._held_bytes = 0
        self._hours: set[int] = set()

    def add(self, kept: Kept) -> None:
        """Keep one more."""
        hour = kept.time_ms // _HOUR_MS
        self._hours.add(hour)
        head = _HEAD.pack(kept.time_ms, kept.received_ms, kept.is_log, len(kept.key), len(kept.body))
        self._held.setdefault(hour, bytearray()).extend(head + kept.key + kept.body)
        self._held_bytes += _HEAD.size + len(kept.key) + len(kept.body)
        if self._held_bytes > _HELD_BYTES:
            self._write()

    def __iter__(self) -> Iterator[Kept]:
        """All of them by event time; those of one time as they came."""
        self._write()
        for hour in sorted(self._hours):
            with self._file(hour).open("rb") as file:
                yield from sorted(_read(file), key=lambda kept: kept.time_ms)

    def _write(self) -> None:
        for hour, packed in self._held.items():
            with self._file(hour).open("ab") as file:
                file.write(packed)
        self._held, self._held_bytes = {}, 0

    def _file(self, hour: int) -> Path:
        return self._folder / f"{hour}.hour"


def _read(file: BinaryIO) -> Iterator[Kept]:
    while head := file.read(_HEAD.size):
        time_ms, received_ms, is_log, key_bytes, body_bytes = _HEAD.unpack(head)
        key = file.read(key_bytes)
        yield Kept(time_ms, file.read(body_bytes), is_log, received_ms, key)
