"""The answer about paths → the columns that the page draws, and the links between them."""

from typing import Any

from dkd.explore import words
from dkd.explore.behaviour_funnel import event_dimensions
from dkd.model.schema import Model
from dkd.query.behaviour import Paths
from dkd.query.flow import Column, Place, Way
from dkd.query.paths import Travelled

Json = dict[str, Any]
DEPTHS = (1, 2, 3, 4, 6, 8)
TOPS = (3, 6, 10, 20)


def paths_json(model: Model, paths: Paths, answer: Travelled | None) -> Json:
    """The controls, and the columns where there is an *answer*."""
    found: Json = {
        "kind": "paths",
        "by": paths.by,
        "by_label": words.label(paths.by),
        "anchor": paths.anchor or "",
        "backwards": paths.backwards,
        "depth": paths.depth,
        "top": paths.top,
        "dimensions": [[name, words.label(name)] for name in event_dimensions(model)],
        "depths": sorted({*DEPTHS, paths.depth}),
        "tops": sorted({*TOPS, paths.top}),
    }
    if answer is None:
        return found
    columns = answer.flow.columns
    return found | {
        "columns": [_column(paths, seq, one, columns[0].total) for seq, one in enumerate(columns)],
        "links": [
            {"step": seq, "from": _name(start), "to": _name(end), "value": count}
            for seq, pairs in enumerate(answer.flow.links)
            for start, end, count in pairs
        ],
        "notes": _notes(answer),
        "alt": _takeaway(paths, answer),
    }


def _column(paths: Paths, seq: int, one: Column, started: int) -> Json:
    first = paths.anchor or ("Last" if paths.backwards else "First")
    ended = "began here" if paths.backwards else "no further action"
    return {
        "title": f"{seq} {'before' if paths.backwards else 'after'}" if seq else first,
        "total": one.total,
        "total_text": f"{one.total:,}",
        "places": [
            {
                "name": _name(place),
                "label": _label(place),
                "others": place is Way.others,
                "count": count,
                "text": f"{count:,}",
                "part": f"{100 * count / one.total:.1f} %",
                "width": round(count / started, 4),
            }
            for place, count in one.places
        ],
        "ended": {"label": ended, "count": one.ended, "text": f"{one.ended:,}", "width": round(one.ended / started, 4)}
        if seq
        else None,
    }


def _name(place: Place) -> str:
    return f"({place.value})" if isinstance(place, Way) else f"={place}"


def _label(place: Place) -> str:
    return "Others" if isinstance(place, Way) else words.value_label(place)


def _notes(answer: Travelled) -> list[str]:
    found = [
        f"These paths hold {answer.shown:,} of {answer.sessions:,} sessions ({_share(answer.shown, answer.sessions)})."
    ]
    if answer.kind == "sessions":
        found.append("Read from finished sessions that began in the time shown; open ones are not in it yet.")
    else:
        found.append("Read from events, open sessions too; of a session that began earlier only its part here.")
    if answer.read < answer.sessions:
        found.append(f"Only the commonest paths were read: those of {answer.read:,} sessions.")
    if answer.cut:
        found.append(f"{answer.cut:,} sessions have more than a hundred pages, of which the first hundred count.")
    return found


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _takeaway(paths: Paths, answer: Travelled) -> str:
    columns = answer.flow.columns
    if len(columns) < 2 or not columns[1].places:
        return f"Paths of {answer.shown:,} sessions; none has a second step."
    place, count = columns[1].places[0]
    where = "before" if paths.backwards else "after"
    return f"Paths of {answer.shown:,} sessions: the commonest step {where} is {_label(place)}, with {count:,}."
