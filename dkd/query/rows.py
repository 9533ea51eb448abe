"""What a query answers: columns, their SQL types, and rows; and the parameters that go into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dkd.errors import DkdError

NUMBERS = frozenset({"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "REAL", "DECIMAL"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rows:
    """An answer, whole.

    Attributes:
        columns: Names as the query gives them; the same name may come twice.
        types: SQL type of each column, such as ``VARCHAR``, ``BIGINT`` or ``TIMESTAMP``.
        rows: In the order of the query. Null is None, a timestamp is ISO 8601 text in UTC, an array is a list, a
            multi-value string is JSON text.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def as_dicts(self) -> list[dict[str, Any]]:
        """Each row by column; a name that comes again gets a number, so that no value is lost."""
        names = unique(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def value(self) -> Any:
        """The first value of the first row; None when there is no row, as of a count over an empty ``sys`` table."""
        return self.rows[0][0] if self.rows else None


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """*names* with ``_2``, ``_3`` and so on behind those that were there before."""
    taken: set[str] = set()
    found = []
    for name in names:
        seq, free = 1, name
        while free in taken:
            seq += 1
            free = f"{name}_{seq}"
        taken.add(free)
        found.append(free)
    return tuple(found)


def parameter(value: object) -> dict[str, object]:
    """One value for a ``?`` of a query, with its SQL type.

    Args:
        value: Text, a whole or decimal number, a boolean, an aware datetime, a list of texts or numbers, or None.

    Raises:
        DkdError: DKD306, when the value is of another kind.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        # As text it works once in a query; two of them, as of an interval, are a ClassCastException in Druid 33.
        return {"type": "TIMESTAMP", "value": (value - _EPOCH) // timedelta(milliseconds=1)}
    if isinstance(value, list | tuple):
        return {"type": "ARRAY", "value": list(value)}
    kinds = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", type(None): "VARCHAR"}
    kind = kinds.get(type(value))
    if kind is None:
        raise DkdError(
            "DKD306",
            where="parameter",
            problem=f"{type(value).__name__} is no type of SQL",
            remedy="give text, a number, a boolean, an aware datetime or a list",
        )
    return {"type": kind, "value": value}
