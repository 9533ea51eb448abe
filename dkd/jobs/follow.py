"""A web server's log that grows, through every rotation → the events of its new lines, in a running site."""

import json
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from glob import escape
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple

from dkd.collect.weblog import LogShape, log_shape
from dkd.errors import UsageError
from dkd.jobs.lanes import Body, bodies
from dkd.jobs.lines import Format, Line, format_of, parsed_lines
from dkd.jobs.replay import sender_key
from dkd.jobs.send import HttpCollector, Sending, Tally
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.settings import Settings

_LOOK_S = 0.25
_GATHER_S = 1.0
_MOST_WAITING = 5_000
_MOST_REMEMBERED = 100_000
_END_BYTES = 1_000
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".Z"})


class Place(NamedTuple):
    """Where reading goes on: the file's number on its disk, and the bytes of it that were read."""

    inode: int
    offset: int


class Recent(Counter[bytes]):
    """Counts equal lines and forgets the oldest: equal ones are of the same second, and stand close together."""

    def __setitem__(self, key: bytes, count: int) -> None:
        """Count, and forget where there are too many."""
        super().__setitem__(key, count)
        if len(self) > _MOST_REMEMBERED:
            del self[next(iter(self))]


class Growing:
    """The whole lines of a file that another program writes to, renames or cuts off.

    Attributes:
        place: Behind the last line.
        problem: Why the next file cannot be opened, which is tried again; empty where it can.
    """

    def __init__(self, path: Path, start: Place | None) -> None:
        """Read *path* from *start* on, also where it was renamed since; None for from its end."""
        self._path, self._stop = path, threading.Event()
        self._file: BinaryIO | None = None
        self._before = _renamed(path, start) if start else []
        self.place, self.problem = Place(0, 0), ""
        self._open()
        if self._file is not None:
            end = os.fstat(self._file.fileno()).st_size
            is_same = start is not None and start.inode == self.place.inode and start.offset <= end
            # Of a file that is another one now all is new; without a place nothing is.
            offset = start.offset if start and is_same else 0 if start else end
            self._file.seek(offset)
            self.place = Place(self.place.inode, offset)

    def stop(self) -> None:
        """End after what is there."""
        self._stop.set()

    def __iter__(self) -> Iterator[bytes]:
        rest, is_leaving = b"", False
        while True:
            is_last = self._stop.is_set()
            part = self._file.read(1 << 20) if self._file else b""
            if part:
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    self.place = Place(self.place.inode, self.place.offset + len(line) + 1)
                    if line.strip():
                        yield line.rstrip(b"\r")
                continue
            if self._is_renamed() and not is_leaving:
                # Whoever wrote to the file may do so a moment longer.
                is_leaving = True
                self._stop.wait(_LOOK_S)
            elif self._is_replaced():
                is_leaving = False
                if rest.strip():
                    # Nobody will end this line any more.
                    yield rest.rstrip(b"\r")
                rest = b""
                self._go_on()
                if self.problem:
                    if is_last:
                        return
                    self._stop.wait(_LOOK_S)
            elif is_last:
                if self._file is not None:
                    self._file.close()
                return
            else:
                self._stop.wait(_LOOK_S)

    def _is_renamed(self) -> bool:
        """Whether the name leads to another file than that which is read."""
        with suppress(OSError):
            return self._file is not None and self._path.stat().st_ino != self.place.inode
        return False

    def _is_replaced(self) -> bool:
        """Whether the name leads to another file, or to the same one, cut off."""
        if self._before:
            return True
        try:
            about = self._path.stat()
        except OSError:
            return False
        if self._file is None or about.st_ino != self.place.inode:
            return True
        return about.st_size < self._file.tell()

    def _go_on(self) -> None:
        """Open the file that follows; where another program still forbids that, later."""
        if self._file is not None and not self._before:
            # Whoever was held up for long may have missed more than one rotation.
            self._before = _renamed(self._path, self.place)[1:]
        try:
            self._open()
            self.problem = ""
        except OSError as error:
            self.problem = f"{error.filename}: {error.strerror}"

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        while self._before and self._file is None:
            self._open_one(self._before[0])
            del self._before[0]
        if self._file is None:
            self._open_one(self._path)

    def _open_one(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            self._file = path.open("rb")
            self.place = Place(os.fstat(self._file.fileno()).st_ino, 0)


def follow(path: Path, form: Format | None, model: Model, settings: Settings, kept: Path, listener: Listener) -> Tally:
    """Send each new line of *path* to the site's collector, until interrupted.

    Args:
        path: The log; it may be missing between two rotations.
        form: Its format; None to find it out from its first lines.
        model: The site.
        settings: Where it runs.
        kept: Folder that keeps how far it was read, so that the next run goes on there; the first begins at the end.
        listener: Told how far it is.

    Raises:
        UsageError: DKD471, when there is no such file; DKD802, when its format is not known; DKD806 for a target
            without collector or key.
        DkdError: DKD807, when the collector refuses for good.
    """
    key, shape = sender_key(model, settings), log_shape(model, settings.pseudonym_key)
    if not path.is_file():
        raise UsageError(
            "DKD471", where=str(path), problem="there is no such file", remedy="name a log that is written"
        )
    form = form or format_of(_first_lines(path), str(path))
    memory = kept / f"{blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()}.json"
    growing = Growing(path, _remembered(memory, path))
    listener.note(f"following {path} from byte {growing.place.offset:,} on")
    lines = _Lines(growing, form, shape)
    carried = lines.bodies(lambda place: _remember(memory, path, place))
    with Sending(lambda: HttpCollector(settings.collector, key, is_local=settings.is_local), [carried]) as sending:
        try:
            while not sending.done(_LOOK_S):
                total = sending.total
                waits_for = total.waits_for or growing.problem
                waits = f"; waiting: {waits_for}" if waits_for else ""
                listener.progress(f"following: {total.sent:,} lines{waits}")
        except KeyboardInterrupt:
            growing.stop()
            while not sending.done(_LOOK_S) and not sending.total.waits_for:
                pass
        finally:
            growing.stop()
        return sending.total


class _Lines:
    """Lines are read by a thread of their own, for a line that does not come must not hold back those that came."""

    def __init__(self, growing: Growing, form: Format, shape: LogShape) -> None:
        self._growing = growing
        self._found: queue.Queue[tuple[Line, Place] | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._read, args=(form, shape), daemon=True)
        self._thread.start()

    def _read(self, form: Format, shape: LogShape) -> None:
        for line in parsed_lines(iter(self._growing), form, shape, Recent()):
            self._found.put((line, self._growing.place))
        self._found.put(None)

    def bodies(self, delivered: Callable[[Place], None]) -> Iterator[Body]:
        """Requests as lines come; *delivered* is told how far, when the collector has answered for all before."""
        number, ends = 0, False
        run = blake2b(os.urandom(8), digest_size=6).hexdigest()
        while not ends:
            gathered: list[Line] = []
            place: Place | None = None
            until_s = time.monotonic() + _GATHER_S
            while len(gathered) < _MOST_WAITING and (left_s := until_s - time.monotonic()) > 0:
                with suppress(queue.Empty):
                    one = self._found.get(timeout=left_s)
                    if one is None:
                        ends = True
                        break
                    gathered.append(one[0])
                    place = one[1]
            yield from bodies(gathered, f"{run}-{number}")
            number += 1
            if place is not None:
                delivered(place)


def _first_lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [line.rstrip(b"\r\n") for _, line in zip(range(200), file, strict=False) if line.strip()]


def _renamed(path: Path, start: Place) -> list[Path]:
    """What the log *path* was renamed to since it was read up to *start*, oldest first, but for what was packed."""
    if path.is_file() and path.stat().st_ino == start.inode:
        return []
    found = []
    for one in path.parent.glob(f"{escape(path.name)}[.-]*"):
        with suppress(OSError):
            about = one.stat()
            if S_ISREG(about.st_mode) and one.suffix not in _PACKED:
                found.append((about.st_mtime_ns, about.st_ino, about.st_size, one))
    found.sort()
    for at, (_, inode, size, _) in enumerate(found):
        if inode == start.inode and size >= start.offset:
            return [one for *_, one in found[at:]]
    return []


def _remembered(memory: Path, path: Path) -> Place | None:
    try:
        found = json.loads(memory.read_text("utf-8"))
        place, end = Place(int(found["inode"]), int(found["offset"])), found.get("end")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # What was cut off may have grown beyond the place since, and a disk gives a number that is free to the next file.
    return place if end is None or _end(path, place) in (None, end) else Place(0, 0)


def _remember(memory: Path, path: Path, place: Place) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = memory.with_suffix(".new")
    unfinished.write_text(json.dumps({**place._asdict(), "end": _end(path, place)}), "utf-8")
    unfinished.replace(memory)


def _end(path: Path, place: Place) -> str | None:
    """A digest of what stands just before *place*; None where *path* is another file."""
    with suppress(OSError), path.open("rb") as file:
        if os.fstat(file.fileno()).st_ino == place.inode:
            start = max(place.offset - _END_BYTES, 0)
            file.seek(start)
            return blake2b(file.read(place.offset - start), digest_size=8).hexdigest()
    return None
