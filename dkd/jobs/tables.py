"""Lines of a CSV file → an object for each row, whose values have the types that their columns take."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dkd.collect.values import Take, fitted

_MOST_HEADER = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

Row = tuple[dict[str, object] | None, bytes]
"""A row as an object, None where it has more or fewer cells than there are columns; and what it was read from."""


def is_table(lines: Sequence[bytes]) -> bool:
    """Whether the first of *lines* names columns, those of events or of requests among them."""
    if not lines:
        return False
    names = next(csv.reader([_text(lines[0][:_MOST_HEADER])]), [])
    return len(names) > 1 and all(map(_NAME.fullmatch, names)) and bool({"event", "request"} & set(names))


def rows(lines: Iterable[bytes], columns: Mapping[str, Take]) -> Iterator[Row]:
    """Every row after the first one, which names the columns.

    Args:
        lines: Without their ends; cells are separated by commas, and quoted where they hold one.
        columns: What each takes; a cell that it cannot take, or of a column that is not among them, stays a text. An
            empty cell is absent.
    """
    taken: list[bytes] = []
    reader = csv.reader(_taking(lines, taken))
    names = next(_cells(reader), None) or []
    taken.clear()
    for cells in _cells(reader):
        raw = b" ".join(taken)
        taken.clear()
        if cells is None or len(cells) != len(names):
            yield None, raw
        else:
            yield {name: fitted(cell, columns.get(name)) for name, cell in zip(names, cells, strict=True) if cell}, raw


def _taking(lines: Iterable[bytes], taken: list[bytes]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield _text(line) + "\n"


def _cells(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The cells of each row; None where a cell is longer than any that could be taken."""
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield None
        except StopIteration:
            return


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
