"""Fields of old schemas, mappings and specs → fields and events of the model, or standard columns that hold them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dkd.jobs.adopted import Bundle, Draft, NewField
from dkd.model.columns import EVENT_COLUMNS, RAW_FIELDS
from dkd.model.naming import snake_case
from dkd.systems.avro.doctor import record_of
from dkd.systems.divolte.doctor.mapped import Mapped
from dkd.systems.divolte.doctor.producer import Call, Literal, Producer, shown
from dkd.systems.divolte.doctor.producers import Wrong, gives
from dkd.systems.divolte.doctor.source import STANDARD_FIELDS, can_say, condition_of, standard_of, step_of
from dkd.systems.druid.doctor.columns import dimensions
from dkd.systems.druid.doctor.find import inline_schema
from dkd.systems.druid.doctor.modern import reads_avro
from dkd.systems.faults import Lost
from dkd.systems.places import Node
from dkd.systems.records import avro_kind, unwrapped

_TYPES = {
    "string": "string", "enum": "enum", "boolean": "boolean", "int": "int", "long": "long", "float": "float",
    "double": "double",
}  # fmt: skip
_GIVEN = {
    "bool": "boolean", "int": "int", "long": "long", "float": "float", "double": "double", "strings": "list",
    "header": "list", "literal bool": "boolean", "literal int": "int", "literal long": "long", "literal float": "float",
    "literal double": "double",
}  # fmt: skip
_SEEN = {"long": "long", "float": "float", "double": "double", "boolean": "boolean", "list": "list"}
_CLEAN = frozenset(column.name for column in EVENT_COLUMNS)
_RAW = frozenset(name for field in RAW_FIELDS for name in (field.name.lower(), field.column)) | {"offset"}
_STANDS_FOR = {"collector_first_in_session": "first_in_session"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


class OldField(NamedTuple):
    """A field of old records.

    Attributes:
        name: There.
        schema: Its Avro type, unwrapped; None where no schema tells.
        doc: What the schema says of it.
        where: Its place.
        mapped: How a mapping fills it.
        mapping: That mapping's file.
        seen: Its type in a sample or a spec.
    """

    name: str
    schema: Any
    doc: str
    where: str
    mapped: tuple[Mapped, ...]
    mapping: str
    seen: str


def model_name(old: str) -> str:
    """A name of the model made from any name; empty when nothing of it can be used."""
    found = re.sub(r"[^a-z0-9]+", "_", snake_case(old)).strip("_")
    found = re.sub(r"_+", "_", found)[:60].rstrip("_")
    return found if _NAME.fullmatch(found) else model_name(f"f_{found}") if found and found[0].isdigit() else ""


def adopt_fields(bundle: Bundle, draft: Draft) -> None:
    """Add to *draft* the fields and events of *bundle*."""
    for name in sorted(bundle.events):
        draft.events.setdefault(model_name(name)) if model_name(name) else None
    for script in bundle.mappings.values():
        for condition, _ in script.conditions:
            for event in _events_of(condition):
                draft.events.setdefault(event)
    for where, script in bundle.mappings.items():
        for one in script.complaints:
            if one.kind == "unclear":
                place = f"{where}:{one.statement.line}:{one.statement.column}"
                draft.lost.append(Lost(place, one.problem, "not understood; read it yourself"))
    for field in _old_fields(bundle).values():
        if bundle.mappings and not field.mapped and field.schema is not None:
            draft.lost.append(Lost(field.where, f"field {field.name!r}", "no mapping fills it"))
        else:
            _adopt(field, draft)


def _old_fields(bundle: Bundle) -> dict[str, OldField]:
    """The fields of all files by their old names, in the order of the schema."""
    found: dict[str, OldField] = {}
    places: dict[str, list[Mapped]] = {}
    mapped_in: dict[str, str] = {}
    for where, script in bundle.mappings.items():
        for one in script.fields:
            places.setdefault(one.field, []).append(one)
            mapped_in.setdefault(one.field, where)
    schemas = dict(bundle.schemas)
    for spec in bundle.specs:
        if (inner := inline_schema(spec)) is not None and not bundle.schemas:
            schemas[spec.where] = inner
    for where, root in schemas.items():
        record = record_of(root)
        fields = record.get("fields") if record is not None else None
        for node in fields.value if fields is not None and isinstance(fields.value, list) else ():
            name, kind = _plain(node, "name"), node.get("type")
            if name and kind is not None and name not in found:
                made = (unwrapped(kind.plain()), _plain(node, "doc"), f"{where}:{node.line}:{node.column}")
                found[name] = OldField(name, *made, tuple(places.get(name, ())), mapped_in.get(name, ""), "")
    for name, mapped in places.items():
        where = f"{mapped_in[name]}:{mapped[0].statement.line}:{mapped[0].statement.column}"
        found.setdefault(name, OldField(name, None, "", where, tuple(mapped), mapped_in[name], ""))
    for name, where, seen in _columns(bundle):
        found.setdefault(name, OldField(name, None, "", where, (), "", seen))
    return found


def _plain(node: Node, name: str) -> str:
    inner = node.get(name)
    return inner.value if inner is not None and isinstance(inner.value, str) else ""


def _columns(bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    """Columns that only a spec or a sample knows; those of a spec that no record can have are not among them."""
    for spec in bundle.specs:
        if reads_avro(spec) and (bundle.schemas or inline_schema(spec) is not None):
            continue
        times = {spec.text("timestampSpec", "column") or "timestamp", "__time"}
        for name, kind, node in dimensions(spec):
            if name and name not in times and not (bundle.sample.types and name not in bundle.sample.types):
                seen = bundle.sample.types.get(name) or kind
                yield name, f"{spec.where}:{node.line}:{node.column}", seen or ""
    clocks = {
        spec.text("timestampSpec", "column") or "timestamp" for spec in bundle.specs
    } or bundle.sample.times.keys()
    for name, seen_kind in bundle.sample.types.items():
        if name not in clocks or name.endswith("_ms"):
            yield name, bundle.sample.origin, seen_kind or ""


def _adopt(field: OldField, draft: Draft) -> None:
    column = _standard(field, draft)
    if column is not None:
        _adopt_standard(field, column, draft)
        return
    if field.schema is None and field.seen == "object":
        draft.lost.append(Lost(field.where, f"field {field.name!r}", "an object; the model has no nested fields"))
        return
    kind = _type(field)
    if not kind:
        why = f"the model has no {avro_kind(field.schema) or 'such'} type"
        draft.lost.append(Lost(field.where, f"field {field.name!r}", why))
        return
    name = free_name(field.name, draft)
    if not name:
        draft.lost.append(Lost(field.where, f"field {field.name!r}", "no name of the model can be made of it"))
        return
    said, events = _said(field, kind, draft)
    if said is None and field.mapped:
        return
    if name != field.name:
        draft.lost.append(Lost(field.where, f"the name {field.name!r}", f"it is {name!r} in the model"))
    values = tuple(field.schema.get("symbols", ())) if isinstance(field.schema, dict) and kind == "enum" else ()
    source = said if said is not None and said != f"parameter {name}" else ""
    draft.fields[field.name] = NewField(name, kind, source, values, field.doc, events)


def _standard(field: OldField, draft: Draft) -> str | None:
    """The standard column that holds the same."""
    for one in field.mapped:
        if (found := standard_of(one.producer)) is not None:
            return found
    name = model_name(field.name)
    by_name = STANDARD_FIELDS.get(field.name) or (name if name in _CLEAN else None)
    if by_name is None or not field.mapped:
        return by_name
    if by_name in _CLEAN and name == by_name:
        why = f"{by_name!r} is a column that dkd fills itself; this value was {shown(field.mapped[0].producer)}"
        draft.lost.append(Lost(field.where, f"field {field.name!r}", why))
        return by_name
    return None


def _adopt_standard(field: OldField, column: str, draft: Draft) -> None:
    column = _STANDS_FOR.get(column, column)
    if column in _CLEAN:
        draft.standard[field.name] = column
        return
    why = {
        "ip": "raw holds the address as collector.ip says; clean events and Druid don't",
        "user_agent": "raw holds it; clean events have browser, os and device_type",
        "client_ms": "it is part of timestamp_ms, the event time",
    }.get(column, "raw holds it; dkd's enrichers use it")
    draft.lost.append(Lost(field.where, f"field {field.name!r}", why))


def _type(field: OldField) -> str:
    """The model's type; empty where it has none."""
    if field.schema is None:
        for one in field.mapped:
            try:
                return _GIVEN.get(gives(one.producer), "string")
            except Wrong:
                continue
        return _SEEN.get(field.seen, "string")
    kind = avro_kind(field.schema)
    if isinstance(field.schema, dict):
        if str(field.schema.get("logicalType")) == "timestamp-millis":
            return "timestamp"
        if kind == "array" and avro_kind(field.schema.get("items")) == "string":
            return "list"
        if kind == "enum" and not _are_values(field.schema):
            return "string"
    return _TYPES.get(kind, "")


