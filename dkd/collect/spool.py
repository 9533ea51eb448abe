"""Groups of messages that Kafka does not take → files on this machine's disk, until they can be replayed."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dkd.collect.message import Message
from dkd.collect.segment import (
    SUFFIX,
    Claimed,
    Segment,
    begun_ms,
    claimed,
    new_series,
    next_path,
    series_of,
    sync_folder,
    tidy,
)
from dkd.errors import DkdError

MOST_BYTES = 10 * 1024**3
SEGMENT_BYTES = 64 * 1024**2
_FREE_PART, _AGAIN_PART = 0.1, 0.95
_LOOK_S = 0.25
_FRAME_BYTES = 40
"""More than what a frame adds to key and value of most messages."""


class SpoolFull(OSError):
    """No more may be written."""


class Held(NamedTuple):
    """What stands in the folder.

    Attributes:
        bytes: Of all processes' files, also of those that were set aside.
        oldest_ms: When the oldest file that is to be replayed was begun; None where there is none.
    """

    bytes: int
    oldest_ms: int | None


class Spool:
    """One process's series of files in a folder that several processes may share."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Write to *folder*, which all processes together may fill up to *most_bytes*, and the disk up to nine tenths.

        Raises:
            DkdError: DKD461, when the folder cannot be made or written to.
        """
        self.folder = folder
        self._most_bytes, self._segment_bytes = most_bytes, segment_bytes
        self._series = new_series()
        self._segment: Segment | None = None
        self._last: Path | None = None
        self._looked_s, self._held_bytes, self._has_disk = float("-inf"), 0, True
        self._is_full = self._is_broken = False
        # Files are written by one thread alone, so the loop never waits for the disk.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spool")
        try:
            self._make_folder()
            tidy(folder)
            self._begin().close()
        except OSError as error:
            raise DkdError(
                "DKD461",
                where=str(folder),
                problem=f"the spool cannot be written: {error.strerror or error}",
                remedy="make the folder writable, or choose another --spool",
            ) from error

    def write(self, messages: Sequence[Message]) -> Future[None]:
        """Write *messages*; done when the disk has them, with an OSError when it has not."""
        return self._writer.submit(self._write, messages)

    def has_room(self) -> bool:
        """Whether another group can be written; False too while the disk fails, which is tried again then."""
        was_broken = self._is_broken
        if was_broken:
            self._writer.submit(self._try)
        try:
            return not was_broken and self._has_room(0)
        except OSError:
            return False

    def held(self) -> Held:
        """What stands in the folder now."""
        return held(self.folder)

    def claim(self) -> Claimed | None:
        """The oldest file that no living process holds; ours only when :meth:`seal` has closed it."""
        series: set[str] = set()
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            # A party's events keep their order: no file of a series before the one that comes first.
            if series_of(path) not in series:
                series.add(series_of(path))
                found = claimed(path)
                if found is not None:
                    return found
        return None

    def seal(self) -> None:
        """Close the file that is written to, so that it can be replayed; the next write begins another."""
        self._writer.submit(self._seal).result()

    def close(self) -> None:
        """Finish what is being written and close the file."""
        self.seal()
        self._writer.shutdown()

    def _write(self, messages: Sequence[Message]) -> None:
        size = sum(len(message.value) + _FRAME_BYTES for message in messages)
        self._is_full = not self._has_room(size)
        if self._is_full:
            raise SpoolFull(f"it holds {self._held_bytes:,} bytes")
        try:
            segment = self._segment = self._segment or self._begin()
            segment.append(messages)
        except BaseException:
            self._is_broken = True
            # Behind a group that was written in part, or whose topics were named in part, nothing could be read.
            self._seal()
            raise
        self._is_broken = False
        self._held_bytes += size
        if segment.size_bytes >= self._segment_bytes:
            self._seal()

    def _make_folder(self) -> None:
        new = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        # What browsers sent is for nobody else.
        self.folder.chmod(0o700)
        (self.folder / ".gitignore").write_text("*\n", "utf-8")
        # A file is only as safe as the names of the folders that it is in.
        for path in new:
            sync_folder(path.parent)

    def _try(self) -> None:
        with suppress(OSError):
            self._begin().close()
            self._is_broken = False

    def _begin(self) -> Segment:
        self._last = next_path(self.folder, self._series, self._last)
        return Segment(self._last)

    def _seal(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def _has_room(self, size: int) -> bool:
        now_s = time.monotonic()
        if now_s - self._looked_s > _LOOK_S:
            if not self.folder.exists():
                # Somebody has tidied up.
                self._make_folder()
            disk = shutil.disk_usage(self.folder)
            self._held_bytes, self._looked_s = self.held().bytes, now_s
            self._has_disk = disk.free > _FREE_PART * disk.total
        # Once full it stays so until there is some room, or it would take and refuse in turn.
        most_bytes = self._most_bytes * (_AGAIN_PART if self._is_full else 1)
        return self._has_disk and self._held_bytes + size < most_bytes


def spool_folder(project: Path, site: str) -> Path:
    """Where the collectors of a project keep events that Kafka does not take, unless they are told otherwise."""
    return project / ".dkd" / "spool" / site


def held(folder: Path) -> Held:
    """What stands in the *folder* of a spool now."""
    total, oldest = 0, None
    for path in sorted(folder.glob("*")):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
        if path.suffix == SUFFIX and oldest is None:
            oldest = begun_ms(path)
    return Held(total, oldest)
