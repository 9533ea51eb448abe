"""What a question can split by and filter on; a computed dimension → SQL over its columns."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from dkd.model.askable import DAYS, MONTHS, ROW_TIME, Kind, askable, band_labels, group_of
from dkd.model.columns import Column
from dkd.model.dimensions import Dimension
from dkd.model.schema import Model
from dkd.query.fragment import Sql, all_parameters, among, joined, quoted

_TIME = '"__time"'
_UNITS = {"hour": "HOUR", "weekday": "DOW", "day": "DAY", "month": "MONTH"}
_NAMES: Mapping[str, tuple[str, ...]] = {"weekday": DAYS, "month": MONTHS}
"""What the numbers from 1 on are called."""


class Itself:
    """A model that is equal to itself alone: to find what is known of it, its hundreds of parts need no look."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.model is other.model

    def __hash__(self) -> int:
        return id(self.model)


def columns(model: Model, kind: Kind) -> Mapping[str, Column]:
    """Columns and computed dimensions of a datasource by name: what can be split by and filtered on."""
    return _columns(Itself(model), kind)


def dimensions(model: Model) -> Mapping[str, Column]:
    """Every column of events and sessions, and every computed dimension, by name; those of events first."""
    return _dimensions(Itself(model))


@lru_cache(maxsize=16)
def _columns(of: Itself, kind: Kind) -> Mapping[str, Column]:
    return MappingProxyType(askable(of.model, kind))


@lru_cache(maxsize=8)
def _dimensions(of: Itself) -> Mapping[str, Column]:
    return MappingProxyType({**columns(of.model, "sessions"), **columns(of.model, "events")})


def table(model: Model, kind: Kind, names: Iterable[str], zone: str) -> Sql:
    """The datasource, with *names* as its columns where one of them is computed; *zone* is where hours begin.

    Values of the model travel as parameters. Druid makes one query of it, over the datasource's own segments.
    """
    datasource = quoted(model.datasource(kind))
    used = list(dict.fromkeys(names))
    computed = [name for name in used if name in model.dimensions]
    if not computed:
        return Sql(datasource)
    # Not all columns: one that the model has no more may have the name of a dimension.
    stored = dict.fromkeys(("__time", "is_bot", *(name for name in used if name not in model.dimensions)))
    parts = [_named(name, _value(model, kind, model.dimensions[name], zone)) for name in computed]
    listed = ",\n    ".join([", ".join(map(quoted, stored)), *(part.text for part in parts)])
    text = f"(\n  SELECT {listed}\n  FROM {datasource}\n)"  # noqa: S608  names are the model's, values parameters
    return Sql(text, all_parameters(parts))


def _named(name: str, value: Sql) -> Sql:
    return Sql(f"{value.text} AS {quoted(name)}", value.parameters)


def _value(model: Model, kind: Kind, dimension: Dimension, zone: str) -> Sql:
    if dimension.first_of is not None:
        return Sql(f"COALESCE({', '.join(map(quoted, dimension.first_of))})")
    if dimension.part is not None:
        return _part(kind, dimension, zone)
    name = quoted(dimension.source or "")
    if dimension.bands is not None:
        return _case(_bands(name, dimension.bands))
    if dimension.match is not None:
        return Sql(f"REGEXP_EXTRACT({name}, ?, ?)", (dimension.match, group_of(dimension)))
    return _groups(columns(model, kind)[dimension.source or ""], dimension)


def _bands(name: str, bands: tuple[int | float, ...]) -> Iterator[Sql]:
    *labels, last = band_labels(bands)
    for limit, label in zip(bands, labels, strict=True):
        yield Sql(f"{name} < ? THEN ?", (limit, label))
    yield Sql(f"{name} >= ? THEN ?", (bands[-1], last))


def _groups(column: Column, dimension: Dimension) -> Sql:
    found = [among(column, values) for values in (dimension.groups or {}).values()]
    labels = list(dimension.groups or {})
    cases = [Sql(f"{one.text} THEN ?", (*one.parameters, label)) for one, label in zip(found, labels, strict=True)]
    name = quoted(column.name)
    if dimension.other is None:
        return _case(cases, otherwise=name)
    return _case([*cases, Sql(f"{name} IS NOT NULL THEN ?", (dimension.other,))])


def _part(kind: Kind, dimension: Dimension, zone: str) -> Sql:
    is_own = dimension.source in (None, ROW_TIME[kind])
    time = _TIME if is_own else f"MILLIS_TO_TIMESTAMP({quoted(dimension.source or '')})"
    part = dimension.part or "hour"
    number = Sql(f"TIME_EXTRACT({time}, '{_UNITS[part]}', ?)", (zone,))
    if part not in _NAMES:
        return number
    cases = " ".join(f"WHEN {seq} THEN '{name}'" for seq, name in enumerate(_NAMES[part], 1))
    return Sql(f"CASE {number.text} {cases} END", number.parameters)


def _case(cases: Iterable[Sql], otherwise: str = "") -> Sql:
    whens = joined(" WHEN ", cases)
    return Sql(f"CASE WHEN {whens.text}{f' ELSE {otherwise}' if otherwise else ''} END", whens.parameters)
