"""A day → a secret made by chance, shared by the processes of one collector, and destroyed when the day is over."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

_BYTES = 32
_NAME = "salt-"
DAY_MS = 86_400_000


class Salts:
    """The secret of the present UTC day. Without it nobody can join what was hashed with it, dkd's owner included."""

    def __init__(self, folder: Path | None = None) -> None:
        """Keep the secret in *folder*, so that a restart does not change it; None for memory alone."""
        self._folder = folder
        self._day, self._salt = -1, b""
        self._today = -1

    def of(self, day: int) -> bytes:
        """The secret of *day*, days since 1970; those of other days are destroyed.

        What came before midnight and is hashed only now has the new day's.
        """
        self.forget(day)
        if self._day != self._today:
            self._salt = self._shared(self._today)
            self._day = self._today
        return self._salt

    def forget(self, day: int) -> None:
        """Destroy the secrets of other days than *day*, unless *day* is yesterday: then today's stays."""
        if day in (self._today, self._today - 1):
            return
        self._today, self._salt = day, b""
        if self._folder is not None:
            with suppress(OSError):
                for old in self._folder.glob(f"{_NAME}*"):
                    # Another process may be over midnight already.
                    if not day <= _day_of(old) <= day + 1:
                        old.unlink(missing_ok=True)

    def _shared(self, day: int) -> bytes:
        own = secrets.token_bytes(_BYTES)
        if self._folder is None:
            return own
        wanted = self._folder / f"{_NAME}{day}"
        made = wanted.with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / ".gitignore").write_text("*\n", "utf-8")
            made.touch(0o600, exist_ok=False)
            made.write_bytes(own)
            with suppress(FileExistsError):
                # Whole or not at all, and only for the first of several processes.
                os.link(made, wanted)
            made.unlink()
            found = wanted.read_bytes()
        except OSError:
            # A folder that cannot be written: after a restart the day's visitors are other ones, and none is lost.
            return own
        return found if len(found) == _BYTES else own


def _day_of(path: Path) -> int:
    """The day whose secret *path* holds, also where a crash left it under the name that it had first."""
    text = path.name.removeprefix(_NAME).partition(".")[0]
    return int(text) if text.isdigit() else 0
