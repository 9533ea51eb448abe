"""Changes and waivers become changes that may pass a review, and mistakes: waivers that are over or unused."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from dkd.errors import Problem
from dkd.model.words import counted
from dkd.plan.diff import Changed, shown
from dkd.systems.rules import Rule


class Asked(NamedTuple):
    """A waiver.

    Attributes:
        rule: Code of the rule that would fail.
        address: What changes.
        reason: Why it may.
        owner: Who answers for it; may be empty.
        until: The last day on which it counts.
        where: Its place in the model.
        is_old: Whether it stood in the model before, so that its change may be over.
    """

    rule: str
    address: str
    reason: str
    owner: str
    until: date
    where: str
    is_old: bool


def waived(
    changes: Iterable[Changed], waivers: Iterable[Asked], rules: Mapping[str, Rule], today: date
) -> tuple[list[Changed], list[Problem]]:
    """The changes, those with a valid waiver marked, and every mistake of a waiver.

    Args:
        changes: All of them.
        waivers: In the order of the file.
        rules: By code.
        today: A waiver counts on its last day.
    """
    found = list(changes)
    valid: dict[tuple[str, str], Asked] = {}
    mistakes = []
    for one in waivers:
        hit = any((change.rule.code, change.address) == (one.rule, one.address) for change in found)
        mistake = _mistake(one, rules.get(one.rule), today, hit=hit)
        if mistake is not None:
            mistakes.append(mistake)
        else:
            valid[one.rule, one.address] = one
    return [_marked(change, valid.get((change.rule.code, change.address)), today) for change in found], mistakes


def _mistake(one: Asked, rule: Rule | None, today: date, *, hit: bool) -> Problem | None:
    if rule is None:
        return Problem(one.where, "DKD264", f"there is no rule {one.rule}", "copy the code from dkd diff")
    if one.until < today:
        left = (today - one.until).days
        days = "yesterday" if left == 1 else f"{left} days ago"
        return Problem(one.where, "DKD265", f"the waiver of {one.rule} ended {days}", "remove it, or decide anew")
    if rule.effect == "blocked":
        return Problem(one.where, "DKD266", f"{one.rule} is blocked, and no waiver opens it", rule.remedy)
    if not hit and not one.is_old:
        return Problem(one.where, "DKD267", f"nothing at {shown(one.address)} is a {one.rule}", "remove the waiver")
    return None


def _marked(change: Changed, one: Asked | None, today: date) -> Changed:
    if one is None:
        return change
    left = (one.until - today).days
    days = f"{counted(left, 'day')} left" if left else "last day"
    owner = f", {shown(one.owner)}" if one.owner else ""
    return replace(change, waiver=f"{shown(one.reason)} (until {one.until}, {days}{owner})")
