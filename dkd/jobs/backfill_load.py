"""The rows of a backfill → Druid, by a batch for each datasource that bears the run's name, watched to its end."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dkd.errors import DkdError, PartlyError, RefusedError
from dkd.jobs.backfill_journal import Journal
from dkd.jobs.backfill_rows import ROWS
from dkd.jobs.site import rows_of
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.systems.druid.batch import folder
from dkd.systems.druid.loading import Batches, Span
from dkd.systems.druid.render import Kind, Spec

if TYPE_CHECKING:
    from dkd.jobs.backfill import Here

INLINE_BYTES = 16 * 1024 * 1024
"""More rows never travel inside a task: Druid keeps its whole text in its metadata store."""

_LOOK_S = 0.5
_VISIBLE_S = 180.0
_AGAIN = "run the same command again: it goes on where it stopped"
Value = TypeVar("Value")


def folder_for(shared: Path | None, own: Path, run: str) -> Path:
    """Where the rows of a run lie."""
    return (shared.resolve() / run if shared else own.resolve()) / "rows"


def require_free(batches: Batches, interval: Span, model: Model, kinds: Sequence[Kind], own: str) -> None:
    """Return when no running task but those named like *own* holds a part of the interval.

    Raises:
        RefusedError: DKD696.
    """
    for kind in kinds:
        name = model.datasource(kind)
        held = [one for one in batches.held(name, but=own) if one.overlaps(interval)]
        if held:
            raise RefusedError(
                "DKD696",
                where=name,
                problem="a running task holds a part of the interval: the live stream, or another batch, writes there",
                remedy="wait until it has handed its rows over, or end the interval before its own",
            )


def stored(druid: Druid, model: Model, kind: Kind, interval: Span) -> int:
    """Rows of the interval that Druid answers with; 0 where it has none of the datasource at all."""
    table = model.datasource(kind)
    if not rows_of(druid, table):
        return 0
    query = (
        f'SELECT COUNT(*) FROM "{table}" WHERE "__time" >= MILLIS_TO_TIMESTAMP({interval.start_ms})'  # noqa: S608
        f' AND "__time" < MILLIS_TO_TIMESTAMP({interval.end_ms})'
    )
    return int(druid.sql(query).value() or 0)


class Load:
    """The batches of one run."""

    def __init__(self, here: "Here", interval: Span, listener: Listener) -> None:
        """Load *interval* of the site of *here*; nothing is sent yet."""
        self._here, self._interval, self._listener = here, interval, listener

    def source(self, rows: Path, kind: Kind, *, has_folder: bool) -> Spec:
        """Where Druid's tasks find the rows: in a folder that they see, or inside the task.

        Raises:
            RefusedError: DKD698, when they see none and the rows are too many.
        """
        if has_folder or self._here.settings.is_local:
            return folder(str(rows / kind), ROWS)
        file = rows / kind / ROWS
        if file.stat().st_size > INLINE_BYTES:
            raise RefusedError(
                "DKD698",
                where=f"target {self._here.settings.target}",
                problem=f"{file.stat().st_size / 1e6:,.0f} MB of {kind} do not fit into a task, which takes 16 MiB",
                remedy="name by --rows a folder on storage that Druid's tasks see under the same path, or load shorter "
                "intervals",
            )
        return {"type": "inline", "data": file.read_text("utf-8")}

    def run(self, batches: Batches, spec: Spec, kind: Kind, count: int, journal: Journal) -> Journal:
        """Load *count* rows by *spec*, or see that it was done."""
        if kind in journal.loaded:
            return journal
        name = f"{journal.folder.name}_{self._here.model.datasource(kind)}_"
        seq = journal.attempts.get(kind, 0)
        found = _resumable(lambda: batches.ended(f"{name}{seq}")) if seq else None
        if not seq or (found and found.state == "FAILED"):
            journal = journal.with_attempt(kind)
            seq, found = seq + 1, None
        task_id = f"{name}{seq}"
        if found is None:
            _resumable(lambda: batches.start(task_id, spec))
        _resumable(lambda: self._watch(batches, task_id, kind, count))
        return journal.with_loaded(kind)

    def visible(self, kind: Kind, count: int, *, is_all: bool) -> int:
        """Rows of the interval, once Druid answers with *count* of them, or with more where others may write there.

        Raises:
            DkdError: DKD699, when it does not.
        """
        until_s = time.monotonic() + _VISIBLE_S
        with closing(Druid(self._here.settings.druid)) as druid:
            while (found := stored(druid, self._here.model, kind, self._interval)) < count or (
                is_all and found > count
            ):
                if time.monotonic() > until_s:
                    raise _miscounted(kind, f"answers with {found:,} rows of the interval, not {count:,}")
                self._listener.progress(f"waiting until Druid answers with the new {kind}")
                time.sleep(_LOOK_S)
        return found

    def _watch(self, batches: Batches, task_id: str, kind: Kind, count: int) -> None:
        began_s = time.monotonic()
        while (ended := batches.ended(task_id)) is None or ended.state == "RUNNING":
            took_s = time.monotonic() - began_s
            self._listener.progress(f"Druid loads {count:,} {kind}, {took_s:.0f} s; interrupted, the batch goes on")
            time.sleep(_LOOK_S)
        if ended.state != "SUCCESS":
            raise PartlyError("DKD706", where=task_id, problem=f"the batch failed: {ended.error[:300]}", remedy=_AGAIN)
        found = batches.loaded(task_id)
        if found is None:
            if count:
                raise _miscounted(kind, f"does not tell what batch {task_id} did")
        elif (found.processed, found.thrown_away, found.unparseable) != (count, 0, 0):
            raise _miscounted(kind, f"says {found.processed:,} processed, {found.thrown_away:,} thrown away and "
                              f"{found.unparseable:,} unparseable of {count:,}")  # fmt: skip


def _resumable(ask: Callable[[], Value]) -> Value:
    try:
        return ask()
    except DkdError as error:
        first = error.problems[0]
        if first.code not in ("DKD703", "DKD704"):
            raise
        raise PartlyError("DKD706", where=first.where, problem=first.problem, remedy=_AGAIN) from error


def _miscounted(kind: Kind, problem: str) -> DkdError:
    return DkdError("DKD699", where=kind, problem=f"Druid {problem}", remedy="see the task in Druid; then load again")