def _are_values(schema: Mapping[str, Any]) -> bool:
    symbols = schema.get("symbols")
    return isinstance(symbols, list) and bool(symbols) and all(isinstance(one, str) for one in symbols)


def free_name(old: str, draft: Draft) -> str:
    """A name of the model made from *old* that nothing has yet; empty when there is none."""
    taken = {one.name for one in draft.fields.values()} | _CLEAN | _RAW
    name = model_name(old)
    if not name:
        return ""
    tries = (name, f"own_{name}"[:60], *(f"{name[:50]}_{number}" for number in range(2, 50)))
    return next((one for one in tries if one not in taken and _NAME.fullmatch(one)), "")


def _said(field: OldField, kind: str, draft: Draft) -> tuple[Any, tuple[str, ...]]:
    """The ``from:`` of a field and the events that carry it; None, with losses, when the model cannot say it."""
    steps: list[Any] = []
    events: dict[str, None] = {}
    named = [[event for condition in one.conditions for event in _events_of(condition)] for one in field.mapped]
    # A field that is only filled for some events belongs to them; else the event is a condition as any other.
    belongs = bool(named) and all(named) and len({shown(one.producer) for one in field.mapped}) == 1
    for one, its in zip(field.mapped, named, strict=True):
        step = _step(field, kind, one, draft, drop_events=belongs)
        if step is not None:
            steps.append(step)
            events.update(dict.fromkeys(its if belongs or all(named) else ()))
    # A later statement overwrites an earlier one; of the model's steps the first that has a value counts.
    unique = [step for number, step in enumerate(reversed(steps)) if step not in [*reversed(steps)][:number]]
    if not unique:
        return None, ()
    value = unique[0] if len(unique) == 1 else unique
    if not can_say(kind, value):
        why = "the model cannot say these together"
        draft.lost.append(Lost(field.where, f"field {field.name!r}, filled {len(unique)} times", why))
        return None, ()
    return value, tuple(events)


