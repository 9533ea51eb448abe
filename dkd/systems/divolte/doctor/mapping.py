"""A Divolte mapping, and the schema that it fills → where Divolte hangs at the start, or loses or changes a value."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dkd.errors import Problem
from dkd.systems.divolte.doctor.mapped import Mapped, Script, producers
from dkd.systems.divolte.doctor.producer import Call, Literal, Matched, Parsed, Producer, shown
from dkd.systems.divolte.doctor.producers import Wrong, calls, gives
from dkd.systems.divolte.doctor.script import Statement
from dkd.systems.faults import nearest
from dkd.systems.records import avro_kind

_FITS = {
    "string": "string", "bool": "boolean", "int": "int", "long": "long", "float": "float", "double": "double",
    "digest": "bytes", "strings": "array", "ints": "array", "header": "array", "query": "map",
    "literal string": "string", "literal bool": "boolean", "literal int": "int", "literal long": "long",
    "literal float": "float", "literal double": "double",
}  # fmt: skip
"""What a producer gives → the Avro type that it can be mapped onto; JSON can be mapped onto any."""
_NO_VALUE = frozenset({"agent", "uri", "matcher", "geo", "digester"})
_ALGORITHMS = frozenset({"MD5", "MD2", "SHA-1", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"})
_SUFFIX = {"int": "", "long": "L", "float": "F", "double": "D"}
_ALWAYS = frozenset({"duplicate", "corrupt", "firstInSession", "timestamp", "clientTimestamp", "remoteHost"})
_SHOWN = 8


def faults(found: Script, where: str, schema: Mapping[str, Any] | None = None, required: frozenset[str] = frozenset()
           ) -> Iterator[Problem]:  # fmt: skip
    """The faults of a mapping.

    Args:
        found: The script.
        where: Its file.
        schema: Type of each field of the schema that it fills; None when that is not known.
        required: The fields of the schema that have no default.
    """
    for one in found.complaints:
        code = "DKD660" if one.kind == "form" else "DKD661"
        problem = one.problem if one.kind == "form" else f"not understood: {one.problem}"
        yield _fault(where, one.statement, code, problem, one.remedy)
    seen: set[tuple[Producer, int]] = set()
    for producer, statement in producers(found):
        if (producer, statement.line) not in seen:
            yield from _producer(where, producer, statement)
        seen.add((producer, statement.line))
    for condition, statement in found.conditions:
        if (given := _given(condition)) not in ("bool", ""):
            problem = f"{shown(condition)} gives {given}, which is no condition"
            yield _fault(where, statement, "DKD660", problem, "compare it by equalTo(…), or ask isPresent()")
    yield from _digests(where, found)
    yield from _empty_texts(where, found)
    for mapped in found.fields:
        yield from _field(where, mapped, schema)
    if schema is not None and found.fields:
        yield from _unfilled(where, found, required & set(schema))


def _fault(where: str, statement: Statement, code: str, problem: str, remedy: str) -> Problem:
    return Problem(f"{where}:{statement.line}:{statement.column}", code, problem, remedy)


def _given(producer: Producer) -> str:
    """What *producer* gives; empty when it is none."""
    try:
        return gives(producer)
    except Wrong:
        return ""


def _producer(where: str, producer: Producer, statement: Statement) -> Iterator[Problem]:
    try:
        gives(producer)
    except Wrong as error:
        yield _fault(where, statement, "DKD660", str(error), error.remedy)
        return
    for pattern, groups in _patterns(producer):
        yield from _pattern(where, statement, pattern, groups)
    for call in calls(producer):
        name, of, args = call.name, call.of, call.args or ()
        if name == "digest" and isinstance(args[0], Literal) and args[0].text.upper() not in _ALGORITHMS:
            problem, remedy = f"there is no digest {args[0].text!r}", nearest(args[0].text, _ALGORITHMS)
            yield _fault(where, statement, "DKD660", problem, remedy)
        if name == "add" and _given(args[0]) == "json":
            problem = "a digest of all event parameters fails at every event"
            yield _fault(where, statement, "DKD664", problem, "digest one, by eventParameters().path('$.x')")
        if name == "equalTo" and of is not None and _given(of) == "path" and isinstance(args[0], Literal):
            problem = f"{shown(call)} is never true: a path gives JSON, no text"
            yield _fault(where, statement, "DKD665", problem, "compare eventParameters().value('x')")


def _patterns(producer: Producer) -> Iterator[tuple[Matched, tuple[Literal, ...]]]:
    """Each matcher in *producer*, with the groups that are asked of it."""
    found: dict[Matched, tuple[Literal, ...]] = {}
    for call in calls(producer):
        if isinstance(call.of, Matched):
            groups = tuple(one for one in call.args or () if isinstance(one, Literal)) if call.name == "group" else ()
            found[call.of] = found.get(call.of, ()) + groups
    if isinstance(producer, Matched):
        found.setdefault(producer, ())
    yield from found.items()


def _pattern(where: str, statement: Statement, matched: Matched, groups: tuple[Literal, ...]) -> Iterator[Problem]:
    if not isinstance(matched.pattern, Literal):
        return
    text = matched.pattern.text
    python = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", text)
    python = re.sub(r"\\[pP]\{\w+\}", r"\\w", python)
    python = re.sub(r"\\[QE]|\\[zZG]", "", python)
    try:
        compiled = re.compile(python)
    except (re.error, OverflowError, RecursionError) as error:
        if "bad escape" not in str(error) and "global flags" not in str(error):
            problem = f"the pattern {text!r} is wrong ({error}): accepted at start, then every event fails"
            yield _fault(where, statement, "DKD664", problem, "mend the pattern")
        return
    for group in groups:
        is_there = int(group.text) <= compiled.groups if group.kind == "int" else group.text in compiled.groupindex
        if not is_there:
            problem = f"the pattern {text!r} has no group {group.text}: events that match fail"
            yield _fault(where, statement, "DKD664", problem, f"it has {compiled.groups} groups")


def _digests(where: str, found: Script) -> Iterator[Problem]:
    """Within one event the second digest over a producer hashes nothing for it."""
    first: dict[str, tuple[int, str]] = {}
    for mapped in found.fields:
        adds = [call.args[0] for call in calls(mapped.producer) if call.name == "add" and call.args]
        for text in sorted({shown(one) for one in adds if not isinstance(one, Literal)}):
            line, name = first.setdefault(text, (mapped.statement.line, mapped.field))
            if (line, name) != (mapped.statement.line, mapped.field):
                problem = f"{text} is digested for {name!r} already (line {line}): this digest hashes nothing for it"
                yield _fault(where, mapped.statement, "DKD665", problem, "digest each producer once")


def _empty_texts(where: str, found: Script) -> Iterator[Problem]:
    """``value('x')`` mapped as it is; one finding for all."""
    empty = [one for one in found.fields if _is_value(one.producer)]
    if empty:
        fields = list(dict.fromkeys(one.field for one in empty))
        names = ", ".join(fields[:_SHOWN])
        more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
        problem = f'"" where the parameter is missing: {names}{more}'
        remedy = "write eventParameters().path('$.x') for value('x') or eventParameter('x')"
        yield _fault(where, empty[0].statement, "DKD665", problem, remedy)
    for one in found.fields:
        if isinstance(one.producer, Parsed) and one.producer.kind == "bool":
            problem = f"{one.field!r} is false for every text but true"
            remedy = "write when X.equalTo('true') apply { map true onto … }, and so for false"
            yield _fault(where, one.statement, "DKD665", problem, remedy)


def _is_value(producer: Producer) -> bool:
    if not isinstance(producer, Call):
        return False
    is_json = producer.of is not None and _given(producer.of) in ("json", "path")
    return (producer.name == "value" and is_json) or (producer.name == "eventParameter" and producer.of is None)


def _field(where: str, mapped: Mapped, schema: Mapping[str, Any] | None) -> Iterator[Problem]:
    name, given = mapped.field, _given(mapped.producer)
    if given in ("literal decimal", "literal gstring", "literal null"):
        what = {"literal decimal": "a BigDecimal", "literal gstring": "a GString", "literal null": "null"}[given]
        text = shown(mapped.producer)
        remedy = f"write {text.rstrip('gG')}D" if given == "literal decimal" else "write a text in single quotes"
        yield _fault(where, mapped.statement, "DKD663", f"{text} is {what}: Divolte refuses it", remedy)
        return
    if given in _NO_VALUE:
        problem = f"{shown(mapped.producer)} cannot be mapped itself"
        yield _fault(where, mapped.statement, "DKD662", problem, "map one of its parts")
        return
    if schema is None or not given:
        return
    if name not in schema:
        problem = f"the schema has no field {name!r}"
        yield _fault(where, mapped.statement, "DKD662", problem, nearest(name, schema))
        return
    wanted = avro_kind(schema[name])
    if given in ("json", "path") or not wanted or wanted == _FITS.get(given):
        return
    if given.startswith("literal") and wanted in _SUFFIX and given.removeprefix("literal ") in _SUFFIX:
        text = shown(mapped.producer).rstrip("LlFfDd")
        problem = f"{shown(mapped.producer)} doesn't fit {name!r}, which is {wanted}"
        yield _fault(where, mapped.statement, "DKD663", problem, f"write {text}{_SUFFIX[wanted]}")
        return
    problem = f"{shown(mapped.producer)} gives {_FITS.get(given, given)}, {name!r} is {wanted}"
    parse = {"int": "int32", "long": "int64", "float": "fp32", "double": "fp64", "boolean": "bool"}.get(wanted)
    remedy = (
        f"write {{ parse … to {parse} }}" if given == "string" and parse else f"make {name!r} {_FITS.get(given, given)}"
    )
    yield _fault(where, mapped.statement, "DKD662", problem, remedy)


def _unfilled(where: str, found: Script, required: frozenset[str]) -> Iterator[Problem]:
    filled = {
        one.field
        for one in found.fields
        if not one.conditions and (isinstance(one.producer, Literal) or _is_always(one.producer))
    }
    missing = sorted(required - filled)
    if missing:
        names = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        problem = f"without a default, and not filled for every event: {names}"
        yield _fault(where, found.fields[0].statement, "DKD664", problem, 'write "type": ["null", T], "default": null')


def _is_always(producer: Producer) -> bool:
    return isinstance(producer, Call) and producer.of is None and producer.name in _ALWAYS
