"""The draft of a model → its YAML, with comments that say what is a guess."""

from collections.abc import Iterator

from dkd.jobs.adopted import Draft, NewField, NewMeasure
from dkd.systems.flow import flow


def model_text(draft: Draft, files: list[str]) -> str:
    """The YAML of a draft.

    Args:
        draft: The model.
        files: Names of the files that it was made from.
    """
    names = "".join(one if one.isprintable() else "?" for one in ", ".join(files))
    lines = [
        f"# Made by dkd from {names}.",
        "# Read it before you use it: dkd doctor and dkd init --from list what of the files is not here.",
        "dkd: 1",
        f"site: {draft.site}",
        "",
        "collector:",
        "  kind: dkd                             # or divolte, to keep an existing Divolte 0.9.0",
        "  ip: truncate                          # full | truncate | hash: what even the raw topic may hold",
    ]
    if draft.cookie_domain:
        lines.append(f"  cookie_domain: {flow(draft.cookie_domain)}")
    if draft.asks_geo:
        lines.append(f"  geo_database: {flow(draft.geo_database)}")
    lines += ["", *_events(draft), *_fields(draft), "", *_enrich(draft), "", "datasources:"]
    lines.append(f"  events: {{from: clean, segment: {draft.segment}}}")
    lines += ["", "measures:", *(f"  {one.name}: {_measure(one)}" for one in draft.measures.values())]
    return "\n".join([*lines, "", "targets:", "  local: {}                             # the stack of dkd up", ""])


def _events(draft: Draft) -> Iterator[str]:
    yield "events:                                 # what the files name; add what else the site sends"
    own: dict[str, list[NewField]] = {"page_view": [], **{name: [] for name in draft.events}}
    for field in draft.fields.values():
        for event in field.events:
            own.setdefault(event, []).append(field)
    for name, fields in own.items():
        if not fields:
            yield f"  {name}: {{}}"
            continue
        yield f"  {name}:"
        yield "    fields:"
        yield from (f"      {field.name}: {_field(field)}" for field in fields)


def _fields(draft: Draft) -> Iterator[str]:
    shared = [field for field in draft.fields.values() if not field.events]
    if shared:
        yield ""
        yield "fields:                                 # carried by every event, beside the standard columns"
        yield from (f"  {field.name}: {_field(field)}" for field in shared)


def _field(field: NewField) -> str:
    parts = [f"type: {field.type}"]
    if field.values:
        parts.append(f"values: {flow(field.values)}")
    if field.source:
        parts.append(f"from: {flow(field.source)}")
    if field.description:
        parts.append(f"description: {flow(field.description)}")
    return field.type if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _enrich(draft: Draft) -> Iterator[str]:
    yield "enrich:                                 # in this order, between the raw and the clean topic"
    yield from (f"  - {name}" for name in ("url", "campaign", "referrer", "agent", "geo"))
    yield "  - bots: {action: flag}"
    yield f"  - sessions: {{gap: {draft.gap or '30m'}, grace: 5m}}"


def _measure(one: NewMeasure) -> str:
    where = f", where: {{{one.where[0]}: {flow(one.where[1])}}}" if one.where else ""
    return f"{{{one.kind}: {one.of}{where}}}"
