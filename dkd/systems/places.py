"""Values of a HOCON or JSON text with their places: what :mod:`dkd.systems.hocon` reads and the doctors look at."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass
class Node:
    """One value.

    Attributes:
        value: A dict of nodes, a list of nodes, or a plain scalar; None where only a substitution stands.
        line: From 1.
        column: From 1.
        text: A scalar as written, without quotes.
        quoted: Whether it stood in double quotes.
        names: The substitutions that it holds, in which ``?`` opens an optional one.
        key: Line and column of the key that leads to it; of itself where none does.
    """

    value: Any
    line: int
    column: int
    text: str = ""
    quoted: bool = False
    names: tuple[str, ...] = ()
    key: tuple[int, int] = (0, 0)

    def get(self, *path: str) -> "Node | None":
        """The node below a path of keys; None where there is none."""
        found: Node | None = self
        for name in path:
            found = found.value.get(name) if found is not None and isinstance(found.value, dict) else None
        return found

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {name: inner.plain() for name, inner in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain() for inner in self.value]
        return self.value


class Broken(NamedTuple):
    """Where and why a text cannot be read on."""

    line: int
    column: int
    problem: str


@dataclass
class Document:
    """What was read.

    Attributes:
        root: The whole; what stood before a mistake when there is one.
        broken: The mistake that ended the reading, if any.
        twice: Keys that stood twice in one object, with the place of the second.
        includes: Files that it includes, which are not read.
    """

    root: Node
    broken: Broken | None = None
    twice: list[tuple[str, int, int]] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