def _step(field: OldField, kind: str, one: Mapped, draft: Draft, *, drop_events: bool) -> Any:
    """One statement as a step, a plain source as its text; None, with a loss, when the model cannot say it."""
    place = f"{field.mapping}:{one.statement.line}:{one.statement.column}"
    said = step_of(one.producer, kind)
    conditions = [each for each in one.conditions if not (drop_events and list(_events_of(each)))]
    when = condition_of(conditions) if conditions else {}
    if said is None or when is None:
        what = "it" if said is None else "the conditions of it"
        draft.lost.append(Lost(place, f"{shown(one.producer)} onto {field.name!r}", f"the model cannot say {what}"))
        return None
    if said.differs:
        draft.lost.append(Lost(place, f"{field.name!r} from {shown(one.producer)}", said.differs))
    step = {**said.step, **({"when": when} if when else {})}
    if not can_say(kind, step):
        why = "the model cannot say when"
        draft.lost.append(Lost(place, f"{shown(one.producer)} onto {field.name!r}", why))
        return None
    return step["source"] if step.keys() == {"source"} else step


def _events_of(condition: Producer) -> Iterator[str]:
    """The events that a condition names: ``eventType().equalTo('x')``, and several of them by or."""
    if not isinstance(condition, Call) or condition.of is None:
        return
    first = condition.args[0] if condition.args else None
    if condition.name == "equalTo" and shown(condition.of) == "eventType()" and isinstance(first, Literal):
        if name := model_name(first.text):
            yield name
    elif condition.name == "or" and first is not None:
        yield from _events_of(condition.of)
        yield from _events_of(first)
