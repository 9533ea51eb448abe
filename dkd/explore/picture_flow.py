"""Rows of an answer → flows from each value of one split to those of the next, as plain JSON."""

from typing import Any

from dkd.explore import words
from dkd.explore.look import Look, label_of, place_of
from dkd.query.answer import Others
from dkd.query.measure import is_additive

Json = dict[str, Any]


def flow(look: Look) -> Json:
    """Levels of nodes, the first split leftmost, and links between neighbours; a node is as large as its links.

    The measure adds up, so what flows into a node flows out of it again.
    """
    name, at = look.view.shown, look.at
    if not is_additive(look.model, name):
        raise ValueError(f"{name} does not add up")
    splits = look.answer.question.splits
    nodes: list[dict[Any, float]] = [{} for _ in splits]
    links: dict[tuple[int, Any, Any], float] = {}
    for row in look.answer.rows:
        value, place = max(row.cells[at].now.value or 0, 0), place_of(look, row)
        for level, one in enumerate(place):
            nodes[level][one] = nodes[level].get(one, 0) + value
            if level:
                link = (level - 1, place[level - 1], one)
                links[link] = links.get(link, 0) + value
    ordered = [sorted(level, key=lambda one, level=level: (one is Others.others, -level[one])) for level in nodes]  # type: ignore[misc]
    ordered = [[one for one in values if nodes[level][one]] for level, values in enumerate(ordered)]
    return {
        "levels": [
            {
                "dimension": split.dimension,
                "head": words.label(split.dimension),
                "nodes": [_node(look, level, one, nodes[level][one]) for one in ordered[level]],
            }
            for level, split in enumerate(splits)
        ],
        "links": [
            {
                "level": level,
                "from": ordered[level].index(one),
                "to": ordered[level + 1].index(other),
                "value": value,
                "text": _text(look, value),
            }
            for (level, one, other), value in links.items()
            if value
        ],
        "total": sum(nodes[0].values()) if nodes else 0,
    }


def _node(look: Look, level: int, value: Any, size: float) -> Json:
    is_others = value is Others.others
    return {
        "key": None if is_others else value,
        "others": is_others,
        "label": label_of(look, level, value),
        "value": size,
        "text": _text(look, size),
    }


def _text(look: Look, value: float) -> str:
    return f"{value:,.{words.decimals(look.model, look.view.shown)}f}"
