"""Rows become text: an aligned table for people, CSV (RFC 4180) and JSON for programs."""

import json
import unicodedata
from collections.abc import Iterable
from typing import Any, Literal

from dkd.query.rows import NUMBERS, Rows

Form = Literal["table", "json", "csv"]

_NULL = "NULL"
_GAP = "  "


def as_text(rows: Rows, form: Form) -> str:
    """The rows in one of the forms, without a line end behind the last line."""
    return {"table": as_table, "json": as_json, "csv": as_csv}[form](rows)


def as_table(rows: Rows) -> str:
    """A heading, a rule, one line each row and a line that counts them; numbers at the right, null as ``NULL``.

    Characters that would steer a terminal are shown as escapes: the values come from whoever visits the site.
    """
    count = f"({len(rows.rows)} row{'' if len(rows.rows) == 1 else 's'})"
    return "\n".join([*table_lines(rows), count])


def table_lines(rows: Rows) -> list[str]:
    """The table's lines without the one that counts them."""
    right = [kind.partition("(")[0] in NUMBERS for kind in rows.types]
    heading = [visible(name) for name in rows.columns]
    cells = [[_cell(value) for value in row] for row in rows.rows]
    widths = [max(map(_width, column)) for column in zip(heading, *cells, strict=True)]
    rule = _GAP.join("-" * width for width in widths)
    lines = [_line(row, widths, right) for row in (heading, *cells)]
    return [lines[0], rule, *lines[1:]]


def as_csv(rows: Rows) -> str:
    """CSV with a heading; an empty field is null, ``""`` is empty text; arrays are JSON.

    Lines end with CR LF, the last one too.
    """
    return "".join(map(csv_line, (rows.columns, *rows.rows)))


def csv_line(values: Iterable[Any]) -> str:
    """One line of CSV, with its line end."""
    return ",".join(map(_field, values)) + "\r\n"


def as_json(rows: Rows) -> str:
    """A list with one object each row, one on a line."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows.as_dicts()]
    return "[\n" + ",\n".join(lines) + "\n]" if lines else "[]"


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (
        " " * (width - _width(cell)) + cell if at_right else cell + " " * (width - _width(cell))
        for cell, width, at_right in zip(cells, widths, right, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return _NULL
    return visible(value if isinstance(value, str) else _plain(value))


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def visible(text: str) -> str:
    """*text* with an escape for each character that would steer a terminal."""
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
"""Control and format characters, line and paragraph separators, halves of pairs."""


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or f"\\u{ord(char):04x}"


def _width(text: str) -> int:
    """Columns that a terminal gives to *text*; East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _field(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _plain(value)
    if text == "" or any(char in text for char in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
