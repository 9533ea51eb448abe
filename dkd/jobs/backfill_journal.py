"""What a backfill did so far, in a file that is replaced as one whole: a killed run goes on by it."""

import json
import os
import time
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
        loaded: Kinds whose batch has ended well.
        is_done: Whether all is loaded.
    """

    folder: Path
    received_ms: int = 0
    account: Account | None = None
    attempts: dict[str, int] = field(default_factory=dict)
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
        """A run at its beginning; it keeps the time of one that was stopped, and the count of batches."""
        fresh = Journal(self.folder, self.received_ms, attempts=self.attempts)
        if self.is_done or not self.received_ms:
            fresh = replace(fresh, received_ms=round(time.time() * 1000))
        return fresh._kept()

    def with_account(self, account: Account) -> "Journal":
        """After all rows were made."""
        return replace(self, account=account)._kept()

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
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "folder"}
        told["account"] = asdict(self.account) if self.account else None
        fresh = self.folder / f"{_NAME}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _NAME)
        return self
