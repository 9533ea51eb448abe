"""Computed dimensions → those without one clear form, and those that no datasource can compute."""

from collections.abc import Iterator
from itertools import pairwise

from dkd.model.askable import stored_columns
from dkd.model.checks.finding import Finding
from dkd.model.columns import Column
from dkd.model.dimensions import Dimension
from dkd.model.pattern import compiled
from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.model.words import unknown

_FORMS = ("bands", "groups", "match", "part", "first_of")
_BELONGS = {"other": "groups", "group": "match"}
"""Options, and the form of which each is one."""


def dimensions(model: Model) -> Iterator[Finding]:
    """Dimensions whose name is taken, that are not one of the forms, or that are computed from what is not there."""
    events, sessions = stored_columns(model, "events"), stored_columns(model, "sessions")
    known = {**sessions, **events}
    for name, dimension in model.dimensions.items():
        path: Path = ("dimensions", name)
        yield from _name(model, path, name, known)
        forms = [form for form in _FORMS if getattr(dimension, form) is not None]
        if len(forms) != 1:
            problem = f"a dimension has one of {', '.join(_FORMS)}; found {' and '.join(forms) or 'none'}"
            yield (path, "DKD276", problem, "keep one")
            continue
        yield from _options(path, dimension, forms[0])
        yield from _columns(path, dimension, known, (events, sessions))
        yield from _form(model, path, dimension, known)


def _name(model: Model, path: Path, name: str, known: dict[str, Column]) -> Iterator[Finding]:
    taken = "column" if name in known else "field" if name in model.all_fields else ""
    taken = taken or ("measure" if name in model.measures else "")
    if taken:
        yield (path, "DKD277", f"{name!r} is a {taken} already", "choose another name")
    if name in model.reserved:
        yield (path, "DKD224", f"{name!r} is reserved", "choose another name; saved views may hold the old meaning")


def _options(path: Path, dimension: Dimension, form: str) -> Iterator[Finding]:
    for option, owner in _BELONGS.items():
        if getattr(dimension, option) is not None and owner != form:
            yield ((*path, option), "DKD276", f"{option} is an option of {owner}, not of {form}", "remove it")
    if form == "first_of" and dimension.source is not None:
        yield ((*path, "from"), "DKD276", "first_of names its columns itself", "remove from")
    elif form not in ("first_of", "part") and dimension.source is None:
        yield (path, "DKD276", f"{form} of what is not said", "add from: COLUMN")


def _columns(
    path: Path, dimension: Dimension, known: dict[str, Column], kinds: tuple[dict[str, Column], ...]
) -> Iterator[Finding]:
    """Each has to be there, and all of them in one datasource."""
    lost = [name for name in dimension.columns if name not in known]
    for name in lost:
        at = ("first_of", dimension.first_of.index(name)) if dimension.first_of else ("from",)
        yield ((*path, *at), "DKD213", *unknown("column", name, set(known)))
    if not lost and not any(kind.keys() >= set(dimension.columns) for kind in kinds):
        problem = f"events and sessions have not all of {', '.join(dimension.columns)}"
        yield ((*path, "first_of"), "DKD276", problem, "compute it from what events hold, or from what sessions hold")


def _form(model: Model, path: Path, dimension: Dimension, known: dict[str, Column]) -> Iterator[Finding]:
    """What the form asks of its columns and of its own values."""
    source = known.get(dimension.source or "")
    if dimension.bands is not None:
        yield from _bands(path, dimension.bands, source)
    elif dimension.groups is not None:
        yield from _groups(path, dimension.groups, source)
    elif dimension.match is not None:
        yield from _match(path, dimension, source)
    elif dimension.part is not None:
        if source is not None and not _is_time(model, source):
            remedy = "name a column of times, or leave from out for the row's own time"
            yield ((*path, "from"), "DKD276", f"{source.name!r} is no time", remedy)
    else:
        yield from _first_of(path, dimension.first_of or (), known)


def _bands(path: Path, bands: tuple[int | float, ...], source: Column | None) -> Iterator[Finding]:
    if source is not None and source.type not in ("long", "double"):
        yield ((*path, "from"), "DKD214", f"{source.name!r} is not a number", "use groups or match for a text")
    for at, (low, high) in enumerate(pairwise(bands)):
        if low >= high:
            problem = f"{high} does not come after {low}"
            yield ((*path, "bands", at + 1), "DKD278", problem, "list the limits from the least to the greatest")


def _groups(path: Path, groups: dict[str, tuple[str | None, ...]], source: Column | None) -> Iterator[Finding]:
    if source is not None and source.type != "string":
        yield ((*path, "from"), "DKD276", f"{source.name!r} is no text", "use bands for a number")
    owners: dict[str | None, str] = {}
    for label, values in groups.items():
        if not values:
            yield ((*path, "groups", label), "DKD278", f"group {label!r} has no values", "add some, or remove it")
        for at, value in enumerate(values):
            if owners.setdefault(value, label) != label or value in values[:at]:
                shown = "null" if value is None else repr(value)
                yield ((*path, "groups", label, at), "DKD278", f"{shown} is in {owners[value]!r} too", "keep it in one")


def _match(path: Path, dimension: Dimension, source: Column | None) -> Iterator[Finding]:
    if source is not None and source.type != "string":
        yield ((*path, "from"), "DKD276", f"{source.name!r} is no text", "use bands for a number")
    try:
        count = compiled(dimension.match or "").groups
    except ValueError as error:
        remedy = "use characters, classes, groups, | ^ $ and repetition"
        yield ((*path, "match"), "DKD279", f"{dimension.match!r:.80}: {error}", remedy)
        return
    if (dimension.group or 0) > count:
        problem = f"the pattern has {count} group{'' if count == 1 else 's'}, no {dimension.group}"
        yield ((*path, "group"), "DKD279", problem, "put what you want in parentheses, or use 0 for all of it")


def _is_time(model: Model, column: Column) -> bool:
    field = model.all_fields.get(column.name)
    return field.type == "timestamp" if field is not None else column.name.endswith("_ms")


def _first_of(path: Path, names: tuple[str, ...], known: dict[str, Column]) -> Iterator[Finding]:
    there = [known[name] for name in names if name in known]
    for at, name in enumerate(names):
        column = known.get(name)
        if column is None:
            continue
        if name in names[:at]:
            yield ((*path, "first_of", at), "DKD278", f"{name!r} stands twice", "name each once")
        elif column.type == "list":
            yield ((*path, "first_of", at), "DKD276", f"{name!r} holds several values at once", "name another column")
        elif column.type != there[0].type:
            problem = f"{name!r} is {column.type}, {there[0].name!r} is {there[0].type}"
            yield ((*path, "first_of", at), "DKD276", problem, "name columns of one type")
