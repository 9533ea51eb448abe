"""A model becomes ``mapping.groovy``: the statements by which Divolte 0.9.0 makes a raw record of a request."""

from collections.abc import Iterator

from dkd.model.columns import RAW_FIELDS
from dkd.model.geo import GEO
from dkd.model.literal import literal as held
from dkd.model.schema import Field, Model
from dkd.model.source import Source, carried, holds_list, parse_source, steps_of
from dkd.model.step import Step
from dkd.systems.divolte.producers import Producers
from dkd.systems.divolte.quote import literal
from dkd.systems.text import mark

_MOST_CHARACTERS = 16_000
"""In one block; 60,000 were a method that was just small enough."""
_WHOLE = frozenset({"int", "long", "timestamp"})
_PARSE = {"int": "int32", "long": "int64", "timestamp": "int64", "float": "fp32", "double": "fp64"}


def mapping(model: Model) -> str:
    """``mapping.groovy``: each field of the raw record that Divolte can fill; comments say which it cannot, and why.

    A statement sets its field only where it has a value, and overwrites what an earlier one set. So the steps of a
    field stand backwards: its default first, the step that is to win last.
    """
    producers = Producers()
    own: list[str] = []
    for name, field in model.all_fields.items():
        if field.privacy != "drop":
            own += _Field(model, name, field, producers).statements()
    lines = [*_standard(model), *producers.definitions(), *_in_sections(own)]
    return mark(model.site, "//") + "mapping {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _in_sections(statements: list[str]) -> Iterator[str]:
    """The *statements*, in sections where they are many: a block becomes a method, and Java takes none above 64 KB."""
    if sum(map(len, statements)) <= _MOST_CHARACTERS:
        yield from statements
        return
    size = 0
    for index, statement in enumerate(statements):
        if index == 0 or size + len(statement) > _MOST_CHARACTERS:
            yield from ["}"] * (index > 0)
            yield "section {"
            size = 0
        yield f"  {statement}"
        size += len(statement)
    yield "}"


def _standard(model: Model) -> Iterator[str]:
    for field in RAW_FIELDS:
        if field.name == "remoteHost" and model.collector.ip != "full":
            yield f"// no remoteHost: Divolte cannot {model.collector.ip} an address (collector.ip), so it sends none"
        elif field.producer:
            yield f"map {field.producer} onto '{field.name}'"


class _Field:
    """Writes the statements of one field."""

    def __init__(self, model: Model, name: str, field: Field, producers: Producers) -> None:
        self._model, self._name, self._field, self._producers = model, name, field, producers

    def statements(self) -> Iterator[str]:
        if self._field.default is not None:
            yield f"map {self._literal(self._field.default)} onto '{self._name}'"
        for step in reversed(steps_of(self._name, self._field)):
            condition = self._producers.condition(step.when) if step.when is not None else ""
            for statement in self._step(step):
                is_plain = not condition or statement.startswith("//")
                yield statement if is_plain else f"when {condition} apply {{ {statement} }}"

    def _step(self, step: Step) -> Iterator[str]:
        if step.value is not None:
            yield self._onto(self._literal(step.value))
        elif step.test is not None:
            yield self._onto(self._producers.condition(step.test))
        elif step.source is not None:
            yield from self._source(step, parse_source(step.source))

    def _source(self, step: Step, source: Source) -> Iterator[str]:
        if step.match is not None:
            yield from self._matched(step, source)
        elif step.geo is not None:
            address, known = self._producers.text(source), GEO[step.geo]
            yield from self._carried(known.type, f"ip2geo({address}).{known.producer}")
        elif source == Source("column", "ip") and self._model.collector.ip != "full":
            yield f"// no {self._name}: Divolte cannot {self._model.collector.ip} an address (collector.ip)"
        elif self._field.type == "list":
            yield from self._list(source)
        elif source.kind == "parameter" and self._field.type in _WHOLE:
            # A path keeps the low bits of a number that does not fit; a text that does not is no number.
            yield self._onto(self._parsed(self._producers.text(source)))
        else:
            yield from self._carried(carried(source), self._producers.value(source))

    def _matched(self, step: Step, source: Source) -> Iterator[str]:
        matcher = self._producers.matcher(step.match or "", source)
        if step.group is None and self._field.type == "boolean":
            yield self._onto(f"{matcher}.matches()")
            return
        group = step.group if isinstance(step.group, str) else str(1 if step.group is None else step.group)
        text = f"{matcher}.group({literal(group, 'string') if isinstance(step.group, str) else group})"
        yield from self._carried("text", text)

    def _carried(self, kind: str, producer: str) -> Iterator[str]:
        """What a producer of *kind* gives to the field."""
        if kind != "text":
            yield self._onto(producer)
        elif self._field.type == "list":
            yield f"// no {self._name}: Divolte cannot make a list of one text"
        elif self._field.type == "boolean":
            # `parse to bool` would make false of every other text.
            for text in ("true", "false"):
                yield f"when {producer}.equalTo('{text}') apply {{ map {text} onto '{self._name}' }}"
        else:
            yield self._onto(self._parsed(producer))

    def _list(self, source: Source) -> Iterator[str]:
        if holds_list(source):
            yield self._onto(self._producers.texts(source))
        else:
            yield f"// no {self._name}: Divolte cannot make a list of one {_NOUNS.get(source.kind, 'text')}"

    def _parsed(self, producer: str) -> str:
        kind = _PARSE.get(self._field.type)
        return f"{{ parse {producer} to {kind} }}" if kind else producer

    def _literal(self, value: str | int | float | bool) -> str:
        return literal(held(value, self._field), self._field.type)

    def _onto(self, producer: str) -> str:
        return f"map {producer} onto '{self._name}'"


_NOUNS = {"cookie": "cookie value", "header": "header value"}
