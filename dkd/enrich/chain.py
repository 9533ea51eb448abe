"""One batch of raw records of one partition becomes clean events, finished sessions, rejects, and a change of state.

For the loop that calls this::

    setup = prepare(model, open_resources(model), pseudonym_key)     # once; dkd.enrich.resources opens the files
    state = State()                                                   # or State.restored(...)
    outcome = enrich(raw, state, setup)                               # pure: raw and state stay as they are
    values = encode(outcome.clean)                                    # dkd.enrich.encode; key is clean["party_id"]
    rows = outcome.finished                                           # of sessions that ended: offsets, keys, JSON
    state = state.applied(outcome.delta)                              # cheap; shares what did not change

*raw* holds the records of ONE partition in offset order: ``offset`` (Int64) and any of the columns of
``setup.raw_schema`` (``RAW_FIELDS`` by their standard column names, then the model's fields). Columns that are missing
count as null and ones that are not known are ignored, so records of an older schema need no special care;
``pl.concat(frames, how="diagonal_relaxed").sort("offset")`` unites frames of several schemas.

Records that could not be decoded never come here: count them with ``outcome.delta.with_rejects(n)``.

A delta to be stored holds ``delta.seen`` and ``delta.sessions.changed``, beside the new state's ``watermark_ms``,
``seq`` and ``books`` (cumulative); a bucket holds ``state.bucket(index, count, forget_before_ms)`` in the same form.

Nothing here depends on how a stream is cut into batches: clean, sessions and rejects are byte for byte the same, and so
is the state but for ``seq``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich import dedup, normalise
from dkd.enrich.agent import add_agent
from dkd.enrich.bots import add_bots
from dkd.enrich.campaign import add_campaign
from dkd.enrich.finished import Finished
from dkd.enrich.geo import add_geo
from dkd.enrich.given import filled, given_columns
from dkd.enrich.opened import SessionsDelta
from dkd.enrich.placing import Marks
from dkd.enrich.privacy import needs_key, protect
from dkd.enrich.profile import add_profile
from dkd.enrich.referrer import add_referrer
from dkd.enrich.resources import Resources
from dkd.enrich.rules import Rules, rules_of
from dkd.enrich.sessions import Arrived, Sessionized, add_sessions, sessionized
from dkd.enrich.state import Books, State, StateDelta
from dkd.enrich.url import add_url, routes_of
from dkd.errors import UsageError
from dkd.model.columns import event_columns
from dkd.model.enrichers import CATALOGUE
from dkd.model.schema import Model
from dkd.model.types import in_ms

Step = Callable[[pl.DataFrame], pl.DataFrame]
"""One enricher: a batch to the columns that it adds, in the batch's order."""

