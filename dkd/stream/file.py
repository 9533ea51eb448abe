"""Topics in a folder: one log for each partition, and one small file that says how much of every log counts.

``<folder>/<topic>/<partition>.log`` holds records one after the other: a head of 20 bytes (:data:`_HEAD`), the key, the
value, and the headers as JSON. ``<folder>/committed.json`` holds the committed length of every log and the positions in
raw. It is replaced in one move, so a process killed anywhere leaves either all of a commit or nothing: what lies behind
a committed length is overwritten by the next commit.
"""

import json
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from dkd.stream.records import Headers, Record
from dkd.stream.source import Limits

_HEAD = struct.Struct("<iiqI")
"""Lengths of key and value (-1: null), time in ms, length of the headers."""


class FileStore:
    """A :class:`dkd.stream.store.Store` in a folder; one process at a time may write to it."""

    def __init__(self, folder: Path, partitions: int = 1) -> None:
        """Open *folder*, or make it.

        Args:
            folder: Where the logs lie.
            partitions: Of each topic; a folder that exists keeps its own number.
        """
        self._folder = folder
        self._committed = folder / "committed.json"
        self._starts: dict[str, list[int]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not self._committed.exists():
            self._keep({"partitions": partitions, "lengths": {}, "positions": {}})
        self._kept: dict[str, Any] = json.loads(self._committed.read_bytes())

    @property
    def partitions(self) -> int:
        """Number of partitions of each topic."""
        return int(self._kept["partitions"])

    def read(self, kind: str, partition: int, start: int, limits: Limits) -> list[tuple[int, Record]]:
        """Committed records from offset *start* on."""
        name = f"{kind}/{partition}"
        starts = self._starts_of(name)
        found: list[tuple[int, Record]] = []
        if start >= len(starts):
            return found
        value_bytes = 0
        with self._log(name).open("rb") as file:
            file.seek(starts[start])
            for offset in range(start, min(len(starts), start + limits.events)):
                if value_bytes >= limits.value_bytes:
                    break
                record = _taken(file)
                value_bytes += len(record.value or b"")
                found.append((offset, record))
        return found

    def positions(self) -> Mapping[int, int]:
        """Committed positions in raw."""
        return {int(partition): position for partition, position in self._kept["positions"].items()}

    def append(self, rows: Mapping[tuple[str, int], Sequence[Record]], positions: Mapping[int, int]) -> None:
        """Add rows and set positions; all of it is on disk when this returns."""
        lengths = dict(self._kept["lengths"])
        for (kind, partition), records in rows.items():
            name = f"{kind}/{partition}"
            lengths[name] = self._write(name, lengths.get(name, 0), b"".join(map(_packed, records)))
        kept = {**self._kept, "lengths": lengths}
        kept["positions"] = {**self._kept["positions"], **{str(one): position for one, position in positions.items()}}
        self._keep(kept)
        self._kept = kept

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _write(self, name: str, length: int, packed: bytes) -> int:
        log = self._log(name)
        log.parent.mkdir(exist_ok=True)
        with log.open("r+b" if log.exists() else "w+b") as file:
            file.seek(length)
            file.truncate()
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        return length + len(packed)

    def _keep(self, kept: Mapping[str, Any]) -> None:
        fresh = self._committed.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._committed)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _starts_of(self, name: str) -> list[int]:
        """Where each committed record of a log begins; what was added since the last call is looked through."""
        starts, length = self._starts.setdefault(name, []), int(self._kept["lengths"].get(name, 0))
        if not length:
            return starts
        with self._log(name).open("rb") as file:
            place = _end(file, starts[-1]) if starts else 0
            while place < length:
                starts.append(place)
                place = _end(file, place)
        return starts


def _end(file: BinaryIO, start: int) -> int:
    file.seek(start)
    key_bytes, value_bytes, _, header_bytes = _HEAD.unpack(file.read(_HEAD.size))
    end: int = start + _HEAD.size + max(key_bytes, 0) + max(value_bytes, 0) + header_bytes
    return end


def _packed(record: Record) -> bytes:
    headers = json.dumps([[name, value.decode("latin-1")] for name, value in record.headers]).encode()
    lengths = (-1 if part is None else len(part) for part in (record.key, record.value))
    head = _HEAD.pack(*lengths, record.timestamp_ms, len(headers))
    return b"".join((head, record.key or b"", record.value or b"", headers))


def _taken(file: BinaryIO) -> Record:
    key_bytes, value_bytes, timestamp_ms, header_bytes = _HEAD.unpack(file.read(_HEAD.size))
    key = None if key_bytes < 0 else file.read(key_bytes)
    value = None if value_bytes < 0 else file.read(value_bytes)
    headers: Headers = tuple((name, text.encode("latin-1")) for name, text in json.loads(file.read(header_bytes)))
    return Record(key, value, timestamp_ms, headers)
