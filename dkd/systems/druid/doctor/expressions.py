"""Druid's expressions and JSON paths → the mistake at which a task fails, if there is one."""

import re
from itertools import pairwise

from dkd.systems.druid.doctor.known import FUNCTIONS
from dkd.systems.faults import nearest

Mistake = tuple[str, str]
"""What is wrong, and the remedy."""

_TOKEN = re.compile(
    r"\s+|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[A-Za-z_$][\w$]*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|->|[=!<>]=|&&|\|\||"
    r"[-+*/%^(),\[\]<>!]"
)
_PAIRS = {")": "(", "]": "["}
_OPERATORS = frozenset({"+", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "=", ","})
_STEP = re.compile(
    r"\.\.?[^.\[\]()'\"\s]+|\.\.?(?=\[)|\[\s*(?:'[^']*'|\"[^\"]*\"|\*|-?\d+(?:\s*[:,]\s*-?\d+)*:?|:-?\d+|\?\(.*?\))\s*\]"
)


def expression_mistake(expression: str) -> Mistake | None:
    """Why Druid 33 cannot use *expression*, as far as its words, brackets and operators tell."""
    if not expression.strip():
        return "the expression is empty", "write one, or remove the transform"
    tokens, at = [], 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            return f"{expression[at : at + 10]!r} is not understood", "mend the expression"
        at = found.end()
        if found[0].strip():
            tokens.append(found[0])
    return _unknown_function(tokens) or _unbalanced(tokens) or _dangling(tokens)


def _unknown_function(tokens: list[str]) -> Mistake | None:
    for name, after in pairwise(tokens):
        if after == "(" and re.match(r"[A-Za-z_]", name) and name.lower() not in FUNCTIONS:
            return f"there is no function {name!r}", nearest(name, FUNCTIONS)
    return None


def _unbalanced(tokens: list[str]) -> Mistake | None:
    opened: list[str] = []
    for one in tokens:
        if one in ("(", "["):
            opened.append(one)
        elif one in _PAIRS and (not opened or opened.pop() != _PAIRS[one]):
            return f"{one!r} closes nothing", "remove it"
    return (f"{opened[-1]!r} is never closed", "close it") if opened else None


def _dangling(tokens: list[str]) -> Mistake | None:
    for before, one in pairwise(["(", *tokens]):
        if one in _OPERATORS and (before in _OPERATORS or before in ("(", "[")):
            return f"{one!r} has nothing before it", "mend the expression"
    if tokens[-1] in _OPERATORS or tokens[-1] in ("-", "!"):
        return f"{tokens[-1]!r} has nothing behind it", "mend the expression"
    return None


def path_mistake(path: str) -> Mistake | None:
    """Why *path* is no JSONPath."""
    if not path.startswith("$"):
        return f"the path {path!r} doesn't begin with $", f"write $.{path}"
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return f"the path {path!r} breaks off at {path[at : at + 8]!r}", "write $.name or $['name']"
        at = found.end()
    return None
