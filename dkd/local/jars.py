"""The locks of Kafka's and Druid's jars become files in a store on this machine, each checked against its sha256.

The store is shared by all projects of a user. Files reach it whole: each is fetched into a staging folder, checked and
then moved, so whoever reads the store never sees half a jar.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from dkd.errors import DkdError
from dkd.local.progress import Listener

LOCKS = ("kafka", "druid")
_THREADS = 8
"""Fetching is bound by the processor: 16 threads measured no faster."""
_PAUSES_S = (0.5, 1.0, 2.0)
_BAD_FILES = 2
_SPARE_BYTES = 50_000_000


@dataclass(frozen=True)
class Jar:
    """One file of a lock: Maven's coordinates, and what its bytes must be."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """Coordinates as people write them."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def path(self) -> Path:
        """Place in a store, as Maven lays it out."""
        folder = Path(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"


def parse(lock: str) -> tuple[Jar, ...]:
    """The jars of a lock's text, in its order, which is the order of the class path."""
    jars = []
    for line in lock.splitlines():
        coordinates, sha256, size = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, sha256, int(size)))
    return tuple(jars)


def locked(name: str) -> tuple[Jar, ...]:
    """The jars of ``kafka`` or ``druid``, in the order of the class path."""
    return parse((resources.files("dkd.local") / "runtime" / f"{name}.lock").read_text("utf-8"))


def store_dir() -> Path:
    """Where jars are kept: ``DKD_STORE``, else a folder in the user's cache."""
    asked = os.environ.get("DKD_STORE")
    if asked:
        return Path(asked).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("dkd") / "jars"


def class_path(name: str, store: Path) -> tuple[Path, ...]:
    """Full paths of the jars of ``kafka`` or ``druid`` in *store*, in the lock's order."""
    return tuple(store / jar.path for jar in locked(name))


def fetch(store: Path, listener: Listener, *, offline: bool = False, wanted: Iterable[Jar] | None = None) -> int:
    """Make *store* hold every jar of both locks.

    Args:
        store: Made when absent; one process at a time works in it.
        listener: Told how far it is, and when it waits for another process.
        offline: Never use the network.
        wanted: Other jars than those of the locks.

    Returns:
        How many jars were fetched; 0 when all were there.

    Raises:
        DkdError: DKD601 when a jar can't be fetched, DKD602 when one is missing offline, DKD603 when what came is not
            what the lock says, DKD604 when the disk is too full.
    """
    both = [jar for name in LOCKS for jar in locked(name)] if wanted is None else wanted
    jars = sorted(set(both), key=lambda jar: (-jar.size, jar.name))
    stamp = store / f"{_digest(jars)}.ok"
    if stamp.is_file() and not _missing(store, jars):
        return 0
    with _alone(store, listener):
        if not stamp.is_file():
            _drop_wrong(store, jars, listener)
        missing = _missing(store, jars)
        if missing:
            _fetch_all(store, missing, listener, offline)
        stamp.touch()
    return len(missing)


def _digest(jars: Iterable[Jar]) -> str:
    return hashlib.sha256("".join(f"{jar.name} {jar.sha256}\n" for jar in jars).encode()).hexdigest()


