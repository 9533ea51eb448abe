"""Funnel, retention, paths and sessions of a view ↔ parts of its link, in letters, digits and ``_ . -``."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dkd.errors import UsageError
from dkd.model.types import Frozen, duration_text
from dkd.query.behaviour import Behaviour, Funnel, Paths, Retention

NAMES = {"F": "funnel", "R": "retention", "W": "paths", "S": "sessions"}
"""Field of a view by the letter that its part begins with."""
_ITEM, _ESCAPE = ".", "-"
_ON, _OFF = "1", "0"


def parts(behaviours: Mapping[str, Behaviour | None]) -> Iterator[str]:
    """A part for each behaviour that is there, by the names of a view's fields."""
    for key, name in NAMES.items():
        found = behaviours[name]
        if found is not None:
            yield _ITEM.join([key, *map(_escaped, _items(found))])


def read(key: str, items: Sequence[str]) -> dict[str, Any]:
    """The values of the behaviour that a part is; whether they can be is another matter.

    Raises:
        UsageError: DKD317, when it is no such part.
    """
    try:
        found = [_unescaped(item) for item in items]
        if key == "F":
            return _funnel(found)
        if key == "R":
            grain, back, born = found
            return {"grain": grain, "back": back or None, "born": born}
        if key == "W":
            by, anchor, backwards, depth, top = found
            anchored = {"anchor": anchor or None, "backwards": backwards == _ON}
            return {"by": by, **anchored, "depth": int(depth), "top": int(top)}
        one, behind, page = found
        return {"page": int(page), "one": one or None, "behind": json.loads(behind) if behind else None}
    except ValueError as error:
        remedy = "copy the whole link again"
        problem = f"its part {key!r} cannot be read"
        raise UsageError("DKD317", where="link", problem=problem, remedy=remedy) from error


def _items(one: Behaviour) -> list[str]:
    if isinstance(one, Funnel):
        window = duration_text(one.window) if one.window is not None else ""
        # No part ends with a dot: programs that find links in texts leave that out.
        steps = [_plain(step) if step.filters or step.event is None else step.event for step in one.steps]
        return [one.unit, _ON if one.any_order else _OFF, window, one.split or "", *steps]
    if isinstance(one, Retention):
        return [one.grain, one.back or "", one.born]
    if isinstance(one, Paths):
        return [one.by, one.anchor or "", _ON if one.backwards else _OFF, str(one.depth), str(one.top)]
    return [one.one or "", _plain(one.behind) if one.behind else "", str(one.page)]


def _funnel(items: Sequence[str]) -> dict[str, Any]:
    unit, any_order, window, split, *steps = items
    return {
        "unit": unit,
        "any_order": any_order == _ON,
        "window": window or None,
        "split": split or None,
        # The name of an event never begins with a brace.
        "steps": [json.loads(step) if step.startswith("{") else {"event": step} for step in steps],
    }


def _plain(one: Frozen) -> str:
    return json.dumps(one.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, separators=(",", ":"))


def _escaped(text: str) -> str:
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte == ord("_") else f"{_ESCAPE}{byte:02X}"
        for byte in text.encode()
    )


def _unescaped(text: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9_]|-[0-9A-F]{2})*", text):
        raise ValueError(text)
    return re.sub(r"-(..)", lambda found: chr(int(found[1], 16)), text).encode("latin-1").decode()
