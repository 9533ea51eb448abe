"""YAML text → frozen Model, or every mistake of the file, each at its line and column with the nearest valid names."""

import codecs
from collections.abc import Iterable
from pathlib import Path as File

from dkd.errors import ModelError, Problem, UsageError
from dkd.model.checks import check
from dkd.model.include import Reader, include
from dkd.model.normal import normalise
from dkd.model.schema import Model
from dkd.model.tree import Tree, parse
from dkd.model.valid import validated

_MOST_BYTES = 5_000_000


def read_model(path: File) -> Model:
    """The model in the file *path*; raises what :func:`read_placed` raises."""
    return read_placed(path)[0]


def read_placed(path: File) -> tuple[Model, Tree]:
    """The model in the file *path*, and the tree that knows where each part of it stands.

    Raises:
        UsageError: DKD110, when the file cannot be read.
        ModelError: With every mistake of the file, in its order.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            "DKD110", where=str(path), problem=str(error.strerror), remedy="name a readable file"
        ) from error
    return load_placed(decoded(content, str(path)), str(path), beside(path))


def beside(path: File) -> Reader:
    """What reads the files that the model at *path* includes."""

    def read(name: str) -> str | None:
        file = path.parent / name
        try:
            return decoded(file.read_bytes(), str(file))
        except OSError:
            return None

    return read


def decoded(content: bytes, where: str) -> str:
    """The text of a model's file.

    A byte order mark and the line ends of Windows are refused too, although YAML reads them: the same file must be the
    same bytes for everybody, and git, digests and other tools tell them apart.

    Raises:
        ModelError: DKD200, when it is too large, or no UTF-8 with plain line ends.
    """
    if len(content) > _MOST_BYTES:
        problem = f"{len(content)} bytes are more than a model may have"
        raise ModelError("DKD200", where=f"{where}:1:1", problem=problem, remedy=f"keep it below {_MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(content, where, error.start, "this is not UTF-8", "save it as UTF-8") from error
    if content.startswith(codecs.BOM_UTF8):
        raise _unreadable(content, where, 0, "it begins with a byte order mark", "save it as UTF-8 without one")
    if "\r" in text:
        remedy = "save it with Unix line ends; in git: *.yaml text eol=lf in .gitattributes"
        raise _unreadable(content, where, content.index(b"\r"), "its lines end as on Windows", remedy)
    return text


def _unreadable(content: bytes, where: str, at: int, problem: str, remedy: str) -> ModelError:
    line, column = content[:at].count(b"\n") + 1, at - content.rfind(b"\n", 0, at)
    return ModelError("DKD200", where=f"{where}:{line}:{column}", problem=problem, remedy=remedy)


def load(text: str, where: str, read: Reader = lambda _: None) -> Model:
    """The model that *text* holds.

    Args:
        text: One YAML document.
        where: Name of its file, for the places of mistakes.
        read: Reads the files that it includes.

    Raises:
        ModelError: With every mistake, in the order of the file: wrong YAML, unknown keys and values, and names that
            lead nowhere, all at once.
    """
    return load_placed(text, where, read)[0]


def load_placed(text: str, where: str, read: Reader = lambda _: None) -> tuple[Model, Tree]:
    """The model that *text* holds, and the tree that knows where each part of it stands; as :func:`load`."""
    tree = parse(text, where)
    if not isinstance(tree.value, dict):
        if not tree.problems:
            found = "is empty" if tree.value is None else f"holds {_kind(tree.value)} at the top"
            tree.add((), "DKD200", f"the model {found}", "start with dkd: 1 and site: NAME, or run dkd init")
        raise ModelError.of(tree.problems)
    is_whole = include(tree, read)
    root = normalise(tree)
    model, lost = validated(root, tree)
    for path, code, problem, remedy in check(model):
        if not lost.explains(path, code, problem):
            tree.add(path, code, problem, remedy, of_key=code in _KEY_CODES)
    if tree.problems:
        told = (one for one in tree.problems if is_whole or one.code not in ("DKD213", "DKD227"))
        raise ModelError.of(in_file_order(told, where))
    return model, tree


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "one value"


_KEY_CODES = frozenset({"DKD210", "DKD219", "DKD224", "DKD226", "DKD276", "DKD277"})


def in_file_order(problems: Iterable[Problem], where: str) -> list[Problem]:
    """Each of *problems* once: those of the file *where* first, those of included files after them."""

    def key(problem: Problem) -> tuple[bool, str, int, int, Problem]:
        file, line, column = problem.where.rsplit(":", 2)
        return file != where, file, int(line), int(column), problem

    return sorted(set(problems), key=key)
