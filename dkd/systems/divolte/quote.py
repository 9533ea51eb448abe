"""Any text becomes a literal that HOCON, Groovy or JSONPath reads back as that text, and as nothing else."""

import json


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


def json_path(name: str) -> str:
    """The JSONPath of the member *name* of the root.

    A comma must not be in it: Jayway 2.4.0, which Divolte has, ends a quoted name there.
    """
    if name.isascii() and name.replace("_", "a").isalnum():
        return f"$.{name}"
    return "$['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"


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
