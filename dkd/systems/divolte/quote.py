"""Any text becomes a literal that HOCON or Groovy reads back as that text, and as nothing else; so do other values."""

import json

from dkd.model.step import Literals


def hocon(text: str) -> str:
    """A quoted HOCON string: JSON's, in which neither ``${}`` nor ``#`` means anything."""
    return json.dumps(text, ensure_ascii=True)


def groovy(text: str) -> str:
    r"""A single-quoted Groovy string, in which ``$`` means nothing.

    Groovy turns ``\uXXXX`` into its character before it looks for quotes, line ends and backslashes. So all of those
    are written in octal, and ``\u`` stands only for characters that mean nothing to it.
    """
    literals = ["'" + "".join(map(_groovy_unit, part)) + "'" for part in _split(_utf16(text), 0xFFFF)]
    # Groovy's lexer takes this one for the end of the file, however it is written.
    return literals[0] if len(literals) == 1 else "(" + " + (char) 65535 + ".join(literals) + ")"


def literal(value: Literals, kind: str) -> str:
    """A Groovy literal of just the type that Divolte wants for a field of type *kind*.

    Numbers stand in parentheses where they are negative, because ``map -1`` is a subtraction to Groovy.
    """
    if isinstance(value, str):
        return groovy(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value!r}{_SUFFIXES[kind]}"
    return f"({text})" if text.startswith("-") else text


_SUFFIXES = {"int": "", "long": "L", "timestamp": "L", "float": "F", "double": "D"}


def _utf16(text: str) -> list[int]:
    content = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(content[at : at + 2], "big") for at in range(0, len(content), 2)]


def _split(units: list[int], at: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for unit in units:
        if unit == at:
            parts.append([])
        else:
            parts[-1].append(unit)
    return parts


def _groovy_unit(unit: int) -> str:
    if 0x20 <= unit <= 0x7E and chr(unit) not in "\\'":
        return chr(unit)
    return f"\\{unit:03o}" if unit <= 0xFF else f"\\u{unit:04x}"
