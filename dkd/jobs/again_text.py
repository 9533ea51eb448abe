"""A plan to replay rejects, and what was done → text for people, values for programs; never what visitors sent."""

from collections import Counter
from typing import Any

from dkd.jobs.again import Sent
from dkd.jobs.rejects import COLLECT
from dkd.jobs.trial import Plan, Refusal
from dkd.model.words import counted
from dkd.query.show import visible

_MOST_REFUSED = 20


def plan_text(plan: Plan) -> str:
    """What would be sent where, and what would be refused again and why."""
    lines = Counter(one.reject.stage == COLLECT for one in plan.passing)
    refused: dict[tuple[str, str], list[Refusal]] = {}
    for one in plan.refused:
        refused.setdefault((one.reason, one.remedy), []).append(one)
    most = sorted(refused.values(), key=len, reverse=True)
    shown = [
        *([f"{counted(lines[True], 'line')} to the collector"] if lines[True] else []),
        *([f"{counted(lines[False], 'record')} back into raw"] if lines[False] else []),
        *([f"  {plan.late:,} of them will be late: clean events without a session"] if plan.late else []),
        *(visible(_refused(some)) for some in most[:_MOST_REFUSED]),
    ]
    left = sum(map(len, most[_MOST_REFUSED:]))
    more = [f"{left:,} more would be refused again"] if left else []
    return "\n".join([*shown, *more]) or "nothing to replay"


def _refused(some: list[Refusal]) -> str:
    first = some[0]
    remedy = f"; {first.remedy}" if first.remedy else ""
    named = f" ({first.reject.reject_id})" if len(some) == 1 else f" (such as {first.reject.reject_id})"
    return f"{len(some):,} stay, {first.reason}: {first.problem}{remedy}{named}"


def sent_text(sent: Sent) -> str:
    """What was done, in a line."""
    counts = ((sent.to_collector, "to the collector"), (sent.to_raw, "into raw"))
    done = ", ".join(f"{count:,} {where}" for count, where in counts if count) or "nothing"
    again = ", ".join(f"{reason} {count:,}" for reason, count in sorted(sent.refused.items()))
    return f"replayed {done}" + (f"; refused once more: {again}" if again else "")


def plan_dict(plan: Plan, sent: Sent) -> dict[str, Any]:
    """The plan and what was done, for programs."""
    return {
        "passing": [one.reject.reject_id for one in plan.passing],
        "late": plan.late,
        "refused": [
            {"reject_id": one.reject.reject_id, **{n: getattr(one, n) for n in ("reason", "problem", "remedy")}}
            for one in plan.refused
        ],
        "to_collector": sent.to_collector,
        "to_raw": sent.to_raw,
        "refused_again": dict(sent.refused),
    }
