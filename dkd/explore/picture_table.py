"""Rows of an answer → bars, and a nested table with subtotals, as plain JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dkd.explore import words
from dkd.explore.look import Look, Place, named, natural, number, place_of
from dkd.query.answer import Cell, Others, Row
from dkd.query.measure import is_additive

Json = dict[str, Any]


def bars(look: Look) -> Json:
    """One bar for each value of one split, or for each step of time."""
    rows = list(ordered(look, look.answer.rows))
    most = max((abs(row.cells[look.at].now.value or 0) for row in rows), default=0)
    total = look.totals.get(look.view.shown) if is_additive(look.model, look.view.shown) else None
    return {
        "rows": [
            named(look, place_of(look, row))
            | number(look, look.view.shown, row.cells[look.at])
            | {"part": _part(row.cells[look.at].now.value, total)}
            for row in rows
            if not _is_empty_others(row)
        ],
        "most": most,
    }


def table(look: Look) -> Json:
    """Totals, then a tree of rows in depth-first order, each with its depth and a cell for each column."""
    places = {place_of(look, row): row.cells for row in look.answer.rows}
    levels = look.has_time + len(look.answer.question.splits)
    names = look.shown
    rows = list(_tree(look, places, levels)) if levels else []
    tops, at = _tops(look, rows), {place: seq for seq, (place, _) in enumerate(rows)}
    return {
        "columns": [_column(look, name) for name in names],
        "heads": ["Time", *_labels(look)] if look.has_time else _labels(look),
        "totals": [number(look, name, look.totals[name]) for name in names] if look.totals else [],
        "rows": [
            named(look, place, is_deep=True)
            | {"depth": len(place) - 1, "leaf": len(place) == levels, "under": at.get(place[:-1]),
               "cells": [_celled(look, place, name, cell, tops) for name, cell in zip(names, cells, strict=True)]}
            for place, cells in rows
        ],
    }  # fmt: skip


def ordered(look: Look, rows: Sequence[Row]) -> Iterator[Row]:
    """Rows in the order of their values where those have one, as weekdays and buckets of numbers do; others last."""
    order = natural(look, 0) if look.answer.question.splits and not look.has_time else None
    yield from sorted(rows, key=lambda row: order(row.key[0])) if order else rows


def _tree(look: Look, places: Mapping[Place, Sequence[Cell]], levels: int) -> Iterator[tuple[Place, list[Cell]]]:
    """Parents before their children; a parent's numbers are the sum of its children's, or asked for."""
    sums = _sums(look, places)
    seen: set[Place] = set()
    for place, cells in places.items():
        if _is_nothing(cells):
            continue
        for depth in range(1, levels):
            parent = place[:depth]
            if parent not in seen:
                seen.add(parent)
                yield parent, sums[parent]
        yield place, [cells[look.answer.question.measures.index(name)] for name in look.shown]


def _sums(look: Look, places: Mapping[Place, Sequence[Cell]]) -> dict[Place, list[Cell]]:
    """The numbers of each parent."""
    found: dict[Place, list[Sequence[Cell]]] = {}
    for place, cells in places.items():
        for depth in range(1, len(place)):
            found.setdefault(place[:depth], []).append(cells)
    order = look.answer.question.measures
    return {
        place: [
            look.whole(name, look.parents.get(place), [cells[order.index(name)] for cells in under])
            for name in look.shown
        ]
        for place, under in found.items()
    }


def _tops(look: Look, rows: Sequence[tuple[Place, Sequence[Cell]]]) -> dict[tuple[str, int], float]:
    """The greatest number of each column at each depth, which its bars are measured by."""
    found: dict[tuple[str, int], float] = {}
    for place, cells in rows:
        if Others.others not in place:
            for name, cell in zip(look.shown, cells, strict=True):
                found[name, len(place)] = max(found.get((name, len(place)), 0), abs(cell.now.value or 0))
    return found


def _column(look: Look, name: str) -> Json:
    splits = look.answer.question.splits
    found: Json = {"name": name, "label": words.label(name), "unit": words.unit(look.model, name), "sorted": ""}
    if splits and (splits[-1].sort or look.answer.question.measures[0]) == name:
        found |= {"sorted": "up" if splits[-1].ascending else "down", "by": splits[-1].by}
    return found


def _labels(look: Look) -> list[str]:
    return [words.label(one.dimension) for one in look.answer.question.splits]


def _celled(look: Look, place: Place, name: str, cell: Cell, tops: Mapping[tuple[str, int], float]) -> Json:
    found, top = number(look, name, cell), tops.get((name, len(place)))
    # The others are no value, and their bar would dwarf all values.
    if top and cell.now.value and Others.others not in place:
        found["bar"] = round(abs(cell.now.value) / top, 4)
    return found


def _is_empty_others(row: Row) -> bool:
    return bool(row.key) and row.key[0] is Others.others and _is_nothing(row.cells)


def _is_nothing(cells: Sequence[Cell]) -> bool:
    return not any(cell.now.value or (cell.previous is not None and cell.previous.value) for cell in cells)


def _part(value: float | None, total: Cell | None) -> str:
    return f"{100 * value / total.now.value:.1f} %" if value is not None and total and total.now.value else ""
