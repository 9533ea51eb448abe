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

    def of(self, day: int) -> bytes:
        """The secret of *day*, days since 1970; those of other days are destroyed."""
        if day != self._day:
            self._salt = self._shared(day)
            self._day = day
        return self._salt

    def _shared(self, day: int) -> bytes:
        own = secrets.token_bytes(_BYTES)
        if self._folder is None:
            return own
        wanted = self._folder / f"{_NAME}{day}"
        made = self._folder / f"{_NAME}{os.getpid()}.new"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            made.write_bytes(own)
            made.chmod(0o600)
            with suppress(FileExistsError):
                # Whole or not at all, and only for the first of several processes.
                os.link(made, wanted)
            made.unlink()
            for old in self._folder.glob(f"{_NAME}*"):
                if old.name.removeprefix(_NAME).isdigit() and int(old.name.removeprefix(_NAME)) < day:
                    old.unlink(missing_ok=True)
            found = wanted.read_bytes()
        except OSError:
            # A folder that cannot be written: after a restart the day's visitors are other ones, and none is lost.
            return own
        return found if len(found) == _BYTES else own
