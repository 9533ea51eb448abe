"""What raw holds of some hours, and other rules of sessions → how many sessions and bounces each would give."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from dkd.collect.events import YEAR_2100_MS
from dkd.enrich.resources import Resources
from dkd.errors import UsageError
from dkd.jobs.backfill_rows import reach_ms
from dkd.jobs.hours import Hours, Kept
from dkd.jobs.offline import Given, enriched, work_of
from dkd.jobs.raw_records import kept_raw
from dkd.local.progress import Listener
from dkd.model.enrichers import Sessions, SplitOn
from dkd.model.schema import Model
from dkd.model.types import duration_text, in_ms, zone_name
from dkd.model.words import unknown
from dkd.settings import Settings
from dkd.stream.profiles import resources_of
from dkd.stream.reader import TopicReader
from dkd.systems.druid.loading import Span

_CAMPAIGN, _MIDNIGHT = "campaign", "midnight"


@dataclass(frozen=True)
class Under:
    """Sessions under one rule.

    Attributes:
        gap: As a duration's text.
        split_on: What parts sessions beside, such as ``campaign+midnight``; empty for nothing.
        is_model: Whether it is the model's own.
        sessions: Those that begin in the interval.
        visitors: Parties with at least one.
        bounce_rate: Share of the sessions; None where there is none, as all that follow.
        conversion_rate: Share of the sessions; None where the model names no conversions, too.
        mean_s: Mean duration in seconds.
        median_s: Median duration in seconds.
    """

    gap: str
    split_on: str
    is_model: bool
    sessions: int
    visitors: int
    bounce_rate: float | None
    conversion_rate: float | None
    mean_s: float | None
    median_s: float | None

    @property
    def per_visitor(self) -> float | None:
        """Sessions of a visitor, on average."""
        return self.sessions / self.visitors if self.visitors else None


class Compared(NamedTuple):
    """The same events under each rule.

    Attributes:
        interval: Where the sessions begin.
        found: In the order asked.
    """

    interval: Span
    found: tuple[Under, ...]


class Asked(NamedTuple):
    """Which gaps and splits, over which newest stretch of the data, and whether automated visitors count.

    A split is ``campaign``, ``midnight`` or the name of an event; several are put together by ``+``. With one, the
    model's own rule comes first, unless gaps are asked too.
    """

    gaps: tuple[timedelta, ...]
    last: timedelta
    with_bots: bool
    splits: tuple[str, ...] = ()
    zone: str = "UTC"

    def models(self, model: Model) -> list[Model]:
        """*model* by each of the rules.

        Raises:
            UsageError: DKD707, for a gap that the model's other limits exclude, an unknown zone, or a site without
                sessions.
        """
        try:
            zone_name(self.zone)
        except ValueError as error:
            problem, _, remedy = str(error).partition("; ")
            raise UsageError("DKD707", where="--zone", problem=problem, remedy=remedy) from error
        gaps = self.gaps or (model.enrich.timing.gap,)
        return [with_gap(model, gap) for gap in gaps] + [with_split(model, one, self.zone) for one in self.splits]


class _Session(msgspec.Struct):
    party_id: str
    start_ms: int
    duration_s: float
    is_bounce: bool
    converted: bool | None = None
    is_bot: bool | None = None


def compared(asked: Asked, model: Model, settings: Settings, schemas: Path, listener: Listener) -> Compared:
    """Read raw once, and make sessions of it under each rule, as if it had come in order; nothing is written.

    Sessions that have not ended count as they are. What retention has deleted of the time before the interval is
    missing, so its first sessions may have begun earlier.

    Raises:
        UsageError: DKD707, for a rule that the model cannot have.
        DkdError: DKD808, DKD820 when Kafka lacks the topic or does not answer.
    """
    models = asked.models(model)
    shared = Shared(settings.pseudonym_key, schemas, resources_of(model, settings.kafka))
    decoder = work_of(model, shared.pseudonym_key, schemas, shared.resources).decoder
    with TopicReader(settings.kafka, model.site) as reader:
        return tried(kept_raw(reader, model, decoder, listener), asked, model, models, shared)


class Shared(NamedTuple):
    """What enriching under each rule has in common."""

    pseudonym_key: bytes | None
    schemas: Path
    resources: Resources


def tried(records: Iterable[Kept], asked: Asked, own: Model, models: Sequence[Model], shared: Shared) -> Compared:
    """Sessions of *records*, in any order, by each of *models*; *own* tells which of their rules is the site's."""
    with tempfile.TemporaryDirectory(prefix="dkd-gaps-") as folder:
        hours, newest_ms = Hours(Path(folder) / "hours"), 0
        for kept in records:
            hours.add(kept)
            newest_ms = max(newest_ms, kept.time_ms if kept.time_ms < YEAR_2100_MS else 0)
        interval, found = Span(newest_ms + 1 - in_ms(asked.last), newest_ms + 1), []
        for model in models:
            rows = _sessions(hours, interval, model, shared)
            found.append(_under(model, own, [row for row in rows if asked.with_bots or not row.is_bot]))
    return Compared(interval, tuple(found))


