"""YAML text → plain values, with the line and column of every key and value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from dkd.errors import Problem

Path = tuple[str | int, ...]
Place = tuple[int, int]

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_DEEPEST = 50
_MOST_NODES = 100_000
"""A thousand events of twenty fields have as many. Aliases may name a node many times; what has more is a bomb."""


class Spot(NamedTuple):
    """A piece of one line of a file; lines and columns from 1, the end exclusive."""

    file: str
    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass
class Tree:
    """A YAML document as plain values.

    Attributes:
        value: Dicts with text keys, lists and scalars.
        keys: Line and column, from 1, of each mapping key by the path to its value.
        values: The same of each value.
        files: Where another file than *where* holds a part: its name by the path to that part.
        problems: Duplicate keys and the like, each at its line and column.
    """

    where: str
    value: object = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    files: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def file(self, path: Path) -> str:
        """Name of the file that holds *path*."""
        held = (self.files[path[:size]] for size in range(len(path), 0, -1) if path[:size] in self.files)
        return next(held, self.where) if self.files else self.where

    def place(self, path: Path, *, of_key: bool = False) -> str:
        """``file:line:column`` of *path*, or of the nearest thing around it that the file holds."""
        first, second = (self.keys, self.values) if of_key else (self.values, self.keys)
        for size in range(len(path), -1, -1):
            found = first.get(path[:size]) or second.get(path[:size])
            if found:
                return f"{self.file(path[:size])}:{found[0]}:{found[1]}"
        return f"{self.where}:1:1"

    def spot(self, path: Path) -> Spot:
        """Where the key of *path* stands, or that of the nearest thing around it that the file holds."""
        for size in range(len(path), 0, -1):
            found = self.keys.get(path[:size]) or self.values.get(path[:size])
            if found:
                return Spot(self.file(path[:size]), *found, found[1] + max(len(str(path[size - 1])), 1))
        return Spot(self.where, 1, 1, 2)

    def add(self, path: Path, code: str, problem: str, remedy: str = "", *, of_key: bool = False) -> None:
        """Note one mistake at *path*."""
        self.problems.append(Problem(self.place(path, of_key=of_key), code, problem, remedy))


def parse(text: str, where: str) -> Tree:
    """Read one YAML document.

    Args:
        text: The document.
        where: Its file name, for the places of mistakes.

    Returns:
        The tree; when the text is no YAML at all, its value is None and its one problem says where it broke.
    """
    tree = Tree(where)
    unprintable = _unprintable(text, where)
    if unprintable:
        tree.problems.append(unprintable)
        return tree
    try:
        _require_readable(text)
        node = yaml.compose(text, Loader=_LOADER)
        if node is not None:
            tree.value = _Reader(tree).read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tree.problems.append(Problem(f"{where}:{line}:{column}", "DKD201", *_broken(error, text, line, column)))
    except yaml.YAMLError as error:
        tree.problems.append(Problem(f"{where}:1:1", "DKD201", f"this is not YAML: {error}", "mend the file"))
    return tree


def _unprintable(text: str, where: str) -> Problem | None:
    """The first character that YAML takes nowhere; a text of which much is zeros is UTF-16 without its mark."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    place = f"{where}:{before.count(chr(10)) + 1}:{found.start() - before.rfind(chr(10))}"
    if text.count("\0") > len(text) // 4:
        return Problem(place, "DKD200", "this is not UTF-8", "save it as UTF-8")
    return Problem(place, "DKD201", f"the character U+{ord(found[0]):04X} stands here", "remove it")


class _RefusedError(yaml.MarkedYAMLError):
    """YAML that no model needs."""


def _broken(error: yaml.MarkedYAMLError, text: str, line: int, column: int) -> tuple[str, str]:
    """Problem and remedy of a text that is no YAML, or none that a model may be."""
    if isinstance(error, _RefusedError):
        return str(error.problem), "write it plainly"
    lines = text.splitlines()
    if lines[line - 1 : line] and lines[line - 1][column - 1 : column] == "\t":
        return "a tab stands where YAML wants spaces", "indent with spaces"
    what = " ".join(part for part in (error.context, error.problem) if part)
    return f"this is not YAML: {what}", "mend the line"


def _require_readable(text: str) -> None:
    """Make sure that *text* is neither too deep nor too large to be composed; libyaml's composer recurses, and crashes.

    Raises:
        YAMLError: When it is, or when it is no YAML.
    """
    depth = count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            depth += isinstance(event, yaml.CollectionStartEvent)
            count += 1
            if depth > _DEEPEST or count > _MOST_NODES:
                what = "this is nested too deep" if depth > _DEEPEST else f"more than {_MOST_NODES:,} values stand here"
                raise _RefusedError(problem=what, problem_mark=event.start_mark)  # type: ignore[arg-type]  # either mark


class _Reader:
    """Walks the nodes of one document into a tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.count = 0
        self.open: set[int] = set()
        self.scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, path: Path) -> object:
        """The plain value of *node*; notes its place."""
        self.tree.values[path] = _place(node)
        self.count += 1
        if self.count > _MOST_NODES:
            raise _RefusedError(problem="its aliases unfold to too many values", problem_mark=node.start_mark)
        if len(path) > _DEEPEST:
            raise _RefusedError(problem="this is nested too deep", problem_mark=node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self.open:
            raise _RefusedError(problem="an anchor holds itself", problem_mark=node.start_mark)
        self.open.add(id(node))
        value: object = (
            dict(self._pairs(node, path))
            if isinstance(node, yaml.MappingNode)
            else [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        )
        self.open.discard(id(node))
        return value

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        if ":" in node.value and node.tag in _NUMBERS:
            # YAML 1.1 would make 90 of 1:30.
            return node.value
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.tree.add(path, "DKD204", f"{node.value!r:.60} cannot be read as {node.tag}", "put it in quotes")
            return node.value

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, object]]:
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError(problem="a key must be a plain text", problem_mark=key.start_mark)
            # The text as written: YAML 1.1 would turn the keys `on` and `no` into booleans.
            name = str(key.value)
            inner = (*path, name)
            if name in seen:
                line, column = _place(key)
                problem = f"key {name!r} stands here and in line {seen[name]}"
                self.tree.problems.append(
                    Problem(f"{self.tree.where}:{line}:{column}", "DKD202", problem, "remove one of them")
                )
                continue
            seen[name] = _place(key)[0]
            self.tree.keys[inner] = _place(key)
            yield name, self.read(value, inner)


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