_CLEAN_TYPE: dict[str, pl.DataType] = {
    "string": pl.String(), "long": pl.Int64(), "double": pl.Float64(), "boolean": pl.Boolean(),
    "list": pl.List(pl.String()),
}  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """What enriching needs beside batch and state; made once by :func:`prepare`.

    Attributes:
        model: The site.
        steps: Name and function of each entry of the catalogue, in running order; None for one that is off.
        rules: What an event must fulfil.
        sessions: What joins events to sessions; None where the model has no sessions.
        raw_schema: Columns that a raw batch may have, with their types.
        clean_schema: Columns of clean events, in order, with their types.
        grace_ms: How far behind the watermark an event is not yet late.
        late_after_ms: How far behind the watermark an event is refused; the horizon of dedup.
        key: Secret of pseudonyms.
    """

    model: Model
    steps: tuple[tuple[str, Step | None], ...]
    rules: tuple[normalise.Check, ...]
    sessions: Rules | None
    raw_schema: normalise.Schema
    clean_schema: normalise.Schema
    grace_ms: int
    late_after_ms: int
    key: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of one batch.

    Attributes:
        clean: Clean events in offset order, columns as ``event_columns(model)``.
        finished: Rows of the sessions that ended, in the order of their topic.
        rejects: ``offset``, ``code``, ``reason``, ``stage``, ``problem``, ``remedy`` of each record refused, by offset.
        delta: Change of the partition's state.
    """

    clean: pl.DataFrame
    finished: Finished
    rejects: pl.DataFrame
    delta: StateDelta


def prepare(model: Model, resources: Resources, pseudonym_key: bytes | None) -> Setup:
    """Everything about *model* that is the same for each batch.

    Raises:
        UsageError: DKD570, when a field is to be a pseudonym and there is no key.
    """
    secret = needs_key(model)
    if secret and not pseudonym_key:
        problem = f"field {secret[0]} becomes a pseudonym and there is no key"
        remedy = "set DKD_PSEUDONYM_KEY to a long random text"
        raise UsageError("DKD570", where=model.site, problem=problem, remedy=remedy)
    timing = model.enrich.timing
    steps = _steps(model, resources)
    return Setup(
        model=model,
        steps=tuple((entry.name, steps.get(entry.name)) for entry in CATALOGUE),
        rules=normalise.checks(model),
        sessions=rules_of(model),
        raw_schema=normalise.raw_schema(model),
        clean_schema={column.name: _CLEAN_TYPE[column.type] for column in event_columns(model)},
        grace_ms=in_ms(timing.grace),
        late_after_ms=in_ms(timing.late_after),
        key=pseudonym_key,
    )


def _steps(model: Model, resources: Resources) -> dict[str, Step]:
    on = model.enrich
    steps: dict[str, Step] = {}
    if on.url:
        steps["url"] = partial(
            add_url, routes=routes_of(on.url.routes) if on.url.routes else None, search=on.url.search
        )
    if on.campaign:
        steps["campaign"] = partial(add_campaign, click_ids=on.campaign.click_ids)
    if on.referrer and resources.sites:
        steps["referrer"] = partial(
            add_referrer, sites=resources.sites, own_domain=model.collector.cookie_domain, term=on.referrer.term
        )
    if on.agent and resources.agent:
        steps["agent"] = partial(add_agent, find=resources.agent)
    if on.geo and resources.place:
        steps["geo"] = partial(add_geo, find=resources.place, networks=on.geo.networks is not None)
    if on.bots and resources.bots:
        steps["bots"] = partial(add_bots, match=resources.bots, allow=on.bots.allow)
    if on.profile and resources.profiles is not None:
        steps["profile"] = partial(add_profile, key=on.profile.key, table=resources.profiles)
    if on.sessions:
        steps["sessions"] = partial(add_sessions, options=on.sessions)
    return steps


def enrich(raw: pl.DataFrame, state: State, setup: Setup, ticks: Sequence[tuple[int, int]] = ()) -> Outcome:
    """Clean events, finished sessions, rejects and the change of state for the next records of one partition.

    Args:
        raw: ``offset`` and columns of ``setup.raw_schema``, in offset order; see the module's text.
        state: After all records before these.
        setup: Of :func:`prepare`.
        ticks: Offset and event time of each tick among the records, by offset.
    """
    events, invalid = normalise.normalised(raw, setup.model, setup.raw_schema, setup.rules)
    placed = _placed(events, state, setup, ticks)
    unseen = placed.events.filter(pl.Series(placed.is_fresh))
    enriched = _with_steps(unseen, setup)
    kept = _without_bots(enriched, setup.model)
    found = _with_sessions(kept, placed.marks, state, setup)
    rejects = pl.concat((invalid, placed.rejects)).sort("offset")
    books = Books(
        consumed=raw.height,
        clean=found.clean.height,
        dropped_bots=enriched.height - found.clean.height,
        duplicates=placed.events.height - unseen.height,
        rejects=rejects.height,
        late=int(found.clean["is_late"].sum()),
        sessions=len(found.finished),
    )
    delta = StateDelta(placed.watermark_ms, books, placed.seen, placed.forget_before_ms, found.delta)
    return Outcome(found.clean, found.finished, rejects, delta)


@dataclass(frozen=True)
class _Placed:
    """Events by watermark and memory: *events* are those not refused as late, *is_fresh* marks the unseen of them.

    Their columns ``?watermark`` and ``?tie`` hold the watermark when each came and the hash of its id.
    """

    events: pl.DataFrame
    is_fresh: NDArray[np.bool_]
    marks: Marks
    rejects: pl.DataFrame
    seen: dedup.Entries
    watermark_ms: int | None
    forget_before_ms: int


def _placed(events: pl.DataFrame, state: State, setup: Setup, ticks: Sequence[tuple[int, int]]) -> _Placed:
    times = events["timestamp_ms"].to_numpy()
    before = dedup.NEVER if state.watermark_ms is None else state.watermark_ms
    marks, watermarks = _marks(events["offset"].to_numpy(), times, ticks, before)
    behind = watermarks - times
    after = max(marks.last_ms, before)
    events = events.with_columns(
        pl.Series("is_late", behind > setup.grace_ms), pl.Series("?watermark", watermarks, pl.Int64)
    )
    in_time = behind <= setup.late_after_ms
    rejects = _late_rejects(events.filter(pl.Series(~in_time)), behind[~in_time])
    if len(rejects):
        events, times, watermarks = events.filter(pl.Series(in_time)), times[in_time], watermarks[in_time]
    keys = dedup.keys_of(events["party_id"], events["event_id"])
    is_fresh = dedup.fresh(keys, times, watermarks, state.seen, setup.late_after_ms)
    remembered = is_fresh & (keys != 0)
    return _Placed(
        events=events.with_columns(pl.Series("?tie", keys, pl.UInt64)),
        is_fresh=is_fresh,
        marks=marks,
        rejects=rejects,
        seen=dedup.Entries.of(keys[remembered], times[remembered]),
        watermark_ms=None if after == dedup.NEVER else after,
        forget_before_ms=after - setup.late_after_ms,
    )


def _marks(
    offsets: NDArray[np.int64], times: dedup.Times, ticks: Sequence[tuple[int, int]], before_ms: int
) -> tuple[Marks, dedup.Times]:
    """The watermark after each event and tick, and after each event alone."""
    count, passed = len(times), np.array(ticks, np.int64).reshape(-1, 2)
    offsets, times = np.append(offsets, passed[:, 0]), np.append(times, passed[:, 1])
    order = np.argsort(offsets, kind="stable")
    watermarks = np.empty(len(order), np.int64)
    watermarks[order] = np.maximum(np.maximum.accumulate(times[order]), before_ms)
    return Marks(offsets[order], watermarks[order]), watermarks[:count]


def _with_sessions(events: pl.DataFrame, marks: Marks, state: State, setup: Setup) -> Sessionized:
    clean = _clean(events, setup)
    if setup.sessions is None or not len(marks.offsets):
        return Sessionized(clean, Finished.none(), SessionsDelta.none())
    columns = (events[name].to_numpy() for name in ("offset", "?watermark", "?tie"))
    return sessionized(Arrived(clean, *columns), marks, state.sessions, setup.sessions)


def _late_rejects(events: pl.DataFrame, behind_ms: NDArray[np.int64]) -> pl.DataFrame:
    """A reject for each event that is further behind the watermark than the model allows."""
    return events.select(
        "offset",
        pl.lit("DKD555").alias("code"),
        pl.lit("late").alias("reason"),
        pl.lit("late").alias("stage"),
        pl.format("the event is {} ms behind its partition's watermark", pl.Series(behind_ms, dtype=pl.Int64)).alias(
            "problem"
        ),
        pl.lit("load history with dkd backfill, or raise late_after").alias("remedy"),
    )


def _with_steps(events: pl.DataFrame, setup: Setup) -> pl.DataFrame:
    """*events* with the columns of every enricher; given values fill what an enricher did not find."""
    given = given_columns(events["given"])
    for entry, (_, step) in zip(CATALOGUE, setup.steps, strict=True):
        found = step(events) if step else _nothing(entry.adds, setup, events.height)
        events = events.hstack(filled(found, given))
    if "referrer" in (name for name, step in setup.steps if step):
        arrived = pl.col("referrer_medium").is_null() & pl.col("channel").is_null()
        events = events.with_columns(pl.when(arrived).then(pl.lit("Direct")).otherwise("channel").alias("channel"))
    return events


def _nothing(names: tuple[str, ...], setup: Setup, height: int) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(name, [None], setup.clean_schema[name]).new_from_index(0, height) for name in names])


def _without_bots(events: pl.DataFrame, model: Model) -> pl.DataFrame:
    if model.enrich.bots is None or model.enrich.bots.action == "flag":
        return events
    return events.filter(~pl.col("is_bot"))


def _clean(events: pl.DataFrame, setup: Setup) -> pl.DataFrame:
    """The columns of clean events, after privacy; times in the order of the partition."""
    protected = events.with_columns(protect(events, setup.model, setup.key).get_columns())
    return protected.select(_widened(protected[name], kind) for name, kind in setup.clean_schema.items())


def _widened(values: pl.Series, kind: pl.DataType) -> pl.Series:
    if values.dtype == kind:
        return values
    # 19.99 sent as a float of 32 bits would else become 19.989999771118164.
    return values.cast(pl.String).cast(kind) if values.dtype == pl.Float32 else values.cast(kind)
