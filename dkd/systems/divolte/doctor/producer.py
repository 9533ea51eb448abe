"""The text of a producer in a Divolte mapping → a tree of calls, or what of it is not understood."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?<![\w)])/(?:[^/\\]|\\.)+/)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[LlFfDdGgIi]?)|(?P<name>[A-Za-z_$][\w$]*)|(?P<mark>[.(){},~]))",
    re.S,
)
_DEEPEST = 60


class Unclear(ValueError):
    """The text is not one of the mapping language's forms; the message says from where on."""


class Literal(NamedTuple):
    """A constant: its text, and string, gstring, bool, int, long, float, double, decimal or null."""

    text: str
    kind: str


class Call(NamedTuple):
    """``of.name(args)``; *of* is None for a function, *args* None where no parentheses stand."""

    name: str
    args: "tuple[Producer, ...] | None"
    of: "Producer | None"


class Parsed(NamedTuple):
    """``parse of to kind``."""

    of: "Producer"
    kind: str


class Matched(NamedTuple):
    """``match 'pattern' against of``."""

    pattern: "Producer"
    of: "Producer"


class Negated(NamedTuple):
    """``not of``."""

    of: "Producer"


Producer = Literal | Call | Parsed | Matched | Negated


def parse_producer(text: str, defined: Mapping[str, Producer]) -> Producer:
    """The tree of *text*, in which the names of *defined* stand for their trees.

    Raises:
        Unclear: When it is none.
    """
    parser = _Parser(text, defined)
    found = parser.whole()
    parser.end()
    return found


def shown(found: Producer) -> str:
    """A producer as a mapping would write it."""
    if isinstance(found, Literal):
        return f"'{found.text}'" if found.kind in ("string", "gstring") else found.text
    if isinstance(found, Parsed):
        return f"parse {shown(found.of)} to {found.kind}"
    if isinstance(found, Matched):
        return f"match {shown(found.pattern)} against {shown(found.of)}"
    if isinstance(found, Negated):
        return f"not {shown(found.of)}"
    args = "" if found.args is None else f"({', '.join(map(shown, found.args))})"
    of = "" if found.of is None else shown(found.of)
    return (
        (f"({of})." if isinstance(found.of, Parsed | Matched | Negated) else f"{of}." if of else "") + found.name + args
    )


class _Parser:
    """Reads tokens from the left."""

    def __init__(self, text: str, defined: Mapping[str, Producer]) -> None:
        self.text, self.defined = text, defined
        self.tokens: list[tuple[str, str]] = []
        self.at = self.depth = 0
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise Unclear(f"from {text[place:].strip()[:20]!r} on")
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            place = found.end()

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise Unclear(f"{self.peek()!r} where {wanted!r} should stand")
        self.at += 1

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise Unclear(f"from {self.peek()!r} on")

    def whole(self) -> Producer:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unclear("it is nested too deep")
        try:
            return self.one()
        finally:
            self.depth -= 1

    def one(self) -> Producer:
        word, after = self.peek(), self.peek(1)
        if word == "{":
            self.take("{")
            found = self.whole()
            self.take("}")
            return found
        if word == "parse" and after != ".":
            self.at += 1
            of = self.whole()
            self.take("to")
            kind = self.peek()
            self.at += 1
            return Parsed(of, kind)
        if word == "match" and after != ".":
            self.at += 1
            pattern = self.primary()
            self.take("against")
            return Matched(pattern, self.whole())
        if word == "not" and after != ".":
            self.at += 1
            return Negated(self.whole())
        return self.chain(self.primary())

    def chain(self, found: Producer) -> Producer:
        while self.peek() == ".":
            self.at += 1
            if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
                raise Unclear(f"{self.peek()!r} stands behind a dot")
            name = self.peek()
            self.at += 1
            found = Call(name, self.args() if self.peek() == "(" else None, found)
        return found

    def args(self) -> tuple[Producer, ...]:
        self.take("(")
        found: list[Producer] = []
        while self.peek() != ")":
            found.append(self.whole())
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        return tuple(found)

    def primary(self) -> Producer:
        if self.at >= len(self.tokens):
            raise Unclear("it breaks off")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            return _string(text)
        if kind == "number":
            return _number(text)
        if text == "~":
            return self.primary()
        if text == "(":
            found = self.whole()
            self.take(")")
            return found
        if kind != "name":
            raise Unclear(f"from {text!r} on")
        if text in ("true", "false"):
            return Literal(text, "bool")
        if text == "null":
            return Literal(text, "null")
        if self.peek() == "(":
            return Call(text, self.args(), None)
        return self.defined.get(text) or Call(text, None, None)


def _string(text: str) -> Literal:
    size = 3 if text[:3] in ("'''", '"""') and len(text) >= 6 else 1
    inner = text[size:-size]
    if text[0] == "/":
        return Literal(inner.replace("\\/", "/"), "string")
    is_template = text[0] == '"' and re.search(r"(?<!\\)\$(?:\{|[A-Za-z_])", inner) is not None
    return Literal(re.sub(r"\\(.)", _unescaped, inner, flags=re.S), "gstring" if is_template else "string")


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(found[1], found[1])


_SUFFIX = {"l": "long", "f": "float", "d": "double", "g": "decimal", "i": "int"}


def _number(text: str) -> Literal:
    ending = text[-1].lower()
    if ending in _SUFFIX:
        return Literal(text, _SUFFIX[ending])
    if {".", "e", "E"} & set(text):
        return Literal(text, "decimal")
    return Literal(text, "int" if abs(int(text)) < 2**31 else "long")
