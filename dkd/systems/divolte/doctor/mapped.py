"""The statements of a Divolte mapping → which producer fills which field when, and what was not understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dkd.systems.divolte.doctor.producer import Producer, Unclear, parse_producer
from dkd.systems.divolte.doctor.script import Statement, statements

_MAP = re.compile(r"map\b\s*(.*?)\s*\b(onto|to)\s+(['\"])(.*)\3\s*", re.S)
_DEF = re.compile(r"(?:def\s+|(?:String|boolean|int|long)\s+)?([A-Za-z_$][\w$]*)\s*=(?!=)\s*(.+)", re.S)
_WHEN = re.compile(r"when\b\s*(.*?)\s*\bapply", re.S)
_WHEN_END = re.compile(r"when\b\s*(.*?)\s*\b(stop|exit)\s*\(\s*\)", re.S)
_NO_APPLY = re.compile(r"when\b(?!.*\bapply\b).*\{.*\}", re.S)
_GROOVY = re.compile(r"(?:if|for|while|else|return|import|println|try|catch|switch)\b|.*\.each\b|def\s+\w+\s*\(")


class Mapped(NamedTuple):
    """One field that is filled.

    Attributes:
        field: Its name in the schema.
        producer: What fills it.
        conditions: When; nothing means always.
        statement: The statement that says so.
    """

    field: str
    producer: Producer
    conditions: tuple[Producer, ...]
    statement: Statement


class Complaint(NamedTuple):
    """A statement that is no form of the language (``form``), or that may be right and is not understood."""

    statement: Statement
    kind: str
    problem: str
    remedy: str


@dataclass
class Script:
    """A whole mapping.

    Attributes:
        fields: In the order of the text.
        conditions: Of every ``when``.
        definitions: Names that it gives to producers, with where.
        ends: Each ``exit()`` and ``stop()``.
        complaints: What is no statement, or not understood.
    """

    fields: list[Mapped] = field(default_factory=list)
    conditions: list[tuple[Producer, Statement]] = field(default_factory=list)
    definitions: dict[str, tuple[Producer, Statement]] = field(default_factory=dict)
    ends: list[Statement] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def complain(self, statement: Statement, kind: str, problem: str, remedy: str) -> None:
        """Note one complaint."""
        self.complaints.append(Complaint(statement, kind, problem, remedy))


def is_mapping(text: str) -> bool:
    """Whether *text* looks like a mapping."""
    return bool(re.search(r"^\s*mapping\s*\{|\bmap\b[^\n]*\bonto\b|^\s*map\b[^\n]*\)\s+to\s+'", text, re.M))


def script(text: str) -> Script:
    """Read a mapping."""
    found, top = Script(), statements(text)
    reader = _Reader(found)
    inside = [one for one in top if one.words == "mapping" and one.block is not None]
    for one in top:
        if one in inside:
            reader.block(one.block or (), ())
        elif _DEF.fullmatch(one.words) or one.words.startswith(("map ", "map{", "when ", "section")):
            remedy = "put it inside mapping { … }"
            found.complain(one, "form", f"{_short(one.words)!r} stands outside mapping", remedy)
            reader.block((one,), ())
        else:
            found.complain(one, "unclear", _short(one.words), "")
    if top and not inside:
        found.complain(top[0], "form", "there is no mapping { … }", "put all statements inside one")
    return found


def _short(words: str) -> str:
    return words if len(words) <= 70 else words[:69] + "…"


class _Reader:
    """Walks through statements."""

    def __init__(self, found: Script) -> None:
        self.found = found

    def producer(self, statement: Statement, text: str) -> Producer | None:
        """The producer of *text*; None, with a complaint, when it is none."""
        try:
            return parse_producer(text, {name: one for name, (one, _) in self.found.definitions.items()})
        except Unclear as error:
            self.found.complain(statement, "unclear", f"{_short(statement.words)} ({error})", "")
            return None

    def block(self, inside: tuple[Statement, ...], conditions: tuple[Producer, ...]) -> None:
        for one in inside:
            self.statement(one, conditions)

    def statement(self, one: Statement, conditions: tuple[Producer, ...]) -> None:
        words = one.words
        if one.block is not None:
            self.opening(one, conditions)
        elif re.fullmatch(r"(?:exit|stop)\s*\(\s*\)", words):
            self.found.ends.append(one)
        elif found := _MAP.fullmatch(words):
            self.map(one, found, conditions)
        elif words.startswith("map"):
            problem, remedy = f"{_short(words)!r} maps onto no field", "write map PRODUCER onto 'field'"
            self.found.complain(one, "form", problem, remedy)
        elif _NO_APPLY.fullmatch(words):
            self.found.complain(one, "form", f"{_short(words)!r} lacks apply", "write when CONDITION apply { … }")
        elif found := _WHEN_END.fullmatch(words):
            self.condition(one, found[1])
            self.found.ends.append(one)
        elif words.startswith("when"):
            remedy = "write when CONDITION apply { … }, or when CONDITION stop()"
            self.found.complain(one, "form", f"{_short(words)!r} is no condition", remedy)
        elif (found := _DEF.fullmatch(words)) and not _GROOVY.match(words):
            self.define(one, found[1], found[2])
        else:
            self.found.complain(one, "unclear", _short(words), "")

    def opening(self, one: Statement, conditions: tuple[Producer, ...]) -> None:
        inner = one.block or ()
        if one.words == "section":
            self.block(inner, conditions)
        elif found := _WHEN.fullmatch(one.words):
            condition = self.condition(one, found[1])
            self.block(inner, conditions if condition is None else (*conditions, condition))
        else:
            self.found.complain(one, "unclear", f"{_short(one.words)} {{ … }}", "")

    def condition(self, one: Statement, text: str) -> Producer | None:
        found = self.producer(one, text)
        if found is not None:
            self.found.conditions.append((found, one))
        return found

    def define(self, one: Statement, name: str, text: str) -> None:
        found = self.producer(one, text)
        if found is not None:
            self.found.definitions[name] = (found, one)

    def map(self, one: Statement, found: re.Match[str], conditions: tuple[Producer, ...]) -> None:
        producer = self.producer(one, found[1])
        if found[2] == "to":
            self.found.complain(one, "form", f"{_short(one.words)!r} says to for onto", f"write onto '{found[4]}'")
        if producer is not None:
            self.found.fields.append(Mapped(found[4], producer, conditions, one))


def producers(found: Script) -> Iterator[tuple[Producer, Statement]]:
    """Every producer of a script with its statement: mapped ones, conditions, and definitions that nothing uses."""
    for one in found.fields:
        yield one.producer, one.statement
    yield from found.conditions
    yield from found.definitions.values()
