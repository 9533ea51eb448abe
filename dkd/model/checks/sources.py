"""Where values come from → what leads nowhere, does not fit the field, or cannot be had from this collector."""

from collections.abc import Generator, Iterator

from dkd.model.checks.finding import Finding, places
from dkd.model.geo import GEO
from dkd.model.jsonpath import is_many, parse_path
from dkd.model.literal import MOST_TEXT, literal
from dkd.model.regex import Regex, understood
from dkd.model.schema import Field, Model
from dkd.model.source import Carried, Source, carried, holds_list, parse_source, steps_of
from dkd.model.step import Condition, Step
from dkd.model.tree import Path

_HOLDS: dict[Carried, tuple[str, ...]] = {
    "int": ("int",), "long": ("long", "timestamp"), "double": ("double",), "boolean": ("boolean",), "texts": ("list",),
}  # fmt: skip
"""Divolte gives these to fields of no other type; texts and event parameters it converts."""


def sources(model: Model) -> Iterator[Finding]:
    """Mistakes in ``from``, ``when`` and ``default``; a field of two events that is not found alike in both."""
    first: dict[str, tuple[Path, Field]] = {}
    for path, name, field in places(model):
        where, earlier = first.setdefault(name, (path, field))
        if where == path:
            yield from _field(model, path, field)
        elif steps_of(name, field) != steps_of(name, earlier) or field.default != earlier.default:
            key = "default" if field.default != earlier.default else "from"
            problem = f"{key} of {name!r} is another than in {'.'.join(map(str, where))}"
            yield ((*path, key), "DKD238", problem, "find one name in one way, or use two names")
    if model.collector.geo_database is not None and not model.collector.geo_database.strip():
        yield (("collector", "geo_database"), "DKD236", "the database has no name", "name a .mmdb file, or remove it")


def _field(model: Model, path: Path, field: Field) -> Iterator[Finding]:
    if field.default is not None:
        yield from _literal((*path, "default"), field, field.default)
    if field.source == ():
        yield ((*path, "from"), "DKD234", "there is no step", "name a source, or remove from")
    for index, step in enumerate(field.source or ()):
        yield from _step(model, (*path, "from", index), field, step)


