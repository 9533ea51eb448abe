"""A plan becomes text for people or plain values for programs."""

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import and_
from typing import Any

from dkd.plan import step as of
from dkd.plan.order import Plan
from dkd.systems.change import Change, Difference

_SIGN = {"create": "+", "update": "~", "delete": "-", "verify": "?", "blocked": "!"}
_LONGEST = 60
"""Characters of a value that are shown; a whole dimension fits."""


def as_text(plan: Plan) -> str:
    """The plan for people: a heading, the numbered steps, what is blocked, and a line that counts them."""
    where = f"{plan.site} on {plan.target}"
    if plan.is_empty:
        return f"{where} is as the model says: nothing to do ({', '.join(plan.places)})"
    heading = [f"Plan for {where} ({', '.join(plan.places)})"]
    if plan.unfinished:
        ends = "this deploy makes anew what it removed" if plan.unfinished.startswith("destroy") else "this deploy does"
        heading.append(f"An earlier {plan.unfinished} did not come to its end; {ends}.")
    width = max((len(change.address) for change in (*plan.steps, *plan.blocked)), default=0)
    steps = [line for seq, step, safe in _numbered(plan) for line in _lines(f"{seq:3}", step, width, safe)]
    blocked = [line for step in plan.blocked for line in _lines("   ", step, width)]
    return "\n".join([*heading, *steps, *blocked, _counted(plan)])


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan for programs, with secrets hidden; ``format_version`` changes only with what is there already."""
    return {
        "format_version": 1,
        "site": plan.site,
        "target": plan.target,
        "applyable": not plan.blocked,
        "cluster": plan.cluster,
        "model": plan.model,
        "unfinished": plan.unfinished,
        "steps": [
            {"seq": seq, **_change(step), **_step(step), "rollback_safe": safe} for seq, step, safe in _numbered(plan)
        ],
        "blocked": [_change(step) for step in plan.blocked],
        "drift": [step.address for step in plan.drift],
        "summary": {action: _count(plan, action) for action in _SIGN},
    }


def _numbered(plan: Plan) -> Iterator[tuple[int, Change, bool]]:
    """The steps, numbered, each with whether everything can still be brought back once it is done."""
    safe = accumulate((of.is_reversible(step) for step in plan.steps), and_)
    return ((seq, step, one) for seq, (step, one) in enumerate(zip(plan.steps, safe, strict=True), 1))


def _lines(seq: str, step: Change, width: int, safe: bool | None = None) -> list[str]:
    indent = " " * (len(seq) + 3)
    first = f"{seq} {_SIGN[step.action]} {step.address:{width}}  {step.reason}"
    shown = [f"{indent}    {_difference(difference)}" for difference in step.differences]
    more = [f"{indent}    {name}: {text}" for name, text in (("risk", step.risk), ("remedy", step.remedy)) if text]
    course = [] if safe is None else [f"{indent}    {_course(step, safe)}"]
    return [first, *shown, *more, *course]


def _course(step: Change, safe: bool) -> str:
    """What the step means for the others, in one line."""
    found = _step(step)
    restarts = f"; restarts {found['restarts']}" if found["restarts"] else ""
    back = "safe to roll back here" if safe else "no way back from here"
    return f"{found['class']}; gate: {found['gate']}{restarts}; {back}"


def _step(step: Change) -> dict[str, str]:
    return {"class": of.effect(step), "gate": of.gate(step), "restarts": of.restarts(step)}


def _difference(difference: Difference) -> str:
    before, after = difference.before, difference.after
    hand = " (by another hand)" if difference.by_hand else ""
    if before is None:
        return f"{difference.path}: {_value(after)} added{hand}"
    if after is None:
        return f"{difference.path}: {_value(before)} removed{hand}"
    return f"{difference.path}: {_value(before)} -> {_value(after)}{hand}"


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
            {"path": found.path, "before": found.before, "after": found.after, "by_hand": found.by_hand}
            for found in step.differences
        ],
        "drift": step.is_drift,
    }


def _count(plan: Plan, action: str) -> int:
    return sum(step.action == action for step in (*plan.steps, *plan.blocked))


def _counted(plan: Plan) -> str:
    always = {"to create": "create", "to change": "update", "blocked": "blocked"}
    seldom = {"to delete": "delete", "to verify": "verify"}
    parts = {**always, **{text: action for text, action in seldom.items() if _count(plan, action)}}
    drift = f" {len(plan.drift)} changed by another hand." if plan.drift else ""
    return f"{', '.join(_words(plan, text, action) for text, action in parts.items())}.{drift}"


def _words(plan: Plan, text: str, action: str) -> str:
    return f"{_count(plan, action)} {text}"


def changed(steps: Sequence[Change]) -> str:
    """The addresses of *steps* in one clause, for what was done; ``nothing`` when there are none."""
    return ", ".join(step.address for step in steps) or "nothing"
