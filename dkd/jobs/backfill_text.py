"""A backfill's plan and outcome become text for people and values for programs."""

from collections.abc import Iterator, Mapping
from typing import Any

from dkd.jobs.backfill import Plan
from dkd.model.words import counted
from dkd.systems.druid.render import Kind


def plan_dict(plan: Plan) -> dict[str, Any]:
    """Plain values."""
    return {
        "run": plan.run,
        "interval": plan.wanted.interval,
        "mode": "replace" if plan.wanted.replace else "append",
        **plan.account.as_dict(),
        "stored": dict(plan.stored),
        "rejects_file": str(plan.rejects) if plan.account.reasons else None,
        "resumed": plan.is_begun,
    }


def plan_text(plan: Plan) -> str:
    """What was read, what would be loaded, and what goes."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    found, wanted = plan.account, plan.wanted
    source = counted(len(wanted.files), "file") if wanted.files else "raw"
    yield f"{wanted.interval} from {source}, {counted(found.read, 'line')}:"
    yield f"  {found.outside:>12,} too far from the interval to matter"
    yield f"  {found.collector_rejects + found.rejects:>12,} rejects{_reasons(found.reasons)}"
    yield f"  {found.duplicates:>12,} repeats"
    if found.dropped_bots:
        yield f"  {found.dropped_bots:>12,} events of bots, dropped"
    yield f"  {found.around:>12,} events around it, which only tell its sessions' ends"
    yield f"  {found.events:>12,} events in it, {found.sessions:,} sessions begin in it"
    if found.reasons:
        yield f"rejects: {plan.rejects}"
    if found.ignored:
        yield f"not in the model, and ignored: {', '.join(f'{name} ({n:,})' for name, n in found.ignored.items())}"
    for kind in plan.kinds:
        rows: int = getattr(found, kind)
        does = f"replace {plan.stored[kind]:,}" if wanted.replace else f"are added to {plan.stored[kind]:,}"
        yield f"{'~' if wanted.replace else '+'} {kind}: {rows:,} rows {does}"
    if plan.is_begun:
        yield "a run before this one was stopped; this one goes on"


def outcome_text(plan: Plan, after: Mapping[Kind, int], took_s: float) -> str:
    """What was done."""
    told = ", ".join(f"{getattr(plan.account, kind):,} {kind} ({after[kind]:,} answered now)" for kind in plan.kinds)
    return f"loaded {told} in {took_s:.0f} s"


def _reasons(reasons: Mapping[str, int]) -> str:
    return f": {', '.join(f'{name} {count:,}' for name, count in reasons.items())}" if reasons else ""