def _step(model: Model, path: Path, field: Field, step: Step) -> Iterator[Finding]:
    given = [name for name in ("source", "value", "test") if getattr(step, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        yield (path, "DKD234", f"a step has one of source, value and test; found {found}", "keep one of them")
    for name in ("match", "group", "geo"):
        if getattr(step, name) is not None and step.source is None:
            yield ((*path, name), "DKD234", f"{name} needs a source", "name a source beside it")
    if step.value is not None:
        yield from _literal((*path, "value"), field, step.value)
    if step.test is not None:
        if field.type != "boolean":
            yield (
                (*path, "test"),
                "DKD233",
                f"a test is true or false, the field is {field.type}",
                "set type: boolean",
            )
        yield from _condition(model, (*path, "test"), step.test)
    if step.when is not None:
        yield from _condition(model, (*path, "when"), step.when)
    source = yield from _source(model, (*path, "source"), step.source)
    if source is not None:
        yield from _found(model, path, field, step, source)


def _found(model: Model, path: Path, field: Field, step: Step, source: Source) -> Iterator[Finding]:
    """What is wrong with a step whose source is right."""
    regex: Regex | None = None
    if step.match is not None or step.geo is not None:
        yield from _as_text((*path, "source"), source)
    if step.match is not None and step.geo is not None:
        yield ((*path, "geo"), "DKD234", "match and geo exclude each other", "keep one of them")
    if step.match is not None:
        regex = yield from _regex((*path, "match"), step.match)
        if regex is not None:
            yield from _group(path, field, step, regex)
    elif step.group is not None:
        yield ((*path, "group"), "DKD234", "a group needs a match", "add match, or remove group")
    if step.geo is not None and step.geo not in GEO:
        yield ((*path, "geo"), "DKD218", f"{step.geo!r} is not known of an address", f"use one of {', '.join(GEO)}")
        return
    if step.geo is not None and model.collector.geo_database is None:
        yield _no_database((*path, "geo"))
    kind = GEO[step.geo].type if step.geo else "text" if step.match is not None else carried(source)
    allowed = _HOLDS.get(kind)
    if allowed and field.type not in allowed:
        problem = f"{step.geo or step.source} is {_WORDS[kind]}, the field is {field.type}"
        yield ((*path, "source"), "DKD233", problem, f"set type: {' or '.join(allowed)}")
    elif kind == "json" and source.kind == "path" and field.type != "list" and is_many(parse_path(source.name)):
        problem = f"{source.name} finds a list, the field is {field.type}"
        yield ((*path, "source"), "DKD233", problem, "set type: list, or name one place, such as [0]")
    lists = step.match is None and step.geo is None and holds_list(source)
    if model.collector.kind == "divolte" and field.type == "list" and kind == "text" and not lists:
        problem = f"Divolte cannot make a list of the one text of {step.source}"
        yield ((*path, "source"), "DKD231", problem, "set type: string")


def _condition(model: Model, path: Path, condition: Condition) -> Iterator[Finding]:
    joined = [name for name in ("not_", "all", "any") if getattr(condition, name) is not None]
    tests = [name for name in ("is_", "equals", "matches", "same_as") if getattr(condition, name) is not None]
    if len(joined) + (condition.source is not None) != 1:
        yield (path, "DKD234", "a condition has one of source, not, all and any", "keep one of them")
    elif len(tests) != (condition.source is not None):
        problem = "a tested source has one of is, equals, matches and same_as, and nothing else has"
        yield (path, "DKD234", problem, "write such as {source: referer, is: present}")
    if condition.not_ is not None:
        yield from _condition(model, (*path, "not"), condition.not_)
    for name in ("all", "any"):
        inner = getattr(condition, name)
        if inner == ():
            yield ((*path, name), "DKD234", f"{name} of nothing", "list conditions")
        for index, one in enumerate(inner or ()):
            yield from _condition(model, (*path, name, index), one)
    source = yield from _source(model, (*path, "source"), condition.source)
    if source is not None:
        yield from _tested(model, path, condition, source)


def _tested(model: Model, path: Path, condition: Condition, source: Source) -> Iterator[Finding]:
    if condition.matches is not None:
        yield from _as_text((*path, "source"), source)
        yield from _regex((*path, "matches"), condition.matches)
    if condition.equals is not None:
        if source.kind == "path":
            yield ((*path, "source"), "DKD231", _NEVER, "compare parameter NAME")
        elif isinstance(condition.equals, str) and len(condition.equals) > MOST_TEXT:
            yield (
                (*path, "equals"),
                "DKD235",
                f"this text has {len(condition.equals)} characters",
                f"keep it below {MOST_TEXT}",
            )
        elif not _comparable(condition.equals, carried(source)):
            problem = f"{condition.source} is {_WORDS[carried(source)]}, never {condition.equals!r}"
            yield ((*path, "equals"), "DKD233", problem, "write a value of that type")
    if condition.same_as is not None:
        other = yield from _source(model, (*path, "same_as"), condition.same_as)
        pair = [source] if other is None else [source, other]
        if any(one.kind == "path" for one in pair):
            yield ((*path, "same_as"), "DKD231", _NEVER, "compare parameter NAME")
        elif len({_compared(one) for one in pair}) > 1:
            yield ((*path, "same_as"), "DKD233", "the two are of different types, and never the same", "compare like")


_NEVER = "Divolte never finds the value of a path equal to another value"
_WORDS: dict[Carried, str] = {
    "text": "a text", "json": "a text", "int": "a whole number of 32 bits", "long": "a whole number of 64 bits",
    "double": "a number", "boolean": "true or false", "texts": "a list of texts",
}  # fmt: skip
_TYPES: dict[Carried, type] = {
    "text": str, "json": str, "int": int, "long": int, "double": float, "boolean": bool,
}  # fmt: skip


def _compared(source: Source) -> str:
    return "text" if source.kind == "parameter" else carried(source)


def _comparable(value: object, kind: Carried) -> bool:
    if type(value) is not _TYPES.get(kind):
        return False
    bits = {"int": 31, "long": 63}.get(kind)
    return bits is None or not isinstance(value, int) or -(1 << bits) <= value < 1 << bits


def _source(model: Model, path: Path, text: str | None) -> Generator[Finding, None, Source | None]:
    """The source that *text* names; None where it names none."""
    if text is None:
        return None
    try:
        source = parse_source(text)
    except ValueError as error:
        problem, _, remedy = str(error).rpartition(": ")
        yield (path, "DKD239" if text.startswith("path ") else "DKD218", problem, remedy)
        return None
    collector = model.collector
    if source.kind == "geo" and collector.geo_database is None:
        yield _no_database(path)
    if source.kind == "agent" and collector.kind == "dkd":
        problem = f"{text} is read by Divolte's own database of 2014, which dkd's collector does not have"
        remedy = "use the columns browser, browser_version, os, os_version and device_type of the enricher agent"
        yield (path, "DKD237", problem, remedy)
    if source == Source("column", "ip") and collector.kind == "divolte" and collector.ip != "full":
        problem = f"Divolte cannot {collector.ip} an address (collector.ip)"
        yield (path, "DKD231", problem, "set collector.ip: full, or do without ip")
    return source


def _no_database(path: Path) -> Finding:
    return (path, "DKD236", "geo needs a city database", "set collector.geo_database to an .mmdb file")


def _literal(path: Path, field: Field, value: str | int | float | bool) -> Iterator[Finding]:
    try:
        literal(value, field)
    except ValueError as error:
        problem, _, remedy = str(error).rpartition(": ")
        yield (path, "DKD235", problem, remedy)


def _as_text(path: Path, source: Source) -> Iterator[Finding]:
    if source.kind == "path" or carried(source) not in ("text", "json"):
        remedy = "name a text; of event parameters, parameter NAME"
        yield (path, "DKD233", "what is matched or looked up must be a text", remedy)


def _regex(path: Path, text: str) -> Generator[Finding, None, Regex | None]:
    try:
        return understood(text)
    except ValueError as error:
        problem, _, remedy = str(error).rpartition(": ")
        yield (path, "DKD232", problem, remedy)
        return None


def _group(path: Path, field: Field, step: Step, regex: Regex) -> Iterator[Finding]:
    at = (*path, "group" if step.group is not None else "match")
    if step.group is None:
        if field.type != "boolean" and not regex.groups:
            yield (at, "DKD232", "the pattern has no group whose text would be the value", "put it in ( and )")
    elif isinstance(step.group, str) and step.group not in regex.names:
        known = ", ".join(regex.names) or "none"
        yield (at, "DKD232", f"the pattern has no group named {step.group!r}", f"names: {known}")
    elif isinstance(step.group, int) and not 0 <= step.group <= regex.groups:
        yield (at, "DKD232", f"the pattern has no group {step.group}", f"write 1 to {regex.groups}")
