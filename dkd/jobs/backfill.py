"""Files of events and an interval → Druid's rows of that interval, by the live stream's code and Druid's batches.

Nothing of a live system changes before :func:`carried_out`. A run has a name that its files, interval and model give;
what it did stands in its journal, and its batches bear its name, so that a killed one goes on where it was.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import dkd
from dkd.errors import DkdError, RefusedError, UsageError
from dkd.jobs.backfill_journal import Journal
from dkd.jobs.backfill_load import Load, folder_for, require_free, stored
from dkd.jobs.backfill_rows import Account, Place, Rows, kept_lines, reach_ms
from dkd.jobs.collected import Collector
from dkd.jobs.lines import Format
from dkd.jobs.offline import work_of
from dkd.jobs.raw_records import kept_raw, require_kept
from dkd.local.progress import Listener
from dkd.model.digest import digest
from dkd.model.schema import Model
from dkd.model.types import duration_text, in_ms
from dkd.query.client import Druid
from dkd.settings import Settings
from dkd.stream.profiles import resources_of
from dkd.stream.reader import TopicReader
from dkd.systems.druid.batch import batch_spec, files
from dkd.systems.druid.loading import Batches, Span
from dkd.systems.druid.render import KINDS, Kind


class Wanted(NamedTuple):
    """What is to be loaded, and how.

    Attributes:
        files: Paths; none for what raw holds.
        interval: ``START/END``, UTC, whole segments.
        form: Format of the files; None to find it out.
        replace: Whether what is stored of the interval goes.
        rows: A folder that Druid's tasks see under the same path; None for the project's own, or none at all.
    """

    files: Sequence[str]
    interval: str
    form: Format | None = None
    replace: bool = True
    rows: Path | None = None


class Here(NamedTuple):
    """Where a run works: the project's directory, and its target's model, settings and schemas."""

    project: Path
    model: Model
    settings: Settings
    schemas: Path


class Plan(NamedTuple):
    """What carrying out would do.

    Attributes:
        run: Name of the run.
        wanted: As asked.
        kinds: Datasources that are loaded.
        account: What became of the lines.
        stored: Rows of the interval that each of them has now.
        rejects: File of the rejects.
        is_begun: Whether a run before this one was stopped in the middle.
    """

    run: str
    wanted: Wanted
    kinds: tuple[Kind, ...]
    account: Account
    stored: Mapping[str, int]
    rejects: Path
    is_begun: bool


def planned(wanted: Wanted, here: Here, listener: Listener) -> Plan:
    """Make the rows, in files, and look at what is stored; nothing is loaded.

    Raises:
        UsageError: DKD695 for an interval that is none, or none of whole segments; DKD801, DKD802 for a file.
        RefusedError: DKD696 for an interval that the live stream still writes to, or that Druid drops; DKD697, where
            raw does not go back so far; DKD698, where Druid's tasks could not read the rows; DKD700, where they were
            appended before, or nothing would replace what is stored; DKD809 for a site whose collector is Divolte.
        DkdError: DKD703, DKD704 when Druid does not answer or refuses.
    """
    model, settings = here.model, here.settings
    interval, kinds = _interval(wanted, model), KINDS if model.enrich.sessions else KINDS[:1]
    run = _run(wanted, here)
    journal = Journal.of(here.project / ".dkd" / "backfill" / run)
    if journal.is_done and not wanted.replace:
        remedy = f"delete {journal.folder} to append it once more"
        raise RefusedError("DKD700", where=wanted.interval, problem="it was appended before", remedy=remedy)
    _require_past(interval, wanted, model)
    with Batches(settings.druid) as batches:
        require_free(batches, interval, model, kinds, own=f"{run}_")
    place = Place(folder_for(wanted.rows, journal.folder, run), journal.folder / "rejects.ndjson")
    if journal.is_done or journal.account is None or not place.rows.is_dir():
        journal = _with_rows(wanted, interval, here, place, journal.begun(), listener)
    with closing(Druid(settings.druid)) as druid:
        before = journal.stored or {kind: stored(druid, model, kind, interval) for kind in kinds}
    account = journal.account or Account()
    if not account.closes:
        raise DkdError("DKD699", problem=f"the books do not close: {json.dumps(account.as_dict())}", remedy="report it")
    if wanted.replace and not account.events and before["events"]:
        problem = f"no event is of the interval, and {before['events']:,} stored ones would go"
        raise RefusedError("DKD700", where=wanted.interval, problem=problem, remedy="check files and interval")
    return Plan(run, wanted, kinds, account, before, place.rejects, journal.stored is not None)


def carried_out(plan: Plan, here: Here, listener: Listener) -> dict[Kind, int]:
    """Load the rows and see that Druid took every one of them and answers with them.

    Returns:
        Rows of the interval by datasource, as SQL counts them afterwards.

    Raises:
        RefusedError: DKD696 or DKD698, as :func:`planned`; nothing was loaded then.
        PartlyError: DKD706, when Druid stopped answering or a batch failed; the same command goes on.
        DkdError: DKD699, when Druid counts other rows than were given.
    """
    wanted, model = plan.wanted, here.model
    interval = Span.of(wanted.interval)
    journal = Journal.of(here.project / ".dkd" / "backfill" / plan.run).with_stored(plan.stored)
    rows = folder_for(wanted.rows, journal.folder, plan.run)
    load = Load(here, interval, listener)
    with Batches(here.settings.druid) as batches:
        require_free(batches, interval, model, plan.kinds, own=f"{plan.run}_")
        counts = {"events": plan.account.events, "sessions": plan.account.sessions}
        for kind in plan.kinds:
            if not counts[kind] and not wanted.replace:
                continue
            source = load.source(rows, kind, has_folder=wanted.rows is not None)
            spec = batch_spec(model, kind, source, wanted.interval, replace=wanted.replace)
            journal = load.run(batches, spec, kind, counts[kind], journal)
    kept = dict.fromkeys(plan.kinds, 0) if wanted.replace else plan.stored
    after = {kind: load.visible(kind, kept[kind] + counts[kind], is_all=wanted.replace) for kind in plan.kinds}
    journal.done()
    shutil.rmtree(rows, ignore_errors=True)
    return after


def _with_rows(
    wanted: Wanted, interval: Span, here: Here, place: Place, journal: Journal, listener: Listener
) -> Journal:
    model, settings = here.model, here.settings
    shutil.rmtree(place.rows, ignore_errors=True)
    work = work_of(model, settings.pseudonym_key, here.schemas, resources_of(model, settings.kafka))
    rows = Rows(interval, work, place, listener)
    if wanted.files:
        collector = Collector(model, settings, journal.received_ms)
        account = rows.of_lines(kept_lines(wanted.files, wanted.form, model, settings, listener), collector)
    else:
        with TopicReader(settings.kafka, model.site) as reader:
            require_kept(reader, model, interval.start_ms - reach_ms(model))
            account = rows.of_raw(kept_raw(reader, model, work.decoder, listener))
    shutil.rmtree(place.rows / "hours")
    return journal.with_account(account)


def _interval(wanted: Wanted, model: Model) -> Span:
    """The interval, which must be one of whole segments of every datasource."""
    try:
        for kind in KINDS:
            batch_spec(model, kind, files(()), wanted.interval)
    except DkdError as error:
        first = error.problems[0]
        where = f"--interval {wanted.interval}"
        raise UsageError("DKD695", where=where, problem=first.problem, remedy=first.remedy) from error
    return Span.of(wanted.interval)


def _require_past(interval: Span, wanted: Wanted, model: Model) -> None:
    """Return when the live stream writes nothing more into the interval, and Druid keeps it."""
    timing, now_ms = model.enrich.timing, time.time() * 1000
    settled_ms = now_ms - max(reach_ms(model), in_ms(timing.late_after))
    if interval.end_ms > settled_ms and wanted.replace:
        until_s = (interval.end_ms - settled_ms) / 1000
        raise RefusedError(
            "DKD696",
            where=wanted.interval,
            problem="sessions that began in it may still go on, and the live stream would add to what replaces it",
            remedy=f"end it earlier, or wait {until_s / 3600:.1f} h (max_length, gap and grace)",
        )
    kept = min(getattr(model.datasources, kind).retention for kind in KINDS)
    if interval.start_ms < now_ms - in_ms(kept):
        problem = f"Druid keeps {duration_text(kept)}, and would drop its rows at once"
        raise RefusedError("DKD696", where=wanted.interval, problem=problem, remedy="raise datasources.X.retention")


def _run(wanted: Wanted, here: Here) -> str:
    """The name of the run: the same files, interval, model and version give the same rows."""
    named = []
    for name in wanted.files:
        path = Path(name)
        try:
            found = path.stat()
        except OSError as error:
            remedy = "name files that exist and can be read"
            raise UsageError(
                "DKD801", where=name, problem=f"cannot be read: {error.strerror}", remedy=remedy
            ) from error
        named.append((str(path.resolve()), found.st_size, found.st_mtime_ns))
    told = (
        dkd.__version__,
        digest(here.model),
        here.settings.target,
        wanted.interval,
        wanted.replace,
        wanted.form,
        named,
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
