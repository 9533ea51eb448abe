"""A funnel → Druid SQL: its events to be put in order, or one row of counts with a lower and an upper bound each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dkd.model.columns import PARTY_NUMBER
from dkd.model.types import in_ms
from dkd.query.behaviour import Funnel
from dkd.query.compile import Query
from dkd.query.fragment import Sql, joined, quoted
from dkd.query.scope import Scope

UNITS = {"visitor": "party_id", "session": "session_id"}
"""The column that names who does the steps."""
_LONGEST_VALUE = 1_024


@dataclass(frozen=True)
class FunnelSql:
    """The statements of one funnel over the events of one interval.

    Attributes:
        is_numbered: All events have a number for their visitor, and counts may go by that.
    """

    scope: Scope
    funnel: Funnel
    is_numbered: bool = False

    def size(self) -> Query:
        """How many events :meth:`events` has."""
        where = self._where
        table = self._table
        text = f'SELECT COUNT(*) AS "events"\nFROM {table.text}\nWHERE {where.text}'
        return self.scope.query(text, (table, where), ("events",), "totals")

    def events(self, most: int, *, only_open: bool = False) -> Query:
        """Each event that is a step: its unit, its time, the steps that it is as bits, and the split's value.

        Args:
            most: At most so many, any of them.
            only_open: Those of the units that counts do not decide.
        """
        bits = self._bits
        table, where, value = self._table, self._where, self._value
        pieces = [bits, value, table, where]
        text = (
            f'SELECT {self._unit} AS "unit", TIMESTAMP_TO_MILLIS("__time") AS "time_ms",\n  {bits.text} AS "steps",\n'
            f'  {value.text} AS "value"\nFROM {table.text}\nWHERE {where.text}'
        )
        if only_open:
            units = self._units(self._counted, with_value=False)
            text += f'\n  AND {self._counted} IN (\nSELECT "unit" FROM (\n{units.text}\n) WHERE {self._is_open}\n)'
            pieces.append(units)
        return self.scope.query(f"{text}\nLIMIT {most}", pieces, ("unit", "time_ms", "steps", "value"), "rows")

    def story(self, units: Sequence[str], most: int) -> Query:
        """Every event of these units, whether it is a step or none, any *most* of them."""
        bits, table = self._bits, self._table_with("event_id", "page_path")
        among = Sql(f"{self._unit} IN ({', '.join('?' * len(units))})", tuple(units))
        where = joined("\n  AND ", [self.scope.where, among])
        names = ("unit", "time_ms", "steps", "event_id", "event", "page")
        text = (
            f'SELECT {self._unit} AS "unit", TIMESTAMP_TO_MILLIS("__time") AS "time_ms",\n  {bits.text} AS "steps",\n'
            f'  "event_id", "event", "page_path" AS "page"\nFROM {table.text}\nWHERE {where.text}\nLIMIT {most}'
        )
        return self.scope.query(text, (bits, table, where), names, "rows")

    def bounds(self) -> Query:
        """For each value of the split, apart for units that counts decide and those left open: how many reached a step.

        The columns: value, is_open, units, median and p90 of the time it took, of how many, then for each step how many
        surely and for each step how many possibly reached it.
        """
        count = len(self.funnel.steps)
        took = f'"f{count}" - "f1"'
        done = f"FILTER (WHERE {self._first_times(count)})"
        quantiles = [f"APPROX_QUANTILE_DS({took}, {at}) {done}" for at in (0.5, 0.9)]
        reached = [f"COUNT(*) FILTER (WHERE {self._sure(seq)})" for seq in range(1, count + 1)]
        reached += [f"COUNT(*) FILTER (WHERE {self._possible(seq)})" for seq in range(1, count + 1)]
        names = ["value", "is_open", "units", "median_ms", "p90_ms", "done"]
        names += [f"{what}_{seq}" for what in ("sure", "possible") for seq in range(1, count + 1)]
        is_open = f"CASE WHEN {self._is_open} THEN 1 ELSE 0 END"
        selected = ['"value"', is_open, "COUNT(*)", *quantiles, f"COUNT(*) {done}", *reached]
        listed = ",\n  ".join(f"{one} AS {quoted(name)}" for one, name in zip(selected, names, strict=True))
        units = self._units(self._counted, with_value=True)
        text = f'SELECT\n  {listed}\nFROM (\n{units.text}\n)\nWHERE "f1" IS NOT NULL\nGROUP BY 1, 2'
        return self.scope.query(text, (units,), names, "rows")

    def units(self, step: int, lost: bool, most: int) -> Query:
        """Units that surely reached *step*, or that surely did the one before and not this one."""
        where = self._sure(step)
        if lost:
            where = f"{self._sure(step - 1)} AND ({self._possible(step)}) IS NOT TRUE"
        units = self._units(self._unit, with_value=False)
        text = f'SELECT "unit"\nFROM (\n{units.text}\n)\nWHERE {where}\nLIMIT {most}'
        return self.scope.query(text, (units,), ("unit",), "rows")

    @property
    def _unit(self) -> str:
        return quoted(UNITS[self.funnel.unit])

    @property
    def _counted(self) -> str:
        """What tells units apart where nobody asks for their ids."""
        return quoted(PARTY_NUMBER) if self.is_numbered and self.funnel.unit == "visitor" else self._unit

    @property
    def _steps(self) -> Iterator[tuple[int, Sql]]:
        return enumerate(self.scope.step(one) for one in self.funnel.steps)

    @property
    def _bits(self) -> Sql:
        """The steps that an event is, as the bits of a number."""
        return joined(
            " + ", (Sql(f"CASE WHEN {one.text} THEN {1 << seq} ELSE 0 END", one.parameters) for seq, one in self._steps)
        )

    @property
    def _table(self) -> Sql:
        return self._table_with()

    def _table_with(self, *more: str) -> Sql:
        names = [
            *more,
            UNITS[self.funnel.unit],
            *([PARTY_NUMBER] if self.is_numbered else []),
            "event",
            *(one.dimension for step in self.funnel.steps for one in step.filters),
        ]
        return self.scope.table(*names, *([self.funnel.split] if self.funnel.split else []))

    @property
    def _where(self) -> Sql:
        some = joined(" OR ", (one for _, one in self._steps))
        return joined(
            "\n  AND ", [self.scope.where, Sql(f"{self._unit} IS NOT NULL"), Sql(f"({some.text})", some.parameters)]
        )

    @property
    def _value(self) -> Sql:
        return Sql(f"CAST({quoted(self.funnel.split)} AS VARCHAR)" if self.funnel.split else "CAST(NULL AS VARCHAR)")

    def _units(self, unit: str, *, with_value: bool) -> Sql:
        """Each unit with the first (f1, f2, …) and the last time (l2, l3, …) of each step, null where there is none."""
        pieces = [Sql(f'{unit} AS "unit"')]
        for seq, one in self._steps:
            for name, word in (("f", "MIN"), ("l", "MAX"))[: 2 if seq else 1]:
                text = f'{word}(TIMESTAMP_TO_MILLIS("__time")) FILTER (WHERE {one.text}) AS "{name}{seq + 1}"'
                pieces.append(Sql(text, one.parameters))
        if with_value:
            pieces.append(self._first_value)
        listed, table, where = joined(",\n  ", pieces), self._table, self._where
        text = f"SELECT {listed.text}\nFROM {table.text}\nWHERE {where.text}\nGROUP BY {unit}"
        return Sql(text, (*listed.parameters, *table.parameters, *where.parameters))

    @property
    def _first_value(self) -> Sql:
        if self.funnel.split is None:
            return Sql('CAST(NULL AS VARCHAR) AS "value"')
        first = self.scope.step(self.funnel.steps[0])
        return Sql(
            f'EARLIEST({self._value.text}, {_LONGEST_VALUE}) FILTER (WHERE {first.text}) AS "value"', first.parameters
        )

    def _sure(self, step: int) -> str:
        """Whether a unit did the steps up to *step* for certain."""
        names = range(1, step + 1)
        if self.funnel.any_order:
            done = " AND ".join(f'"f{seq}" IS NOT NULL' for seq in names)
            return f"{done}{self._within(_spread('f', step), step)}"
        if self.funnel.window is not None or step == 1:
            return self._first_times(step)
        # Without a limit any later time of the last step will do.
        return f'{self._first_times(step - 1)} AND "l{step}" > "f{step - 1}"'

    def _first_times(self, step: int) -> str:
        """Whether the first times of the steps up to *step* are in order and within the window."""
        done = " AND ".join(['"f1" IS NOT NULL', *(f'"f{seq}" > "f{seq - 1}"' for seq in range(2, step + 1))])
        return done + self._within(f'"f{step}" - "f1"', step)

    def _possible(self, step: int) -> str:
        """Whether a unit may have done the steps up to *step*: without, it did not for certain."""
        names = range(1, step + 1)
        if self.funnel.any_order:
            return " AND ".join(f'"f{seq}" IS NOT NULL' for seq in names)
        return " AND ".join(['"f1" IS NOT NULL', *(f'"l{seq}" > {_soonest(seq - 1)}' for seq in names[1:])])

    @property
    def _is_open(self) -> str:
        steps = range(2, len(self.funnel.steps) + 1)
        return " OR ".join(f"(({self._possible(seq)}) AND ({self._sure(seq)}) IS NOT TRUE)" for seq in steps)

    def _within(self, span: str, step: int) -> str:
        if self.funnel.window is None or step == 1:
            return ""
        return f" AND {span} <= {in_ms(self.funnel.window)}"


def _soonest(step: int) -> str:
    """The earliest time at which *step* can follow those before it; every one needs the steps before."""
    if step == 1:
        return '"f1"'
    return f'GREATEST("f{step}", {_soonest(step - 1)} + 1)'


def _spread(name: str, step: int) -> str:
    listed = ", ".join(f'"{name}{seq}"' for seq in range(1, step + 1))
    return f"GREATEST({listed}) - LEAST({listed})"
