"""A plan becomes text for people or plain values for programs."""

import json
from collections.abc import Sequence
from typing import Any

from dkd.plan.order import Plan
from dkd.systems.change import Change, Difference

_SIGN = {"create": "+", "update": "~", "blocked": "!"}
_LONGEST = 60
"""Characters of a value that are shown; a whole dimension fits."""


def as_text(plan: Plan) -> str:
    """The plan for people: a heading, the numbered steps, what is blocked, and a line that counts them."""
    where = f"{plan.site} on {plan.target}"
    if plan.is_empty:
        return f"{where} is as the model says: nothing to do ({', '.join(plan.places)})"
    heading = f"Plan for {where} ({', '.join(plan.places)})"
    width = max(len(change.address) for change in (*plan.steps, *plan.blocked))
    steps = [line for seq, step in enumerate(plan.steps, 1) for line in _lines(f"{seq:3}", step, width)]
    blocked = [line for step in plan.blocked for line in _lines("   ", step, width)]
    return "\n".join([heading, *steps, *blocked, _counted(plan)])


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan for programs, with secrets hidden; ``format_version`` changes only with what is there already."""
    return {
        "format_version": 1,
        "site": plan.site,
        "target": plan.target,
        "applyable": not plan.blocked,
        "steps": [{"seq": seq, **_change(step)} for seq, step in enumerate(plan.steps, 1)],
        "blocked": [_change(step) for step in plan.blocked],
        "summary": {action: _count(plan, action) for action in _SIGN},
    }


def _lines(seq: str, step: Change, width: int) -> list[str]:
    indent = " " * (len(seq) + 3)
    first = f"{seq} {_SIGN[step.action]} {step.address:{width}}  {step.reason}"
    shown = [f"{indent}    {_difference(difference)}" for difference in step.differences]
    more = [f"{indent}    {name}: {text}" for name, text in (("risk", step.risk), ("remedy", step.remedy)) if text]
    return [first, *shown, *more]


def _difference(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if before is None:
        return f"{difference.path}: {_value(after)} added"
    if after is None:
        return f"{difference.path}: {_value(before)} removed"
    return f"{difference.path}: {_value(before)} -> {_value(after)}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _change(step: Change) -> dict[str, Any]:
    return {
        "address": step.address,
        "system": step.system,
        "kind": step.kind,
        "name": step.name,
        "action": step.action,
        "reason": step.reason,
        "risk": step.risk,
        "remedy": step.remedy,
        "differences": [
            {"path": found.path, "before": found.before, "after": found.after} for found in step.differences
        ],
    }


def _count(plan: Plan, action: str) -> int:
    return sum(step.action == action for step in (*plan.steps, *plan.blocked))


def _counted(plan: Plan) -> str:
    parts = {"to create": "create", "to change": "update", "blocked": "blocked"}
    return f"{', '.join(_words(plan, text, action) for text, action in parts.items())}."


def _words(plan: Plan, text: str, action: str) -> str:
    return f"{_count(plan, action)} {text}"


def changed(steps: Sequence[Change]) -> str:
    """The addresses of *steps* in one clause, for what was done; ``nothing`` when there are none."""
    return ", ".join(step.address for step in steps) or "nothing"
