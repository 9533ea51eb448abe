"""Model → mistakes that types alone cannot see: names that lead nowhere, contradictions, secrets in clear."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import urlsplit

from dkd.model.columns import EVENT_COLUMNS, RAW_FIELDS, SESSION_COLUMNS, STANDARD_NAMES, event_columns
from dkd.model.enrichers import Sessions
from dkd.model.schema import Field, Measure, Model, Retention, Target
from dkd.model.source import parse_source
from dkd.model.tree import Path
from dkd.model.types import NUMERIC, duration_text

Finding = tuple[Path, str, str, str]
"""Path into the model, code, problem, remedy."""

_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_RAW_NAMES = frozenset(name for field in RAW_FIELDS for name in (field.name, field.column)) | {"__time", "offset"}
_NUMERIC_COLUMNS = frozenset(column.name for column in EVENT_COLUMNS if column.type in ("long", "double"))
_SESSION_NUMBERS = frozenset(column.name for column in SESSION_COLUMNS if column.type in ("long", "double"))


def check(model: Model) -> Iterator[Finding]:
    """Every mistake of *model*, in no useful order; the codes are stable."""
    yield from _fields(model)
    yield from _measures(model)
    yield from _enrichers(model)
    yield from _storage(model)
    yield from _local(model)
    yield from _secrets(model)
    yield from _collector(model)
    yield from _names(model)


def _places(model: Model) -> Iterator[tuple[Path, str, Field]]:
    for name, field in model.fields.items():
        yield ("fields", name), name, field
    for event, body in model.events.items():
        for name, field in body.fields.items():
            yield ("events", event, "fields", name), name, field


def _fields(model: Model) -> Iterator[Finding]:
    first: dict[str, tuple[Path, Field]] = {}
    if not model.events:
        yield (("events",), "DKD213", "the model has no events", "add at least one, such as page_view: {}")
    for path, name, field in _places(model):
        if name in STANDARD_NAMES or name in _RAW_NAMES:
            yield (path, "DKD210", f"{name!r} is a standard column", "choose another name")
        earlier = first.setdefault(name, (path, field))[1]
        if earlier.type != field.type:
            problem = f"{name!r} is {field.type} here and {earlier.type} in {'.'.join(map(str, first[name][0]))}"
            yield ((*path, "type"), "DKD211", problem, "give one name one type, or use two names")
        elif earlier.privacy != field.privacy:
            problem = f"privacy of {name!r} is {field.privacy} here and {earlier.privacy} elsewhere"
            yield ((*path, "privacy"), "DKD211", problem, "one name has one privacy")
        yield from _field(path, name, field)


def _field(path: Path, name: str, field: Field) -> Iterator[Finding]:
    if field.type == "enum" and not field.values:
        yield ((*path, "type"), "DKD212", f"enum {name!r} has no values", "add values: [a, b]")
    if field.values and field.type != "enum":
        yield ((*path, "values"), "DKD212", f"{name!r} has values but is {field.type}", "set type: enum")
    try:
        parse_source(field.source, name)
    except ValueError as error:
        problem, _, remedy = str(error).rpartition(": ")
        yield ((*path, "from"), "DKD218", problem, remedy)
    if field.privacy == "truncate" and field.type != "string":
        yield ((*path, "privacy"), "DKD220", f"only a string can be truncated, {name!r} is {field.type}", "use drop")
    if field.privacy == "drop" and field.required:
        yield ((*path, "required"), "DKD220", f"{name!r} is required and dropped", "remove one of the two")


def _names(model: Model) -> Iterator[Finding]:
    """Names of the past: none is used again, and none is claimed twice."""
    named: list[tuple[Path, str, str | None]] = [(path, name, field.was) for path, name, field in _places(model)]
    named += [(("events", name), name, event.was) for name, event in model.events.items()]
    for path, name, was in named:
        if name in model.reserved:
            yield (path, "DKD224", f"{name!r} is reserved", "choose another name; stored rows hold the old meaning")
        if was is not None and was == name:
            yield ((*path, "was"), "DKD225", f"{name!r} cannot have been itself", "remove was")
        if was is not None and any(was == other and name != one for _, one, other in named):
            yield ((*path, "was"), "DKD225", f"two names were {was!r} before", "keep one of them")


def _measures(model: Model) -> Iterator[Finding]:
    for name, measure in model.measures.items():
        path: Path = ("measures", name)
        kinds = [kind for kind in ("count", "sum", "count_distinct", "ratio") if getattr(measure, kind) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            yield (path, "DKD219", f"a measure has one of count, sum, count_distinct, ratio; found {found}", "keep one")
        yield from _measure(model, path, measure)


def _measure(model: Model, path: Path, measure: Measure) -> Iterator[Finding]:
    fields = model.all_fields
    numbers = {name for name, field in fields.items() if field.type in NUMERIC} | _NUMERIC_COLUMNS | _SESSION_NUMBERS
    known = set(fields) | STANDARD_NAMES | {column.name for column in SESSION_COLUMNS}
    if measure.sum is not None and measure.sum not in numbers:
        if measure.sum in known:
            yield ((*path, "sum"), "DKD214", f"{measure.sum!r} is not a number", "sum a numeric field")
        else:
            yield ((*path, "sum"), "DKD213", *_unknown("field", measure.sum, numbers))
    if measure.count_distinct is not None and measure.count_distinct not in known:
        yield ((*path, "count_distinct"), "DKD213", *_unknown("field", measure.count_distinct, known))
    yield from _together(model, path, measure, known)
    for index, part in enumerate(measure.ratio or ()):
        if part not in model.measures:
            yield ((*path, "ratio", index), "DKD213", *_unknown("measure", part, set(model.measures)))
        elif model.measures[part].ratio is not None:
            yield ((*path, "ratio", index), "DKD219", f"{part!r} is a ratio itself", "divide plain measures")
    for name, value in measure.where.items():
        if name not in known:
            yield ((*path, "where", name), "DKD213", *_unknown("field", name, known))
        if name == "event" and value not in model.events:
            yield ((*path, "where", name), "DKD213", *_unknown("event", str(value), set(model.events)))


def _together(model: Model, path: Path, measure: Measure, known: set[str]) -> Iterator[Finding]:
    """A measure is counted in one datasource, which has to have all that it needs."""
    needs = {*measure.where, *(name for name in (measure.sum, measure.count_distinct) if name is not None)}
    kinds = {
        "events": {column.name for column in event_columns(model)},
        "sessions": {column.name for column in SESSION_COLUMNS},
    }
    asked = kinds if measure.count is None else {measure.count: kinds[measure.count]}
    if needs <= known and not any(needs <= names for names in asked.values()):
        problem = f"{' and '.join(asked)} have not all of {', '.join(sorted(needs))}"
        yield (path, "DKD219", problem, "count what events hold, or what sessions hold")


def _enrichers(model: Model) -> Iterator[Finding]:
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
    for index, conversion in enumerate(sessions.conversions):
        at: Path = (*path, "conversions", index)
        event = model.events.get(conversion.event)
        if event is None:
            yield ((*at, "event"), "DKD213", *_unknown("event", conversion.event, set(model.events)))
            continue
        fields = {**model.fields, **event.fields}
        if conversion.value is not None and conversion.value not in fields:
            yield ((*at, "value"), "DKD213", *_unknown("field", conversion.value, set(fields)))
        elif conversion.value is not None and fields[conversion.value].type not in NUMERIC:
            yield ((*at, "value"), "DKD214", f"{conversion.value!r} is not a number", "name a numeric field")


def _storage(model: Model) -> Iterator[Finding]:
    retention = model.topics.retention
    for kind in Retention.model_fields:
        if not getattr(retention, kind):
            at: Path = ("topics", "retention", kind)
            yield (at, "DKD215", f"{kind} would be deleted at once", "keep it for some days, such as 7d")
    for kind in ("events", "sessions"):
        if not getattr(model.datasources, kind).retention:
            at = ("datasources", kind, "retention")
            yield (at, "DKD215", f"Druid would drop all {kind} at once", "keep them for some days, such as 400d")
    if retention.rejects > retention.raw:
        problem = f"rejects are kept {duration_text(retention.rejects)}, raw only {duration_text(retention.raw)}"
        yield (("topics", "retention", "rejects"), "DKD215", problem, "keep rejects no longer than raw")
    for name, source in (("events", "clean"), ("sessions", "sessions")):
        found = getattr(model.datasources, name).source
        if found is not None and found != source:
            yield (("datasources", name, "from"), "DKD213", f"{name} come from {source}, not {found}", f"use {source}")


def _local(model: Model) -> Iterator[Finding]:
    for name in model.targets.get("local", Target()).model_fields_set:
        at: Path = ("targets", "local", name)
        yield (at, "DKD223", "local is the stack of dkd up, and takes nothing", "give a target of your own this")


def _secrets(model: Model) -> Iterator[Finding]:
    for name, target in model.targets.items():
        for system in ("kafka", "druid"):
            password = getattr(getattr(target, system), "password", None)
            if password is not None and not _SECRET.fullmatch(password):
                path = ("targets", name, system, "password")
                yield (path, "DKD216", "a password stands here in clear", "write ${NAME} and export NAME")
        yield from _addresses(name, target)
    for index, sender in enumerate(model.collector.senders):
        if not _SECRET.fullmatch(sender.key):
            at: Path = ("collector", "senders", index, "key")
            yield (at, "DKD216", "a key stands here in clear", "write ${NAME} and export NAME")


def _addresses(name: str, target: Target) -> Iterator[Finding]:
    urls: dict[Path, str | None] = {
        ("druid", "router"): target.druid.router if target.druid else None,
        ("divolte", "url"): target.divolte.url if target.divolte else None,
        ("collector",): target.collector,
    }
    for path, url in urls.items():
        if url is None or "${" in url:
            continue
        at: Path = ("targets", name, *path)
        if not re.fullmatch(r"https?://[^/\s]+.*", url):
            yield (at, "DKD222", "this is not a URL", "write scheme, host and port, such as https://druid:8888")
        elif "@" in urlsplit(url).netloc:
            yield (at, "DKD216", "user and password stand here in a URL", "use the keys user and password with ${NAME}")
    servers = target.kafka.servers if target.kafka else ""
    if servers and "${" not in servers and not re.fullmatch(r"[^\s:,/@]+:\d+(\s*,\s*[^\s:,/@]+:\d+)*", servers):
        path = ("targets", name, "kafka", "servers")
        yield (path, "DKD222", f"{servers!r} are no servers", "write host:port, more than one with commas between")


def _collector(model: Model) -> Iterator[Finding]:
    for index, origin in enumerate(model.collector.origins):
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            path = ("collector", "origins", index)
            yield (
                path,
                "DKD221",
                f"{origin!r} is not an origin",
                "write scheme and host, such as https://shop.example",
            )


def _unknown(kind: str, name: str, names: set[str] | frozenset[str]) -> tuple[str, str]:
    close = get_close_matches(name, sorted(names), n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(names)[:12]) or 'none'}"
    return f"there is no {kind} {name!r}", remedy
