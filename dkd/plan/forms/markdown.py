"""A report becomes one comment for a pull request: the verdict, what needs a decision, and the rest folded."""

import re
from collections.abc import Iterable, Iterator, Sequence

from dkd.model.words import counted
from dkd.plan.diff import Changed
from dkd.plan.forms.report import WORST_FIRST, Report, before_and_after
from dkd.systems.classes import BREAKING

MARK = "<!-- dkd diff -->"
"""The first line, by which the comment is found again and replaced."""

LIMIT = 60_000
"""Characters; GitHub takes 65,536, and whoever posts it may add some."""

_LONGEST = 200


def as_markdown(report: Report) -> str:
    """The comment, in at most :data:`LIMIT` characters, the worst first."""
    lines = [MARK, f"### dkd diff: {_verdict(report)}", "", f"{code(report.old)} → {code(report.new)}", ""]
    lines += [f"- **{mistake.code}** {text(mistake.line())}" for mistake in report.mistakes]
    left = LIMIT - sum(map(len, lines)) - 1_000
    for line, closing in _sections(report):
        size = len(line) + len(closing) + 2
        if size > left:
            lines += [closing, "", "_More does not fit here: run `dkd diff`, or look at this job's log._"]
            return "\n".join(lines) + "\n"
        left -= len(line) + 1
        lines.append(line)
    return "\n".join(lines) + "\n"


def _verdict(report: Report) -> str:
    if report.mistakes and not report.changes:
        return "a waiver is wrong"
    if not report.changes:
        return "nothing changes"
    asked = len(report.open)
    if not asked:
        return f"nothing breaks ({report.counts()})"
    return f"{asked} of {counted(len(report.changes), 'change')} to decide on ({report.counts()})"


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    """Lines, each with what must follow it where it is the last one."""
    for effect in WORST_FIRST:
        found = [one for one in report.of(effect) if not one.waiver]
        if found:
            yield from _section(f"{effect} ({len(found)})", map(_bullet, found), is_folded=effect not in BREAKING)
    waived = [one for one in report.changes if one.waiver]
    yield from _section(f"waived ({len(waived)})", (_waived(one) for one in waived), is_folded=True)
    orders = [f"- {' → '.join(steps)}: {_some(changes)}" for steps, changes in report.orders.items()]
    yield from _section("rollout order", orders, is_folded=True)


def _section(title: str, bullets: Iterable[str], *, is_folded: bool) -> Iterator[tuple[str, str]]:
    found = list(bullets)
    if not found:
        return
    closing = "\n</details>\n" if is_folded else ""
    # GitHub reads Markdown inside of details only after an empty line.
    yield (f"<details><summary>{title}</summary>\n" if is_folded else f"#### {title}\n"), closing
    yield from ((bullet, closing) for bullet in found)
    yield closing, ""


def _bullet(change: Changed) -> str:
    before, after = before_and_after(change, _LONGEST)
    values = " → ".join(code(value) for value in (before, after) if value)
    rule = change.rule
    place = f" ({text(str(change.spot))})" if change.spot else ""
    # A sign outside of code would begin a list of its own.
    first = f"- {code(f'{change.sign} {change.address}')} {values}  \n  **{rule.code}** {rule.what}{place}"
    if rule.effect not in BREAKING and rule.effect != "needs-order":
        return first
    remedy = " ".join(part for part in (text(change.note), rule.remedy) if part)
    return f"{first}  \n  {rule.why} _Remedy:_ {remedy}."


def _waived(change: Changed) -> str:
    rule = change.rule
    return f"- {code(change.address)} **{rule.code}** {rule.effect}, {rule.what}: {text(change.waiver)}"


def _some(changes: Sequence[Changed]) -> str:
    shown = ", ".join(code(one.address) for one in changes[:5])
    return shown if len(changes) <= 5 else f"{shown} and {len(changes) - 5} more"


def code(value: str) -> str:
    """*value* as code, whatever is in it."""
    runs = [len(found) for found in re.findall("`+", value)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if value.startswith("`") or value.endswith("`") or not value else ""
    return f"{fence}{pad}{value}{pad}{fence}"


def text(value: str) -> str:
    """*value* as plain text: no markup, no mention of anybody, no link to an issue."""
    escaped = re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", value)
    return escaped.replace("@", "@\u200b")
