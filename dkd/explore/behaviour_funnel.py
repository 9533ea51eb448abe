"""A funnel's answer → what the page draws: bars with their bounds, what was lost between them, and a table."""

from collections.abc import Sequence
from typing import Any

from dkd.explore import behaviour_words as said
from dkd.explore import words
from dkd.explore.menus import IDENTIFIERS
from dkd.model.schema import Model
from dkd.model.types import duration_text
from dkd.query.behaviour import MOST_READ, MOST_STEPS, Funnel
from dkd.query.dimension import columns, dimensions
from dkd.query.funnel import Funnelled, Reach

Json = dict[str, Any]
_SHOWN = 12
_WINDOWS = ("", "10m", "30m", "1h", "1d", "7d", "30d")


def funnel_json(model: Model, funnel: Funnel, answer: Funnelled | None, compares: bool) -> Json:
    """The funnel's controls; its numbers where there is an *answer*, with those before where it *compares*."""
    known = dimensions(model)
    reaches = answer.steps if answer else None
    found: Json = {
        "kind": "funnel",
        "unit": funnel.unit,
        "any_order": funnel.any_order,
        "window": duration_text(funnel.window) if funnel.window is not None else "",
        "split": funnel.split or "",
        "can_grow": len(funnel.steps) < MOST_STEPS,
        "can_shrink": len(funnel.steps) > 2,
        "windows": _windows(funnel),
        "dimensions": [[name, words.label(name)] for name in event_dimensions(model)],
        "steps": [
            {
                "event": step.event or "",
                "label": said.step_label(model, step),
                "filters": [words.filter_label(one, known.get(one.dimension)) for one in step.filters],
                **(_bar(reaches, answer.previous if answer and compares else None, seq) if reaches else {}),
            }
            for seq, step in enumerate(funnel.steps)
        ],
    }
    if answer is None:
        return found
    return found | {
        "alt": _takeaway(funnel, answer),
        "how": _how(funnel, answer),
        "took": _took(funnel, answer),
        "parts": _parts(model, funnel, answer),
    }


def _windows(funnel: Funnel) -> list[list[str]]:
    own = [duration_text(funnel.window)] if funnel.window is not None else []
    return [[one, said.length(_seconds(one)) if one else "No limit"] for one in dict.fromkeys([*_WINDOWS, *own])]


def _seconds(window: str) -> float:
    return Funnel.model_validate({"steps": [{}, {}], "window": window}).window.total_seconds()  # type: ignore[union-attr]


def event_dimensions(model: Model) -> list[str]:
    """What events can be told apart by, in the order of their words."""
    known = columns(model, "events")
    names = [name for name, column in known.items() if column.type != "list" and name not in IDENTIFIERS]
    return sorted(names, key=lambda name: words.label(name).lower())


def _bar(steps: Sequence[Reach], previous: Sequence[Reach] | None, seq: int) -> Json:
    one, first = steps[seq], steps[0].possible
    before = steps[seq - 1] if seq else one
    found: Json = {
        "text": number(one),
        "value": one.sure,
        "possible": one.possible,
        "width": round(one.sure / first, 4) if first else 0,
        "more": round((one.possible - one.sure) / first, 4) if first else 0,
        "of_first": _share(one, steps[0]),
        "of_before": _share(one, before) if seq else "",
        "lost": "",
    }
    if seq:
        lost = Reach(before.sure - one.possible, before.possible - one.sure)
        gone = Reach(max(lost.sure, 0), lost.possible)
        found["lost"] = f"{number(gone)} ({_share(gone, before)}) did not go on"
        found["lost_value"] = gone.possible
    if previous is not None:
        past = previous[seq]
        found["previous"] = f"{number(past)}, {_share(past, previous[0])} of the first step, in the period before"
    return found


def number(one: Reach) -> str:
    """The number, or the two that it lies between."""
    return f"{one.sure:,}" if one.sure == one.possible else f"{one.sure:,} to {one.possible:,}"


def _share(one: Reach, of: Reach) -> str:
    if not of.possible:
        return "–"
    low = one.sure / of.possible
    high = min(1.0, one.possible / of.sure) if of.sure else 1.0
    texts = list(dict.fromkeys(f"{100 * part:.1f}" for part in (low, high)))
    return f"{' to '.join(texts)} %"


def _takeaway(funnel: Funnel, answer: Funnelled) -> str:
    first, last = answer.steps[0], answer.steps[-1]
    return (
        f"Funnel of {len(funnel.steps)} steps: {number(first)} {said.unit(funnel)} did the first, "
        f"{number(last)} the last, {_share(last, first)}."
    )


def _how(funnel: Funnel, answer: Funnelled) -> str:
    if answer.how == "read":
        return "Exact: every event of the steps was read in order."
    if answer.how == "counted":
        return f"Exact: the first and last times of each step decide it for all {said.unit(funnel)}."
    if answer.how == "decided":
        return f"Exact: where first and last times left it open, the events of those {said.unit(funnel)} were read."
    return (
        f"Between two bounds: for some {said.unit(funnel)} only the order of single events would decide, and these are "
        f"more than {MOST_READ:,} events. A shorter time or a narrower filter makes it exact."
    )


def _took(funnel: Funnel, answer: Funnelled) -> str:
    took = answer.took
    if took is None:
        return ""
    about = "about " if took.is_estimate else ""
    return (
        f"From the first step to the last, in the first attempt that came through: median {about}"
        f"{said.length(took.median_ms / 1000)}, nine of ten within {about}{said.length(took.p90_ms / 1000)} "
        f"({said.unit(funnel, took.count)})."
    )


def _parts(model: Model, funnel: Funnel, answer: Funnelled) -> list[Json]:
    """A row for each value of the split and one for all the others, which add up to the bars."""
    column = dimensions(model).get(funnel.split or "")
    shown = [(words.value_label(value, column), value, steps) for value, steps in answer.parts[:_SHOWN]]
    rest = [steps for _, steps in answer.parts[_SHOWN:]]
    rows: list[Json] = [
        {"label": label, "value": value, "others": False, "cells": _cells(steps)} for label, value, steps in shown
    ]
    if rest:
        total = tuple(
            Reach(sum(one.sure for one in each), sum(one.possible for one in each)) for each in zip(*rest, strict=True)
        )
        rows.append({"label": f"Others ({len(rest)})", "value": None, "others": True, "cells": _cells(total)})
    return rows


def _cells(steps: Sequence[Reach]) -> list[list[str]]:
    return [[number(one), _share(one, steps[0])] for one in steps]
