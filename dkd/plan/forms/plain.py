"""A report becomes lines for people, or JSON for programs."""

import json
from typing import Any

from dkd.model.words import counted
from dkd.plan.diff import Changed
from dkd.plan.forms.report import Report, before_and_after
from dkd.systems.classes import BREAKING, CLASSES

_LONGEST = 160
_ACTIONS = {"+": "create", "-": "delete", "~": "update"}


def as_text(report: Report) -> str:
    """The report for people: each change with its rule and its line, unsafe ones with reason and remedy."""
    lines = [line for change in report.changes for line in _lines(change)]
    for steps, changes in report.orders.items():
        lines.append(f"order for {counted(len(changes), 'change')}: {' > '.join(steps)}")
    lines += [f"{mistake.line()}" for mistake in report.mistakes]
    if not report.changes:
        return "\n".join([*lines, "Nothing changes."]) + "\n"
    return "\n".join([*lines, f"{counted(len(report.changes), 'change')}: {report.counts()}."]) + "\n"


def as_json(report: Report) -> str:
    """The report for programs; ``format_version`` changes only with what is there already."""
    found = {
        "format_version": 1,
        "old": report.old,
        "new": report.new,
        "changes": [_change(one) for one in report.changes],
        "mistakes": [mistake.as_dict() for mistake in report.mistakes],
        "summary": {effect: len(report.of(effect)) for effect in CLASSES},
        "open": len(report.open),
    }
    return json.dumps(found, indent=2) + "\n"


def _lines(change: Changed) -> list[str]:
    before, after = before_and_after(change, _LONGEST)
    values = after if change.sign == "+" else before if change.sign == "-" else f"{before} -> {after}"
    rule = change.rule
    place = f"  {change.spot}" if change.spot else ""
    lines = [f"{change.sign} {change.address}  {values}", f"    {rule.effect}  {rule.code} {rule.what}{place}"]
    if rule.effect in BREAKING:
        lines.append(f"    why: {rule.why}")
    if rule.effect in BREAKING or rule.effect == "needs-order":
        lines.append(f"    remedy: {' '.join(part for part in (change.note, rule.remedy) if part)}")
    return [*lines, *([f"    waived: {change.waiver}"] if change.waiver else [])]


def _change(change: Changed) -> dict[str, Any]:
    rule, spot = change.rule, change.spot
    return {
        "address": change.address,
        "system": change.system,
        "action": _ACTIONS[change.sign],
        "before": change.before,
        "after": change.after,
        "class": rule.effect,
        "rule": rule.code,
        "what": rule.what,
        "why": rule.why,
        "remedy": rule.remedy,
        "note": change.note,
        "order": list(rule.steps),
        "mode": rule.mode,
        "range": spot and {
            "file": spot.file,
            "start": {"line": spot.line, "col": spot.column},
            "end": {"line": spot.line, "col": spot.end_column},
        },
        "waiver": change.waiver,
    }  # fmt: skip