def _missing(store: Path, wanted: Iterable[Jar]) -> list[Jar]:
    return [jar for jar in wanted if _size(store / jar.path) != jar.size]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(store: Path, listener: Listener) -> Iterator[None]:
    from filelock import FileLock, Timeout

    store.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        listener.note(f"another dkd is filling {store}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _drop_wrong(store: Path, wanted: Iterable[Jar], listener: Listener) -> None:
    """Files that are there without a stamp are not trusted before their bytes are read."""
    for jar in wanted:
        path = store / jar.path
        if path.is_file() and (_size(path) != jar.size or _sha256(path) != jar.sha256):
            listener.note(f"{jar.name} in {store} is damaged; fetching it again")
            path.unlink()


def _fetch_all(store: Path, missing: list[Jar], listener: Listener, offline: bool) -> None:
    needed = sum(jar.size for jar in missing)
    if offline:
        raise DkdError(
            "DKD602",
            where=str(store),
            problem=f"{len(missing)} of Kafka's and Druid's jars are not there, the first is {missing[0].name}",
            remedy="run dkd up without --offline once, or point DKD_STORE at a filled store",
        )
    free = shutil.disk_usage(store).free
    if free < needed + _SPARE_BYTES:
        raise DkdError(
            "DKD604",
            where=str(store),
            problem=f"{free / 1e6:.0f} MB of disk are free, Kafka's and Druid's jars need {needed / 1e6:.0f} MB",
            remedy="free some space, or point DKD_STORE at another disk",
        )
    staging = store / ".staging"
    shutil.rmtree(staging, ignore_errors=True)
    count = _Count(missing, listener)
    fetch_one = _fetcher(staging, count)
    _in_threads([partial(_keep, jar, store, fetch_one) for jar in missing], count.show)
    shutil.rmtree(staging, ignore_errors=True)


def _in_threads(tasks: list[Callable[[], None]], show: Callable[[], None]) -> None:
    """Run *tasks*; the first error ends the rest and is raised."""
    pool = ThreadPoolExecutor(_THREADS)
    pending: set[Future[None]] = {pool.submit(task) for task in tasks}
    try:
        while pending:
            done, pending = wait(pending, timeout=0.3, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            show()
    finally:
        pool.shutdown(cancel_futures=True)


class _Count:
    """Bytes that have come so far, over all threads."""

    def __init__(self, jars: list[Jar], listener: Listener) -> None:
        self._files, self._bytes = len(jars), sum(jar.size for jar in jars)
        self._came: dict[str, int] = {}
        self._lock = threading.Lock()
        self._listener = listener

    @contextmanager
    def file(self, name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """The progress hook that jgo calls: one file starts (anew), and tells each piece."""
        self._came[name] = 0

        def came(count: int) -> None:
            with self._lock:
                self._came[name] += count

        yield came

    def show(self) -> None:
        """Tell the listener."""
        with self._lock:
            files, came = len(self._came), sum(self._came.values())
        self._listener.progress(f"jars {files}/{self._files}, {came / 1e6:.1f} of {self._bytes / 1e6:.1f} MB")


def _fetcher(staging: Path, count: _Count) -> Callable[[Jar], Path]:
    """A function that fetches one jar into *staging*, as jgo does; any mirror comes from ``DKD_MAVEN_MIRROR``."""
    from jgo.maven import MavenContext, PythonResolver

    mirror = os.environ.get("DKD_MAVEN_MIRROR")
    remotes = {"mirror": mirror.rstrip("/")} if mirror else None
    context: Any = MavenContext(
        resolver=PythonResolver(progress_callback=count.file),
        repo_cache=staging,
        local_repos=[],
        remote_repos=remotes,
        timeout=30,
    )

    def fetch_one(jar: Jar) -> Path:
        (staging / jar.path).unlink(missing_ok=True)
        return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())

    return fetch_one


def _keep(jar: Jar, store: Path, fetch_one: Callable[[Jar], Path]) -> None:
    """Fetch *jar* until its bytes are right, then move it into *store*."""
    for _ in range(_BAD_FILES):
        came = _patiently(jar, fetch_one)
        if _size(came) == jar.size and _sha256(came) == jar.sha256:
            path = store / jar.path
            path.parent.mkdir(parents=True, exist_ok=True)
            came.replace(path)
            return
    raise DkdError(
        "DKD603",
        where=jar.name,
        problem=f"the file that came is not the one dkd knows (sha256 {jar.sha256[:12]}…)",
        remedy="try again; if it stays, the mirror in DKD_MAVEN_MIRROR or a proxy changes files",
    )


def _patiently(jar: Jar, fetch_one: Callable[[Jar], Path]) -> Path:
    """Fetch with pauses after failures; jgo says RuntimeError for any answer but 200, so a 404 is retried as well."""
    from requests import RequestException

    for pause_s in (*_PAUSES_S, None):
        try:
            return fetch_one(jar)
        except (RequestException, RuntimeError, OSError) as error:
            if pause_s is None:
                raise DkdError(
                    "DKD601",
                    where=jar.name,
                    problem=f"this jar can't be fetched ({type(error).__name__})",
                    remedy="check the network and HTTPS_PROXY, or set DKD_MAVEN_MIRROR to a Maven mirror",
                ) from error
            time.sleep(pause_s)
    raise AssertionError("unreachable")
