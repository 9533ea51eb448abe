"""Pieces of SQL: texts with a value for each ``?``, names in quotes, and what a value has to be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dkd.model.columns import Column
from dkd.model.measures import Condition, Where
from dkd.model.types import Scalar
from dkd.model.values import stored

_SIGNS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and a value for each ``?`` in it, in order."""

    text: str
    parameters: tuple[object, ...] = ()


def quoted(name: str) -> str:
    """An identifier of SQL; *name* must be one of the model's."""
    return f'"{name}"'


def joined(between: str, parts: Iterable[Sql]) -> Sql:
    """*parts* with *between* between them."""
    listed = list(parts)
    return Sql(between.join(part.text for part in listed), all_parameters(listed))


def all_parameters(parts: Iterable[Sql]) -> tuple[object, ...]:
    """The values of *parts*, in order."""
    return tuple(value for part in parts for value in part.parameters)


def among(column: Column, values: Sequence[Scalar]) -> Sql:
    """Whether the column has one of the values; null, which is as good as false, where it has none."""
    given = [stored(column, value) for value in values if value is not None]
    name = quoted(column.name)
    parts = []
    if given:
        parts.append(f"{name} IN ({', '.join('?' * len(given))})")
    if None in values:
        parts.append(f"{name} IS NULL")
    return Sql(f"({' OR '.join(parts) or 'FALSE'})", tuple(given))


def negated(sql: Sql) -> Sql:
    """Whether the condition *sql* does not hold; what is as good as false does not."""
    return Sql(f"({sql.text} IS NOT TRUE)", sql.parameters)


def fits(column: Column, where: Where) -> Sql:
    """Whether the column's value is as a measure's *where* says: a value, a list of values, or a condition."""
    if isinstance(where, tuple):
        return among(column, where)
    if not isinstance(where, Condition):
        return Sql(f"{quoted(column.name)} = ?", (stored(column, where),))
    limits = [Sql(f"{quoted(column.name)} {_SIGNS[name]} ?", (limit,)) for name, limit in where.bounds.items()]
    return joined(" AND ", [*limits, *([negated(among(column, where.excluded))] if where.excluded else [])])
