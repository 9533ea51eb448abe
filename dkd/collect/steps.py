"""The steps of a field → one function that gives the field's value of an event, as Divolte's mapping would set it."""

from collections.abc import Callable

from dkd.collect.convert import of_json, of_text, whole
from dkd.collect.geo import dotted, known
from dkd.collect.sources import MISSING, Place, Read, Reader
from dkd.enrich.patterns import full_matcher
from dkd.model.geo import GEO
from dkd.model.literal import literal
from dkd.model.regex import understood
from dkd.model.schema import Field
from dkd.model.source import Source, carried, holds_list, parse_source, steps_of
from dkd.model.step import Condition, Step

Test = Callable[[Place], bool | None]
"""True, false, or neither, where what is tested is absent."""

_BITS = {"int": 32, "long": 64, "timestamp": 64}


def finder(name: str, field: Field, reader: Reader) -> Read:
    """Gives the value of the field *name*: of the first step that has one, else the default, else None."""
    reads = [_step(step, field, reader) for step in steps_of(name, field)]
    if field.default is not None:
        value = literal(field.default, field)
        reads.append(lambda _place: value)
    if len(reads) == 1:
        return reads[0]

    def first(place: Place) -> object:
        for read in reads:
            value = read(place)
            if value is not None:
                return value
        return None

    return first


def _step(step: Step, field: Field, reader: Reader) -> Read:
    read = _unconditional(step, field, reader)
    if step.when is None:
        return read
    holds = condition(step.when, reader)
    return lambda place: read(place) if holds(place) else None


def _unconditional(step: Step, field: Field, reader: Reader) -> Read:
    if step.value is not None:
        value = literal(step.value, field)
        return lambda _place: value
    if step.test is not None:
        return condition(step.test, reader)
    source = parse_source(step.source or "")
    if step.match is not None:
        return _matched(step, source, field, reader)
    if step.geo is not None:
        text, wanted, to_field = reader.text(source), GEO[step.geo], _of_geo(step.geo, field)
        return lambda place: to_field(known(reader.city(dotted(str(text(place) or ""))), wanted))
    return _found(source, field, reader)


def _found(source: Source, field: Field, reader: Reader) -> Read:
    if field.type == "list" and holds_list(source) and carried(source) != "json":
        return reader.texts(source)
    if source.kind == "parameter" and field.type in _BITS:
        text, bits = reader.text(source), _BITS[field.type]
        return lambda place: whole(text(place), bits)
    kind = carried(source)
    if kind == "json":
        read, convert = reader.value(source), of_json(field.type)
        return lambda place: None if (value := read(place)) is MISSING else convert(value)
    read = reader.value(source)
    if kind != "text":
        return read
    to_field = of_text(field.type)
    return lambda place: None if (value := read(place)) is None else to_field(value)


def _of_geo(name: str, field: Field) -> Callable[[object], object]:
    convert = of_text(field.type)
    return lambda value: value if value is None or GEO[name].type != "text" else convert(value)


def _matched(step: Step, source: Source, field: Field, reader: Reader) -> Read:
    fits, text = full_matcher(understood(step.match or "").pattern), reader.text(source)
    if step.group is None and field.type == "boolean":
        return lambda place: None if (value := text(place)) is None else fits(str(value)) is not None
    group = 1 if step.group is None else step.group
    convert = of_text(field.type)

    def matched(place: Place) -> object:
        value = text(place)
        found = fits(str(value)) if value is not None else None
        part = found[group] if found else None
        return None if part is None else convert(part)

    return matched


def condition(asked: Condition, reader: Reader) -> Test:
    """Tests *asked* of an event."""
    if asked.not_ is not None:
        inner = condition(asked.not_, reader)
        return lambda place: None if (found := inner(place)) is None else not found
    for join, parts in ((all, asked.all), (any, asked.any)):
        if parts is not None:
            return _joined(join, [condition(one, reader) for one in parts])
    return _test(asked, parse_source(asked.source or ""), reader)


def _joined(join: Callable[[list[bool | None]], bool], tests: list[Test]) -> Test:
    def joined(place: Place) -> bool | None:
        found = [test(place) for test in tests]
        return None if None in found else join(found)

    return joined


def _test(asked: Condition, source: Source, reader: Reader) -> Test:
    if asked.is_ is not None:
        # Of event parameters, null is there.
        read, wanted = reader.value(source), asked.is_ == "present"
        absent = MISSING if carried(source) == "json" else None
        return lambda place: (read(place) is not absent) is wanted
    text = reader.text(source)
    if asked.matches is not None:
        fits = full_matcher(understood(asked.matches).pattern)
        return lambda place: None if (value := text(place)) is None else fits(str(value)) is not None
    if asked.same_as is not None:
        other = reader.text(parse_source(asked.same_as))
        return lambda place: text(place) == other(place)
    wanted_value = asked.equals
    if carried(source) == "boolean":
        return lambda place: None if (value := text(place)) is None else value is wanted_value
    return lambda place: text(place) == wanted_value
