"""Files of the spool: one that a process writes to, and one that somebody has taken to read what is in it.

A file begins with a magic number, the seed of its checksums and how far it has been replayed; frames follow. Whoever
writes or reads one holds its lock (flock), which the system lets go of when the process dies: another may take it then.
"""

import errno
import fcntl
import mmap
import os
import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dkd.collect.frame import Frame, framed, frames
from dkd.collect.message import Message

SUFFIX, DAMAGED = ".spool", ".damaged"
_MADE = ".new"
_CLOSED = -1
_HEADER = struct.Struct("<8sIIQ")
_MAGIC = b"dkdspool"
_VERSION = 1
_DONE_AT = _HEADER.size - 8
_DONE = struct.Struct("<Q")


class Segment:
    """A file that this process writes to.

    Attributes:
        path: Its name begins with the series it belongs to.
        size_bytes: What is safe of it.
    """

    def __init__(self, path: Path) -> None:
        """Make the file *path*, which must not exist.

        Raises:
            OSError: When that cannot be.
        """
        self.path = path
        self._seed = secrets.randbits(32)
        self._numbers: dict[str, int] = {}
        made = path.with_suffix(_MADE)
        self._file = os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(self._file, _HEADER.pack(_MAGIC, _VERSION, self._seed, 0))
            # It gets its name only now: whoever found it without a lock would take it for a dead process's and, as it
            # is empty, remove it, with all that is written to it afterwards.
            made.rename(path)
            sync_folder(path.parent)
        except OSError:
            made.unlink(missing_ok=True)
            os.close(self._file)
            raise
        self.size_bytes = _HEADER.size

    @property
    def is_empty(self) -> bool:
        """Whether no message is in it."""
        return self.size_bytes == _HEADER.size

    def append(self, messages: Sequence[Message]) -> None:
        """Write *messages* and wait until the disk has them.

        Raises:
            OSError: When it has not; nothing more may be written behind what is there now.
        """
        content = memoryview(framed(messages, self._numbers, self._seed))
        size = len(content)
        while content:
            content = content[os.write(self._file, content) :]
        _sync(self._file)
        if os.fstat(self._file).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "somebody has removed the file", str(self.path))
        self.size_bytes += size

    def close(self) -> None:
        """Let go of the file; an empty one is removed."""
        if self.is_empty:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


class Claimed:
    """A file that is read by this process and no other."""

    def __init__(self, path: Path, file: int) -> None:
        """Read the open *file* at *path*, whose lock is held; use :func:`claimed`."""
        self.path, self._file = path, file
        size = os.fstat(file).st_size
        self._content = mmap.mmap(file, size, prot=mmap.PROT_READ) if size > _HEADER.size else None
        self._is_damaged = False
        self._seed, self._done = 0, _HEADER.size
        if self._content is not None:
            magic, version, self._seed, done = _HEADER.unpack(self._content[: _HEADER.size])
            self._is_damaged = (magic, version) != (_MAGIC, _VERSION)
            self._done = done if _HEADER.size <= done <= size else _HEADER.size

    def batches(self, most: int, first: int) -> Iterator[tuple[list[Message], int]]:
        """The messages that are not done yet, and where each batch ends.

        Args:
            most: Messages in one batch.
            first: Messages in the first batch.
        """
        batch: list[Message] = []
        end, wanted = 0, first
        for frame in self._frames():
            if frame.message is not None and frame.end > self._done:
                batch.append(frame.message)
                end = frame.end
                if len(batch) >= wanted:
                    yield batch, end
                    batch, wanted = [], most
        if batch:
            yield batch, end

    def done(self, end: int) -> None:
        """Note that all before *end* is in Kafka; whoever takes the file after us begins there."""
        self._done = end
        os.pwrite(self._file, _DONE.pack(end), _DONE_AT)

    def finish(self) -> bool:
        """Remove the file, which is in Kafka; False where bytes of it could not be read, and it was set aside."""
        if self._is_damaged:
            self.path.rename(self.path.with_suffix(DAMAGED))
        else:
            self.path.unlink(missing_ok=True)
        self.close()
        return not self._is_damaged

    def close(self) -> None:
        """Let go of the file."""
        if self._content is not None:
            self._content.close()
            self._content = None
        if self._file != _CLOSED:
            os.close(self._file)
            self._file = _CLOSED

    def _frames(self) -> Iterator[Frame]:
        if self._content is None or self._is_damaged:
            return
        # From the start, because topics are named there.
        for frame in frames(self._content, _HEADER.size, self._seed):
            # What is cut off at the end was never acknowledged; what cannot be read before it was.
            self._is_damaged = self._is_damaged or frame.is_after_gap
            yield frame


def tidy(folder: Path) -> None:
    """Remove the files that somebody was making in *folder* when he was killed; nothing is in them."""
    for path in folder.glob(f"*{_MADE}"):
        with suppress(OSError):
            file = os.open(path, os.O_RDWR)
            try:
                # Whoever is alive holds it, or gets it just now and finds then that it has gone.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(file)


def claimed(path: Path) -> Claimed | None:
    """Take the file *path*, unless a living process has it or it is gone."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the two calls another one may have finished it.
        if os.path.samestat(os.fstat(file), path.stat()):
            return Claimed(path, file)
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(file)
        raise
    os.close(file)
    return None


def new_series() -> str:
    """Begins the names of one process's files: they sort by time."""
    return f"{_now_ms():015d}-{secrets.token_hex(4)}"


def next_path(folder: Path, series: str, before: Path | None) -> Path:
    """Where the file of *series* that follows *before* goes; its name ends with the time."""
    begun = max(_now_ms(), begun_ms(before) + 1 if before else 0)
    return folder / f"{series}-{begun:015d}{SUFFIX}"


def series_of(path: Path) -> str:
    """The series that *path* belongs to."""
    return path.stem.rpartition("-")[0]


def begun_ms(path: Path) -> int:
    """When the file at *path* was begun, UTC milliseconds since 1970; 0 where its name does not say."""
    text = path.stem.rpartition("-")[2]
    return int(text) if text.isdigit() else 0


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in *folder*."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# macOS has no fdatasync.
_sync = getattr(os, "fdatasync", os.fsync)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
