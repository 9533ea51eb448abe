"""Model → what works and is probably not what was meant: personal data kept, measures of nothing, words of SQL."""

from collections.abc import Iterator

from dkd.model.askable import reads
from dkd.model.checks.finding import Finding, places
from dkd.model.columns import PARTY_NUMBER, SESSION_COLUMNS
from dkd.model.enrichers import CATALOGUE
from dkd.model.measures import Measure
from dkd.model.personal import sounds_personal
from dkd.model.schema import Field, Model
from dkd.model.sql_words import RESERVED
from dkd.model.tree import Path

_FILLED = {column: entry.name for entry in CATALOGUE for column in entry.adds}
"""Columns that are null where their enricher is off."""


def advice(model: Model) -> Iterator[Finding]:
    """What a person may want to look at, in no useful order; an address is the path."""
    for path, name, field in places(model):
        yield from _field(path, name, field)
    for group in model.groups.keys() - {group for event in model.events.values() for group in event.use}:
        yield (("groups", group), "DKD281", f"no event uses {group!r}", "use it, or remove it")
    for name, measure in model.measures.items():
        yield from _measure(model, ("measures", name), measure)
    yield from _conversions(model)
    yield from _copies(model)


def _copies(model: Model) -> Iterator[Finding]:
    """Where a target of one's own keeps one copy of each topic."""
    for name, target in model.targets.items():
        own = target.topics.replication if target.topics else None
        if name != "local" and (own or model.topics.replication) == 1:
            at: Path = ("targets", name, "topics", "replication") if own else ("topics", "replication")
            where = f"on {name!r}" if own else "also on targets of your own"
            yield (at, "DKD287", f"every topic has one copy, {where}", "set it to 3, where brokers are")


def _field(path: Path, name: str, field: Field) -> Iterator[Finding]:
    is_address = any(step.source == "ip" for step in field.source or ())
    if field.privacy == "keep" and not field.purpose and (is_address or sounds_personal(name, field.type)):
        problem = f"{name!r} {'holds addresses' if is_address else 'sounds personal'}, and is kept as it is"
        yield (path, "DKD280", problem, "set privacy: pseudonymise, truncate or drop, or say its purpose")
    if name in RESERVED:
        yield (path, "DKD285", f"{name!r} is a word of SQL", f'write "{name}" in SQL, or choose another name')
    folded: dict[str, str] = {}
    for value in field.values:
        other = folded.setdefault(value.lower(), value)
        if other != value:
            problem = f"{value!r} and {other!r} differ by case only"
            yield ((*path, "values"), "DKD286", problem, "keep one of them")


def _measure(model: Model, path: Path, measure: Measure) -> Iterator[Finding]:
    events = _events(model, measure)
    shared = set(model.fields)
    for name in reads(model, measure):
        carried = shared.union(*(model.events[event].fields for event in events))
        if events and name in model.all_fields and name not in carried:
            problem = f"{' and '.join(map(repr, events))} never carr{'ies' if len(events) == 1 else 'y'} {name!r}"
            yield (path, "DKD282", problem, f"give the event the field {name!r}, or count another event")
        enricher = _FILLED.get(name)
        if enricher and getattr(model.enrich, enricher) is None:
            problem = f"{name!r} is null, as the enricher {enricher!r} is off"
            yield (path, "DKD282", problem, f"add {enricher} to enrich")
        olds = {name: model.all_fields.get(name), **({one: model.events[one] for one in events if name == "event"})}
        for what, old in olds.items():
            if old and old.deprecated:
                yield (path, "DKD283", f"{what!r} is deprecated: {old.deprecated}", "count what replaces it")
    if _is_of_sessions(model, measure) and model.enrich.sessions is None:
        yield (path, "DKD282", "there are no sessions, as the enricher 'sessions' is off", "add sessions to enrich")


def _events(model: Model, measure: Measure) -> list[str]:
    """The events that alone are counted; none where it may be any."""
    where = measure.where.get("event")
    named = where if isinstance(where, tuple) else (where,)
    return [name for name in named if isinstance(name, str) and name in model.events]


def _is_of_sessions(model: Model, measure: Measure) -> bool:
    own = {column.name for column in SESSION_COLUMNS} - {"party_id", PARTY_NUMBER, "session_id", *_FILLED}
    named = set(reads(model, measure)) - model.all_fields.keys()
    return measure.count == "sessions" or bool(named & own)


def _conversions(model: Model) -> Iterator[Finding]:
    for seq, conversion in enumerate(model.enrich.timing.conversions):
        event = model.events.get(conversion.event)
        if event and event.deprecated:
            problem = f"{conversion.event!r} is deprecated: {event.deprecated}"
            yield (("enrich", "sessions", "conversions", seq), "DKD283", problem, "count what replaces it")
