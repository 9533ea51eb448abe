"""Enrichers' options → those that contradict each other or lead nowhere."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding
from dkd.model.enrichers import Sessions
from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.model.types import NUMERIC, duration_text
from dkd.model.words import unknown


def enrichers(model: Model) -> Iterator[Finding]:
    """Sessions whose limits contradict each other, conversions and a profile's key that lead nowhere."""
    profile = model.enrich.profile
    carried = {"party_id"} | {name for name, field in model.all_fields.items() if field.privacy != "drop"}
    if profile is not None and profile.key not in carried:
        yield (("enrich", "profile", "key"), "DKD213", *unknown("field", profile.key, carried))
    for hint, name in (model.enrich.agent.hints.fields if model.enrich.agent else {}).items():
        path: Path = ("enrich", "agent", "hints", hint)
        field = model.all_fields.get(name)
        if field is None:
            yield (path, "DKD213", *unknown("field", name, set(model.all_fields)))
        elif field.type != "string" or field.privacy == "drop":
            yield (
                path,
                "DKD214",
                f"{name!r} brings no text to the enricher",
                "name a field of type string that is kept",
            )
    sessions = model.enrich.sessions
    if sessions is not None:
        yield from _sessions(model, sessions)


def _sessions(model: Model, sessions: Sessions) -> Iterator[Finding]:
    path: Path = ("enrich", "sessions")
    if sessions.late_after <= sessions.grace:
        problem = f"late_after {duration_text(sessions.late_after)} is not above grace {duration_text(sessions.grace)}"
        yield ((*path, "late_after"), "DKD217", problem, "make late_after the larger of the two")
    if not sessions.gap:
        yield ((*path, "gap"), "DKD217", "a gap of nothing makes every event a session", "use 30m")
    if sessions.max_length <= sessions.gap + sessions.grace:
        # Only then is a session's first event final before its length is.
        problem = f"max_length {duration_text(sessions.max_length)} is not above gap and grace together"
        yield ((*path, "max_length"), "DKD217", problem, "make max_length longer, such as 24h")
    for index, name in enumerate(sessions.split_on.events if sessions.split_on else ()):
        if name not in model.events:
            yield ((*path, "split_on", "events", index), "DKD213", *unknown("event", name, set(model.events)))
    for index, conversion in enumerate(sessions.conversions):
        at: Path = (*path, "conversions", index)
        event = model.events.get(conversion.event)
        if event is None:
            yield ((*at, "event"), "DKD213", *unknown("event", conversion.event, set(model.events)))
            continue
        fields = {**model.fields, **event.fields}
        if conversion.value is not None and conversion.value not in fields:
            yield ((*at, "value"), "DKD213", *unknown("field", conversion.value, set(fields)))
        elif conversion.value is not None and fields[conversion.value].type not in NUMERIC:
            yield ((*at, "value"), "DKD214", f"{conversion.value!r} is not a number", "name a numeric field")
