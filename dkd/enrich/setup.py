"""What a model says of enriching, made ready once, and its enrichers run over columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from dkd.enrich import normalise
from dkd.enrich.agent import add_agent
from dkd.enrich.bots import add_bots
from dkd.enrich.campaign import add_campaign
from dkd.enrich.contexts import Memory, planned
from dkd.enrich.geo import add_geo
from dkd.enrich.given import filled, given_columns
from dkd.enrich.hints import add_hinted_agent
from dkd.enrich.privacy import needs_key, protect
from dkd.enrich.profile import add_profile
from dkd.enrich.referrer import add_referrer
from dkd.enrich.resources import Resources
from dkd.enrich.rules import Rules, rules_of
from dkd.enrich.sessions import add_sessions
from dkd.enrich.splits import require_zone
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
        memory: What enrichers found, kept from batch to batch; it changes no answer.
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
    memory: Memory = field(init=False, repr=False)

    def __post_init__(self) -> None:
        agent = self.model.enrich.agent
        more = {"agent": tuple(dict.fromkeys(agent.hints.fields.values()))} if agent else {}
        object.__setattr__(self, "memory", Memory(planned(tuple(self.clean_schema), more)))


def prepare(model: Model, resources: Resources, pseudonym_key: bytes | None) -> Setup:
    """Everything about *model* that is the same for each batch.

    Raises:
        UsageError: DKD570, when a field is to be a pseudonym and there is no key; DKD709, for an unknown time zone.
    """
    secret = needs_key(model)
    if secret and not pseudonym_key:
        problem = f"field {secret[0]} becomes a pseudonym and there is no key"
        remedy = "set DKD_PSEUDONYM_KEY to a long random text"
        raise UsageError("DKD570", where=model.site, problem=problem, remedy=remedy)
    timing, rules = model.enrich.timing, rules_of(model)
    if rules:
        require_zone(rules.splits, model.site)
    steps = _steps(model, resources)
    return Setup(
        model=model,
        steps=tuple((entry.name, steps.get(entry.name)) for entry in CATALOGUE),
        rules=normalise.checks(model),
        sessions=rules,
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
        if on.agent.hints.fields:
            steps["agent"] = partial(add_hinted_agent, find=resources.agent, fields=on.agent.hints.fields)
    if on.geo and resources.place:
        steps["geo"] = partial(add_geo, find=resources.place, networks=on.geo.networks is not None)
    if on.bots and resources.bots:
        steps["bots"] = partial(add_bots, lists=resources.bots, allow=on.bots.allow)
    if on.profile and resources.profiles is not None:
        steps["profile"] = partial(add_profile, key=on.profile.key, profiles=resources.profiles)
    if on.sessions:
        steps["sessions"] = partial(add_sessions, options=on.sessions)
    return steps


def stepped(events: pl.DataFrame, setup: Setup, entries: Sequence[int] | None = None) -> pl.DataFrame:
    """*events* with the columns of enrichers; given values fill what an enricher did not find.

    Args:
        events: Raw columns, and ``given``.
        setup: Of the site.
        entries: Places in the catalogue of those that are to run, in running order; None for all.
    """
    given, names = given_columns(events["given"]), set[str]()
    for place in range(len(CATALOGUE)) if entries is None else entries:
        entry, (_, step) = CATALOGUE[place], setup.steps[place]
        found = step(events) if step else _nothing(entry.adds, setup, events.height)
        events = events.hstack(filled(found, given))
        names |= {entry.name} if step else set()
    if "referrer" in names:
        arrived = pl.col("referrer_medium").is_null() & pl.col("channel").is_null()
        events = events.with_columns(pl.when(arrived).then(pl.lit("Direct")).otherwise("channel").alias("channel"))
    return events


def _nothing(names: tuple[str, ...], setup: Setup, height: int) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(name, [None], setup.clean_schema[name]).new_from_index(0, height) for name in names])


def cleaned(events: pl.DataFrame, setup: Setup, names: Sequence[str] | None = None) -> pl.DataFrame:
    """The columns *names* of clean events, all of them by default, after privacy."""
    shown = protected(events, setup)
    wanted = setup.clean_schema if names is None else names
    return shown.select(_widened(shown[name], setup.clean_schema[name]) for name in wanted)


def protected(events: pl.DataFrame, setup: Setup) -> pl.DataFrame:
    """*events* after privacy."""
    return events.with_columns(protect(events, setup.model, setup.key).get_columns())


def _widened(values: pl.Series, kind: pl.DataType) -> pl.Series:
    if values.dtype == kind:
        return values
    # 19.99 sent as a float of 32 bits would else become 19.989999771118164.
    return values.cast(pl.String).cast(kind) if values.dtype == pl.Float32 else values.cast(kind)
