"""A project's directory becomes the places of its local stack: everything under ``.dkd/``, nothing elsewhere."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dkd.errors import RefusedError

_ROTATE_BYTES = 20_000_000


@dataclass(frozen=True)
class Layout:
    """Places of one project's stack; *project* is an absolute path."""

    project: Path

    @classmethod
    def of(cls, project: Path) -> "Layout":
        """The layout of *project*, wherever the process stands."""
        return cls(project.absolute())

    @property
    def root(self) -> Path:
        """The folder that holds all the rest."""
        return self.project / ".dkd"

    @property
    def conf(self) -> Path:
        """Configuration of the two JVMs, written anew at each start."""
        return self.root / "conf"

    @property
    def data(self) -> Path:
        """What Kafka and Druid keep."""
        return self.root / "data"

    @property
    def temporary(self) -> Path:
        """Scratch of the JVMs."""
        return self.root / "tmp"

    @property
    def zookeeper(self) -> Path:
        """ZooKeeper's nodes; nothing lasting."""
        return self.root / "zk"

    @property
    def state(self) -> Path:
        """Which processes were started."""
        return self.root / "state.json"

    @property
    def ports(self) -> Path:
        """The chosen base port."""
        return self.root / "ports.json"

    @property
    def logs(self) -> Path:
        """Folder of the parts' logs."""
        return self.root / "log"

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"

    def prepare(self) -> None:
        """Make the folders, keep them out of git, and make the key of pseudonyms when there is none."""
        for folder in (self.conf, self.data, self.temporary, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        # Kafka's files hold what the browsers sent.
        self.root.chmod(0o700)
        (self.root / ".gitignore").write_text("*\n", "utf-8")
        key = self.root / "pseudonym.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_hex(32) + "\n", "utf-8")

    def rotate(self, part: str) -> None:
        """Set a part's log aside when it is long; one old log is kept."""
        log = self.log(part)
        if log.is_file() and log.stat().st_size > _ROTATE_BYTES:
            log.replace(log.with_suffix(".log.1"))

    def wipe(self) -> None:
        """Delete all that Kafka and Druid keep; the caller has stopped them."""
        for folder in (self.data, self.zookeeper, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the project's lock: one ``up`` or ``down`` at a time.

        Raises:
            RefusedError: DKD610, when another process holds it.
        """
        from filelock import FileLock, Timeout

        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / "lock")
        try:
            lock.acquire(timeout=1)
        except Timeout as error:
            raise RefusedError(
                "DKD610",
                where=str(self.root / "lock"),
                problem="another dkd is starting or stopping this stack",
                remedy="wait until it is done",
            ) from error
        try:
            yield
        finally:
            lock.release()
