"""A retention's answer → the grid that the page draws: a row for each cohort, what is not over marked as such."""

from typing import Any

from dkd.explore import behaviour_words as said
from dkd.explore import words
from dkd.explore.view import View
from dkd.query.behaviour import Retention
from dkd.query.retention import Cohort, Retained

Json = dict[str, Any]
_USUAL = {"P1D": "30d", "P1W": "90d", "P1M": "365d"}


def retention_json(view: View, retention: Retention, answer: Retained | None) -> Json:
    """The retention's controls, and its grid where there is an *answer*."""
    found: Json = {
        "kind": "retention",
        "grain": retention.grain,
        "back": retention.back or "",
        "born": retention.born,
        "period": said.period(retention),
    }
    if answer is None:
        return found
    rows = [_row(view, answer, seq, one) for seq, one in enumerate(answer.cohorts)]
    if answer.unknown:
        about = "their ids do not say when they came up"
        size = {"size": answer.unknown, "size_text": f"{answer.unknown:,}"}
        rows.append({"label": "unknown", **size, "note": about, "cells": []})
    return found | {
        "columns": [f"+{seq}" if seq else "0" for seq in range(len(answer.cohorts))],
        "rows": rows,
        "notes": list(_notes(answer)),
        "longer": _USUAL[retention.grain] if len(answer.cohorts) < 3 else "",
        "alt": _takeaway(answer),
    }


def _row(view: View, answer: Retained, seq: int, one: Cohort) -> Json:
    label = words.bucket_label(one.start, answer.retention.grain, view.question.zone)
    return {
        "label": label,
        "size": one.size,
        "size_text": f"{one.size:,}",
        "seq": seq,
        "note": "" if one.is_whole else "the time shown begins within it",
        "cells": [_cell(answer, seq, one, ahead) for ahead in range(len(one.back))],
    }


def _cell(answer: Retained, seq: int, one: Cohort, ahead: int) -> Json:
    count = one.back[ahead]
    part = count / one.size if one.size else None
    is_open = not answer.is_last_whole and seq + ahead == len(answer.cohorts) - 1
    text = "–" if part is None else f"{100 * part:.1f} %"
    return {"count": count, "part": part, "text": text, "count_text": f"{count:,} of {one.size:,}", "open": is_open}


def _notes(answer: Retained) -> list[str]:
    each, later = said.period(answer.retention), sum(one.later for one in answer.cohorts)
    found = []
    if answer.before:
        found.append(f"{answer.before:,} visitors came up before the time shown and are in no row.")
    if later:
        found.append(f"{later:,} visitors were first seen in a later {each} than the one they came up in: in no row.")
    return found


def _takeaway(answer: Retained) -> str:
    whole = [one for one in answer.cohorts if one.size and len(one.back) > 2]
    size, back = sum(one.size for one in whole), sum(one.back[1] for one in whole)
    each = said.period(answer.retention)
    if not size:
        return f"Retention by {each}: no {each} whose next {each} is over has a visitor."
    return f"Retention by {each}: of {size:,} visitors {back:,}, {100 * back / size:.1f} %, were back the {each} after."