def with_gap(model: Model, gap: timedelta) -> Model:
    """*model* with another gap.

    Raises:
        UsageError: DKD707.
    """
    options = model.enrich.sessions
    if options is None:
        problem, remedy = "the model makes no sessions", "add sessions to enrich"
        raise UsageError("DKD707", where="--gap", problem=problem, remedy=remedy)
    if not gap or gap + options.grace >= options.max_length:
        most = duration_text(options.max_length)
        problem = f"{duration_text(gap)} and grace are not below max_length, {most}" if gap else "a gap of nothing"
        raise UsageError("DKD707", where="--gap", problem=problem, remedy="name gaps like 5m,15m,30m")
    return _ruled(model, options.model_copy(update={"gap": gap}))


def with_split(model: Model, text: str, zone: str) -> Model:
    """*model* whose sessions are parted by silence and by what *text* names, on the clock of *zone*.

    Raises:
        UsageError: DKD707, where it has no event of that name, or no sessions.
    """
    options = with_gap(model, model.enrich.timing.gap).enrich.timing
    names = text.split("+")
    for name in names:
        if name not in (_CAMPAIGN, _MIDNIGHT, *model.events):
            problem, remedy = unknown("event", name, set(model.events))
            raise UsageError("DKD707", where="--split", problem=problem, remedy=f"{remedy}, or campaign, or midnight")
    split_on = SplitOn(
        campaign=_CAMPAIGN in names,
        midnight=zone if _MIDNIGHT in names else None,
        events=tuple(name for name in names if name not in (_CAMPAIGN, _MIDNIGHT)),
    )
    return _ruled(model, options.model_copy(update={"split_on": split_on}))


def split_text(options: SplitOn | None) -> str:
    """What :func:`with_split` reads."""
    if options is None:
        return ""
    return "+".join((*[_CAMPAIGN] * options.campaign, *[_MIDNIGHT] * (options.midnight is not None), *options.events))


def _ruled(model: Model, sessions: Sessions) -> Model:
    return model.model_copy(update={"enrich": model.enrich.model_copy(update={"sessions": sessions})})


def _sessions(hours: Iterable[Kept], interval: Span, model: Model, shared: Shared) -> Iterator[_Session]:
    """Sessions of *model* that begin in *interval*."""
    work = work_of(model, shared.pseudonym_key, shared.schemas, shared.resources)
    since_ms = interval.start_ms - reach_ms(model)
    given = (Given(kept.key, kept.body, kept.received_ms) for kept in hours if kept.time_ms >= since_ms)
    decode = msgspec.json.Decoder(_Session).decode
    for part in enriched(given, work):
        for row in map(decode, part.sessions):
            if interval.start_ms <= row.start_ms < interval.end_ms:
                yield row


def _under(model: Model, own: Model, rows: Sequence[_Session]) -> Under:
    count, durations = len(rows), [row.duration_s for row in rows]
    has_conversions = bool(model.enrich.timing.conversions)
    return Under(
        gap=duration_text(model.enrich.timing.gap),
        split_on=split_text(model.enrich.timing.split_on),
        is_model=model.enrich.timing == own.enrich.timing,
        sessions=count,
        visitors=len({row.party_id for row in rows}),
        bounce_rate=sum(row.is_bounce for row in rows) / count if count else None,
        conversion_rate=sum(bool(row.converted) for row in rows) / count if count and has_conversions else None,
        mean_s=sum(durations) / count if count else None,
        median_s=median(durations) if count else None,
    )
