"""Class files → the names that Jackson reads, annotated with JsonProperty; laid out as the JVM's specification says.

https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html
"""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
"""Bytes of each entry of the constant pool behind its tag; texts, of tag 1, say their own length."""


class Reader:
    """Walks one class file."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 8
        self._texts = dict(self._constants())

    def properties(self) -> tuple[set[str], set[str]]:
        """Names at parameters, which are read, and at methods and fields, which are written too."""
        self._at += 6
        interfaces = self._number(2)
        self._at += 2 * interfaces
        read: set[str] = set()
        written: set[str] = set()
        for _ in ("fields", "methods"):
            for _ in range(self._number(2)):
                self._number(2)
                name = self._texts[self._number(2)]
                self._number(2)
                for _ in range(self._number(2)):
                    kind, size = self._texts[self._number(2)], self._number(4)
                    end = self._at + size
                    if kind == "RuntimeVisibleAnnotations":
                        written |= {value or _field(name) for value in self._annotations()}
                    elif kind == "RuntimeVisibleParameterAnnotations":
                        read |= {value for _ in range(self._number(1)) for value in self._annotations() if value}
                    self._at = end
        return read, written

    def _number(self, size: int) -> int:
        found = int.from_bytes(self._content[self._at : self._at + size], "big")
        self._at += size
        return found

    def _constants(self) -> Iterator[tuple[int, str]]:
        index, count = 1, self._number(2)
        while index < count:
            tag = self._number(1)
            if tag == 1:
                size = self._number(2)
                yield index, self._content[self._at : self._at + size].decode("utf-8", "replace")
                self._at += size
            else:
                self._at += _SIZES[tag]
            index += 2 if tag in (5, 6) else 1

    def _annotations(self) -> list[str]:
        """The value of each JsonProperty of a list of annotations, empty where it names none."""
        return [value for kind, value in (self._annotation() for _ in range(self._number(2))) if kind]

    def _annotation(self) -> tuple[bool, str]:
        kind, value = self._texts[self._number(2)], ""
        for _ in range(self._number(2)):
            name, found = self._texts[self._number(2)], self._element()
            value = found if name == "value" else value
        return kind.endswith("/JsonProperty;"), value

    def _element(self) -> str:
        tag = chr(self._number(1))
        if tag == "[":
            for _ in range(self._number(2)):
                self._element()
        elif tag == "@":
            self._annotation()
        elif tag == "e":
            self._number(4)
        else:
            return self._texts.get(self._number(2), "")
        return ""


def _field(method: str) -> str:
    """The property of a getter."""
    return method[3].lower() + method[4:] if method.startswith("get") else method


class Classes:
    """The classes of some jars by their bare names."""

    def __init__(self, jars: Iterable[Path]) -> None:
        self._found: dict[str, tuple[zipfile.ZipFile, str]] = {}
        for jar in map(zipfile.ZipFile, jars):
            names = [name for name in jar.namelist() if name.endswith(".class")]
            self._found |= {name.rpartition("/")[2].removesuffix(".class"): (jar, name) for name in names}

    def properties(self, name: str) -> set[str]:
        """What an object of the class *name* is read from; of one that is only written, what is written."""
        jar, entry = self._found[name]
        read, written = Reader(jar.read(entry)).properties()
        return read or written
