"""The code keeps its shape: sizes, names and docstrings of the style that the project asks of itself."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "dkd").rglob("*.py"))
KERNEL = sorted(one for one in (ROOT / "dkd" / "kernel").iterdir() if one.suffix in (".pyx", ".pxd"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(node: Function) -> int:
    first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
    return (node.end_lineno or node.lineno) - first


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_becomes_what(path: Path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= 300
    assert ast.get_docstring(tree) or not text
    too_long = [node.name for node in functions(tree) if body_lines(node) > 40]
    assert too_long == []
    crowded = [
        node.name
        for node in functions(tree)
        # A command's options are its parameters.
        if len([a for a in node.args.args if a.arg not in ("self", "cls")]) > 6 and path.parent.name != "cli"
    ]
    assert crowded == []


@pytest.mark.parametrize("path", KERNEL, ids=lambda path: path.name)
def test_the_kernel_keeps_its_shape(path: Path):
    """A little larger than Python's modules are, as each variable is declared."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 420
    assert re.match(r'(# cython: .+\n)?"""[A-Z]', text)
    assert path.suffix == ".pxd" or path.with_suffix(".pyi").exists()
    lines = re.sub(r'""".*?"""', "", text, flags=re.DOTALL).split("\n")
    starts = [place for place, line in enumerate(lines) if re.match(r" *(def|cdef .*\)[^)]*:$)", line)]
    too_long = [(start, end) for start, end in pairwise([*starts, len(lines)]) if end - start > 70]
    assert too_long == []


def test_most_functions_are_short():
    sizes = sorted(body_lines(node) for path in MODULES for node in functions(ast.parse(path.read_text("utf-8"))))
    assert sizes[len(sizes) * 9 // 10] <= 20


def test_no_module_has_an_empty_name():
    vague = {"utils", "util", "helpers", "helper", "data", "info", "manager", "common", "misc"}
    assert [path for path in MODULES if path.stem in vague] == []


def test_nothing_changes_at_module_level():
    assert [
        path for path in MODULES if any(isinstance(n, ast.Global) for n in ast.walk(ast.parse(path.read_text())))
    ] == []


def test_broad_excepts_stay_counted():
    """Each one stands where a fault of one thing must not end all, and says so beside it."""
    broad = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert len(broad) <= 6, broad
