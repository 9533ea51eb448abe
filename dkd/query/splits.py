"""A split → the SQL of its values and of the few that are kept, and what Druid's answer to it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from dkd.model.columns import Column
from dkd.model.types import Scalar
from dkd.model.values import held
from dkd.query.filters import condition
from dkd.query.fragment import Sql, joined, quoted
from dkd.query.question import Filter, Range, Split
from dkd.systems.druid.render import Kind


class Others(Enum):
    """The key of a row that is all the values of a split that are not shown."""

    others = "others"


Key = tuple[Scalar | Others, ...]


@dataclass(frozen=True)
class Kept:
    """The values of one split that get a row of their own.

    Attributes:
        values: In the order of their rank; of a nested split none.
        all_of: The datasource that has no others in the question's interval; None where every one may have.
        within: Of a nested split the values by their parent, which is a key of the splits before it.
    """

    split: Split
    values: tuple[Scalar, ...]
    all_of: Kind | None = None
    within: Mapping[Key, tuple[Scalar, ...]] = field(default_factory=dict)

    def of(self, parent: Key) -> tuple[Scalar, ...]:
        """The values below *parent*, in the order of their rank."""
        return self.within.get(parent, ()) if self.split.nested and parent else self.values


def value(column: Column, split: Split) -> Sql:
    """A row's value of the split; of a bucket its number, where the one that begins at 0 has number 0."""
    name = quoted(column.name)
    if split.bucket is None:
        return Sql(name)
    width = _width(split)
    quotient = Sql(f"CAST({name} AS DOUBLE) / ?", (float(width.numerator),))
    if width.denominator > 1:
        # 0.29 * 100 is a little below 29.
        text = f"CAST({name} AS DOUBLE) * ? / ? + 1e-9"
        quotient = Sql(text, (float(width.denominator), float(width.numerator)))
    return Sql(f"CAST(FLOOR({quotient.text}) AS BIGINT)", quotient.parameters)


def read(column: Column, split: Split, found: Any) -> Scalar:
    """What a value of :func:`value` means: of a bucket its start."""
    return held(column, found) if split.bucket is None or found is None else _number(found * _width(split))


def only(split: Split, one: Scalar) -> Filter:
    """The filter that keeps the rows of one value of the split, which of a bucket is its start."""
    if split.bucket is None or not isinstance(one, int | float):
        return Filter(dimension=split.dimension, values=(one,))
    # Not the start and the width together: 0.1 + 0.2 is not 0.3.
    end = _number((round(Fraction(one) / _width(split)) + 1) * _width(split))
    return Filter(dimension=split.dimension, ranges=(Range(at_least=one, below=end),))


def keys(columns: Mapping[str, Column], kept: Sequence[Kept], kind: Kind, is_previous: bool) -> list[Sql]:
    """For each split its value, null for the others, and 1 for the others, 0 else."""
    found = []
    for seq, one in enumerate(kept):
        shown = value(columns[one.split.dimension], one.split)
        if one.all_of == kind and not is_previous:
            found += [shown, Sql("0")]
            continue
        test = _is_kept(columns, kept[: seq + 1])
        found.append(Sql(f"CASE WHEN {test.text} THEN {shown.text} END", test.parameters + shown.parameters))
        found.append(Sql(f"CASE WHEN {test.text} THEN 0 ELSE 1 END", test.parameters))
    return found


def _is_kept(columns: Mapping[str, Column], kept: Sequence[Kept]) -> Sql:
    """Whether a row's value of the last of *kept* has a row of its own."""
    *before, last = kept
    if not (last.split.nested and before):
        return _among(columns, last.split, last.values)
    parents = [
        joined(" AND ", [*_below(columns, before, parent), _among(columns, last.split, values)])
        for parent, values in last.within.items()
        if values
    ]
    found = joined(" OR ", parents)
    return Sql(f"({found.text})" if parents else "FALSE", found.parameters)


def _below(columns: Mapping[str, Column], kept: Sequence[Kept], parent: Key) -> list[Sql]:
    return [
        _among(columns, one.split, (key,)) for one, key in zip(kept, parent, strict=True) if not isinstance(key, Others)
    ]


def _among(columns: Mapping[str, Column], split: Split, values: Sequence[Scalar]) -> Sql:
    column = columns[split.dimension]
    if split.bucket is None:
        return condition(column, Filter(dimension=split.dimension, values=tuple(values))) if values else Sql("FALSE")
    number = value(column, split)
    given = tuple(round(Fraction(one) / _width(split)) for one in values if isinstance(one, int | float))
    parts = []
    if given:
        parts.append(Sql(f"{number.text} IN ({', '.join('?' * len(given))})", (*number.parameters, *given)))
    if None in values:
        parts.append(Sql(f"{quoted(column.name)} IS NULL"))
    found = joined(" OR ", parts)
    return Sql(f"({found.text or 'FALSE'})", found.parameters)


def _width(split: Split) -> Fraction:
    # As people write it: the number nearest to 0.1 is a little more than a tenth.
    return Fraction(repr(split.bucket))


def _number(exact: Fraction) -> int | float:
    return int(exact) if exact.denominator == 1 else float(exact)
