"""Rows of an answer → a matrix, one side down and one across; behind lines, stacks, heat maps and pivots."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dkd.explore import words
from dkd.explore.look import Look, Place, label_of, local_text, natural, nothing, number, place_of
from dkd.query.answer import Cell, Others
from dkd.query.number import Number
from dkd.query.periods import after

Json = dict[str, Any]


def matrix(look: Look, measures: Sequence[str], *, first_across: bool = False) -> Json:
    """The answer with its time, or else its last split, across.

    Args:
        look: An answer with two sides or more, or with one and time.
        measures: Those to show.
        first_across: Without time, put the first split across.
    """
    cells = {place_of(look, row): row.cells for row in look.answer.rows}
    at = 0 if look.has_time or first_across else len(look.answer.question.splits) - 1
    sides = {place: (place[:at] + place[at + 1 :], place[at]) for place in cells}
    acrosses, downs = _acrosses(look, at, sides.values()), _downs(look, at, sides.values())
    by_side = {sides[place]: found for place, found in cells.items()}
    downs = [one for one in downs if not _is_empty(by_side, one, acrosses)]
    return {
        "across": _across(look, at, acrosses),
        "down": {
            "heads": [words.label(one.dimension) for one in _down_splits(look, at)],
            "dimensions": [one.dimension for one in _down_splits(look, at)],
            "items": [_down(look, at, one) for one in downs],
        },
        "measures": [_measure(look, name, by_side, downs, acrosses) for name in measures],
        "order": "across" if look.has_time or not first_across else "first",
    }


def _measure(
    look: Look, name: str, cells: Mapping[tuple[Place, Any], Sequence[Cell]], downs: Sequence[Place],
    acrosses: Sequence[Any],
) -> Json:  # fmt: skip
    at, none = look.answer.question.measures.index(name), Cell(Number(nothing(look, name)))
    rows = [[one[at] if (one := cells.get((down, across))) else none for across in acrosses] for down in downs]
    columns = [[row[seq] for row in rows] for seq in range(len(acrosses))]
    found: Json = {
        "name": name,
        "label": words.label(name),
        "unit": words.unit(look.model, name),
        "decimals": words.decimals(look.model, name),
        "now": [[cell.now.value for cell in row] for row in rows],
        "down": [
            number(look, name, look.whole(name, look.wholes.get(down), row))
            for down, row in zip(downs, rows, strict=True)
        ],
        "across": [
            number(look, name, look.whole(name, look.parents.get((across,)) if look.has_time else None, column))
            for across, column in zip(acrosses, columns, strict=True)
        ],
        "total": number(look, name, look.totals[name]) if name in look.totals else None,
    }
    if any(cell.now.error for row in rows for cell in row):
        found["off"] = [[round(cell.now.error, 4) for cell in row] for row in rows]
    if look.compares:
        found["before"] = [[cell.previous.value if cell.previous else None for cell in row] for row in rows]
    return found


def _across(look: Look, at: int, values: Sequence[Any]) -> Json:
    asked = look.answer.question
    if not look.has_time:
        split = asked.splits[at]
        return {"head": words.label(split.dimension), "dimension": split.dimension, "is_time": False,
                "items": [_item(look, at, one) for one in values]}  # fmt: skip
    grain = asked.grain or "P1D"
    items = [
        {
            "label": words.bucket_label(one, grain, asked.zone),
            "time_ms": round(one.timestamp() * 1000),
            "local": local_text(one, asked.zone),
        }
        for one in values
    ]
    return {
        "head": "Time", "dimension": None, "is_time": True, "items": items, "grain": words.GRAIN_NAMES[grain],
        "end_ms": round(look.end.timestamp() * 1000),
        "unfinished": bool(values) and after(values[-1], grain, asked.zone) > look.end,
    }  # fmt: skip


def _item(look: Look, at: int, value: Any) -> Json:
    is_others = value is Others.others
    return {"key": None if is_others else value, "others": is_others, "label": label_of(look, at, value)}


def _down(look: Look, at: int, down: Place) -> Json:
    places = [seq for seq in range(len(look.answer.question.splits)) if look.has_time or seq != at]
    items = [_item(look, seq, value) for seq, value in zip(places, down, strict=True)]
    return {
        "key": [one["key"] for one in items],
        "others": any(one["others"] for one in items),
        "labels": [one["label"] for one in items],
    }


def _down_splits(look: Look, at: int) -> Sequence[Any]:
    splits = look.answer.question.splits
    return splits if look.has_time else (*splits[:at], *splits[at + 1 :])


def _acrosses(look: Look, at: int, sides: Iterable[tuple[Place, Any]]) -> list[Any]:
    if look.has_time:
        return sorted({across for _, across in sides})
    return _ranked(look, at, _runs(sides))


def _downs(look: Look, at: int, sides: Iterable[tuple[Place, Any]]) -> list[Place]:
    seen = list(dict.fromkeys(down for down, _ in sides))
    if not seen or len(seen[0]) != 1:
        return seen
    split = 0 if look.has_time or at else 1
    runs = _runs((across, down[0]) for down, across in sides)
    return [(one,) for one in _ranked(look, split, runs)]


def _ranked(look: Look, at: int, runs: Iterable[Sequence[Any]]) -> list[Any]:
    """The values of a split in their own order or by rank, others last; each run has some of them in their rank."""
    merged: list[Any] = []
    for run in runs:
        place = -1
        for one in run:
            if one not in merged:
                merged.insert(place + 1, one)
            place = merged.index(one)
    order = natural(look, at)
    return sorted(merged, key=order) if order else sorted(merged, key=lambda one: one is Others.others)


def _runs(sides: Iterable[tuple[Any, Any]]) -> list[list[Any]]:
    """The values beside each value of the other side, the longest runs first."""
    found: dict[Any, list[Any]] = {}
    for one, other in sides:
        found.setdefault(one, []).append(other)
    return sorted(found.values(), key=len, reverse=True)


def _is_empty(cells: Mapping[tuple[Place, Any], Sequence[Cell]], down: Place, acrosses: Sequence[Any]) -> bool:
    """Others of whom there are none; with time they have a row for each bucket all the same."""
    if Others.others not in down:
        return False
    found = [cell for one in acrosses for cell in cells.get((down, one), ())]
    return not any(cell.now.value for cell in found)
