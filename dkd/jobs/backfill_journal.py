"""What a backfill did so far, in a file that is replaced as one whole: a killed run goes on by it."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dkd.jobs.backfill_rows import Account

_NAME = "backfill.json"


@dataclass(frozen=True)
class Journal:
    """One run.

    Attributes:
        folder: Where it is kept, with the rejects.
        received_ms: When the run began; its events count as received then.
        account: What became of the lines; None until all rows are made.
        attempts: How often a batch was begun, by kind; a batch that failed is followed by one of another name.
        stored: Rows of the interval by kind, before the first batch; None while none was begun.
        loaded: Kinds whose batch has ended well.
        is_done: Whether all is loaded.
    """

    folder: Path
    received_ms: int = 0
    account: Account | None = None
    attempts: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] | None = None
    loaded: tuple[str, ...] = ()
    is_done: bool = False

    @classmethod
    def of(cls, folder: Path) -> "Journal":
        """The journal in *folder*, or one of a run that has not begun."""
        try:
            kept: dict[str, Any] = json.loads((folder / _NAME).read_text("utf-8"))
        except FileNotFoundError:
            return cls(folder)
        account = kept.pop("account")
        loaded = tuple(kept.pop("loaded"))
        return cls(folder, account=Account(**account) if account else None, loaded=loaded, **kept)

    def begun(self) -> "Journal":
        """Before rows are made: a new run, or one that was stopped, whose rows will be the same once more."""
        if not self.is_done and self.received_ms:
            return self
        return Journal(self.folder, round(time.time() * 1000), attempts=self.attempts)._kept()

    def with_account(self, account: Account) -> "Journal":
        """After all rows were made."""
        return replace(self, account=account)._kept()

    def with_stored(self, stored: Mapping[str, int]) -> "Journal":
        """Before the first batch; a run that was stopped keeps what it found then."""
        return self if self.stored is not None else replace(self, stored=dict(stored))._kept()

    def with_attempt(self, kind: str) -> "Journal":
        """Before one more batch is begun."""
        return replace(self, attempts={**self.attempts, kind: self.attempts.get(kind, 0) + 1})._kept()

    def with_loaded(self, kind: str) -> "Journal":
        """After a batch has ended well."""
        return replace(self, loaded=(*self.loaded, kind))._kept()

    def done(self) -> "Journal":
        """After all is loaded."""
        return replace(self, is_done=True)._kept()

    def _kept(self) -> "Journal":
        self.folder.mkdir(parents=True, exist_ok=True)
        # Rejects beside it hold what browsers sent.
        self.folder.chmod(0o700)
        (self.folder.parent / ".gitignore").write_text("*\n", "utf-8")
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "folder"}
        told["account"] = asdict(self.account) if self.account else None
        fresh = self.folder / f"{_NAME}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _NAME)
        return self
