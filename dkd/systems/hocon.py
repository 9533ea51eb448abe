"""HOCON or JSON text → plain values, each with its line and column, and with how it was written.

An own reader, because the faults of old files lie in what other readers give up: the place, the quotes and the unit of
a value, substitutions that nothing fills, a comment in a JSON file. What is no HOCON ends in one problem at its place.
"""

import re
from bisect import bisect_right
from typing import Any

from dkd.systems.places import Broken, Document, Node

_DEEPEST = 60
_SPACE = " \t\r\f\v\ufeff\u00a0"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_SUBSTITUTION = re.compile(r"\$\{(\??)([^}\n]*)\}")
_PLAIN_KEY = re.compile(r'[^".=:{}\[\],\n+#]+')
_INCLUDE = re.compile(r"include\s+(?:required\()?\s*(?:(?:file|url|classpath)\()?\s*\"([^\"\n]*)\"[\s)]*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"'}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class _Stop(Exception):
    """Ends the reading at the present place."""


def read(text: str) -> Document:
    """Read *text*; a mistake ends the reading and is in the document."""
    reader = _Reader(text)
    document = Document(Node({}, 1, 1))
    reader.document = document
    try:
        reader.whole(document.root)
    except _Stop as stop:
        line, column = reader.place(reader.at)
        document.broken = Broken(line, column, str(stop))
    return document


class _Reader:
    """Walks through one text."""

    document: Document

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.partial: Node | None = None
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a position."""
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def whole(self, root: Node) -> None:
        """The document: an object with or without braces, or a list."""
        self.blank()
        root.line, root.column = self.place(self.at)
        if self.peek() == "[":
            root.value = []
            self.items(root.value)
        elif self.peek() == "{":
            self.members(root.value, "}")
        else:
            self.members(root.value, "")
        self.blank()
        if self.at < len(self.text):
            raise _Stop(f"{self.text[self.at : self.at + 12].split()[0]!r} stands after the end")

    def peek(self, size: int = 1) -> str:
        return self.text[self.at : self.at + size]

    def blank(self, *, lines: bool = True) -> bool:
        """Pass over blanks and comments; whether a line ended or a comma stood there."""
        ended = False
        while self.at < len(self.text):
            here = self.text[self.at]
            if here in _SPACE:
                self.at += 1
            elif here in "\n," and lines:
                ended = True
                self.at += 1
            elif here == "#" or self.peek(2) == "//":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.peek(2) == "/*":
                end = self.text.find("*/", self.at)
                self.at = len(self.text) if end < 0 else end + 2
            else:
                break
        return ended

    def members(self, into: dict[str, Node], close: str) -> None:
        """``key = value`` until *close*, behind the brace that opened it."""
        self.at += len(close)
        self.deeper()
        while True:
            self.blank()
            if self.at >= len(self.text):
                if close:
                    raise _Stop("a brace is never closed")
                break
            if close and self.peek() == close:
                self.at += 1
                break
            if found := _INCLUDE.match(self.text, self.at):
                self.document.includes.append(found[1])
                self.at = found.end()
                continue
            self.member(into)
        self.depth -= 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Stop("this is nested too deep")

    def member(self, into: dict[str, Node]) -> None:
        start = self.at
        path = self.key()
        self.blank(lines=False)
        while self.peek() == "\n":
            self.at += 1
            self.blank(lines=False)
        adds = self.peek(2) == "+="
        if adds:
            self.at += 2
        elif self.peek() in ("=", ":") and self.peek():
            self.at += 1
        elif self.peek() != "{":
            raise _Stop(f"after the key {'.'.join(path)!r} there is no value")
        try:
            value = self.value()
        except _Stop:
            # What was read of the value is kept: it tells what kind of file this is.
            if self.partial is not None:
                self.put(into, path, self.partial, adds)
            raise
        value.key = self.place(start)
        self.put(into, path, value, adds)

    def key(self) -> list[str]:
        """A path of keys: quoted ones are whole, dots part the others."""
        path: list[str] = [""]
        start = self.at
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == '"':
                path[-1] += self.string()
            elif here == ".":
                path.append("")
                self.at += 1
            elif here in '=:{}[],\n"' or self.peek(2) == "+=" or here == "#":
                break
            else:
                plain = _PLAIN_KEY.match(self.text, self.at)
                path[-1] += plain[0] if plain else here
                self.at += len(plain[0]) if plain else 1
        if self.at == start:
            raise _Stop(f"{self.peek()!r} stands where a key should")
        return [part.strip() if '"' not in self.text[start : self.at] else part.strip(" \t") for part in path]

    def put(self, into: dict[str, Node], path: list[str], value: Node, adds: bool) -> None:
        for part in path[:-1]:
            inner = into.get(part)
            if inner is None or not isinstance(inner.value, dict):
                inner = into[part] = Node({}, value.line, value.column)
                inner.key = value.key
            into = inner.value
        name = path[-1]
        earlier = into.get(name)
        if earlier is None:
            into[name] = Node([value], value.line, value.column) if adds else value
        elif isinstance(earlier.value, dict) and isinstance(value.value, dict):
            self.document.twice.append((name, *value.key))
            for inner_name, inner in value.value.items():
                self.put(earlier.value, [inner_name], inner, False)
        elif adds and isinstance(earlier.value, list):
            earlier.value.append(value)
        elif value.value is None and value.names and all(name.startswith("?") for name in value.names):
            # An optional substitution that nothing fills leaves what stood before.
            earlier.names += value.names
        else:
            self.document.twice.append((name, *value.key))
            into[name] = value

    def value(self) -> Node:
        """One value: pieces that stand beside each other are one."""
        self.blank(lines=False)
        while self.peek() == "\n":
            self.at += 1
            self.blank(lines=False)
        line, column = self.place(self.at)
        node: Node | None = None
        while True:
            blanks = self.at
            self.blank(lines=False)
            here = self.peek()
            if not here or here in "\n,}]":
                break
            piece = self.piece(line, column)
            node = piece if node is None else _joined(node, piece, self.text[blanks : self.at])
        if node is None:
            raise _Stop("a value is missing")
        return node

    def piece(self, line: int, column: int) -> Node:
        here = self.peek()
        if here in ("{", "["):
            node = Node({} if here == "{" else [], line, column)
            try:
                self.members(node.value, "}") if here == "{" else self.items(node.value)
            except _Stop:
                self.partial = node
                raise
            return node
        if here == '"':
            text = self.string()
            return Node(text, line, column, text, quoted=True)
        if found := _SUBSTITUTION.match(self.text, self.at):
            self.at = found.end()
            return Node(None, line, column, found[0], names=(found[1] + found[2].strip(),))
        return self.unquoted(line, column)

    def unquoted(self, line: int, column: int) -> Node:
        start = self.at
        while self.at < len(self.text):
            here = self.text[self.at]
            if here in '\n,}]{["#' or self.peek(2) in ("//", "${", "/*"):
                break
            self.at += 1
        if self.at == start:
            raise _Stop(f"{self.peek()!r} stands where a value should")
        text = self.text[start : self.at].rstrip(_SPACE)
        self.at = start + len(text)
        return Node(_scalar(text), line, column, text)

    def items(self, into: list[Node]) -> None:
        self.at += 1
        self.deeper()
        while True:
            self.blank()
            if self.at >= len(self.text):
                raise _Stop("a bracket is never closed")
            if self.peek() == "]":
                self.at += 1
                break
            if self.peek() == "}":
                raise _Stop("a brace closes what a bracket opened")
            into.append(self.value())
        self.depth -= 1

    def string(self) -> str:
        if self.peek(3) == '"""':
            end = self.text.find('"""', self.at + 3)
            if end < 0:
                raise _Stop("a text is never closed")
            text = self.text[self.at + 3 : end]
            self.at = end + 3
            return text
        found = _STRING.match(self.text, self.at)
        if found is None:
            raise _Stop("a text is never closed")
        self.at = found.end()
        return _ESCAPE.sub(_unescaped, found[1])


_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text) and len(text) < 300:
        return float(text) if {".", "e", "E"} & set(text) else int(text)
    return text


def _joined(first: Node, second: Node, blanks: str) -> Node:
    """Two pieces that stand beside each other."""
    if isinstance(first.value, dict) and isinstance(second.value, dict):
        first.value.update(second.value)
        return first
    if isinstance(first.value, list) and isinstance(second.value, list):
        first.value.extend(second.value)
        return first
    for whole in (first, second):
        if isinstance(whole.value, dict | list):
            whole.names = first.names + second.names
            return whole
    gap = blanks[: len(blanks) - len(blanks.lstrip(_SPACE))]
    text = first.text + gap + second.text
    return Node(text, first.line, first.column, text, names=first.names + second.names)
