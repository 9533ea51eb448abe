"""Fields → contradictions in themselves and between events."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding, places
from dkd.model.columns import RAW_FIELDS, STANDARD_NAMES, extra_columns
from dkd.model.schema import Field, Model
from dkd.model.tree import Path

_RAW_NAMES = frozenset(name for field in RAW_FIELDS for name in (field.name, field.column)) | {"__time", "offset"}

_FOLDED = {field.name.lower(): field.name for field in RAW_FIELDS}
"""Divolte's own fields as readers see them that fold case, as Hive and Spark do."""


def fields(model: Model) -> Iterator[Finding]:
    """Fields that bear a standard name, contradict themselves, or differ between events."""
    first: dict[str, tuple[Path, Field]] = {}
    if not model.events:
        yield (("events",), "DKD213", "the model has no events", "add at least one, such as page_view: {}")
    taken = STANDARD_NAMES | _RAW_NAMES | {column.name for column in extra_columns(model)}
    for path, name, field in places(model):
        if name in taken:
            yield (path, "DKD210", f"{name!r} is a standard column", "choose another name")
        elif name in _FOLDED:
            yield (path, "DKD226", f"{name!r} and {_FOLDED[name]!r} differ by case only", "choose another name")
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
    for value in sorted({one for one in field.values if field.values.count(one) > 1}):
        yield ((*path, "values"), "DKD212", f"value {value!r} of {name!r} stands twice", "remove one of them")
    if field.values and field.type != "enum":
        yield ((*path, "values"), "DKD212", f"{name!r} has values but is {field.type}", "set type: enum")
    if field.privacy == "truncate" and field.type != "string":
        yield ((*path, "privacy"), "DKD220", f"only a string can be truncated, {name!r} is {field.type}", "use drop")
    if field.privacy == "drop" and field.required:
        yield ((*path, "required"), "DKD220", f"{name!r} is required and dropped", "remove one of the two")
