"""A page of sessions, or one session's events → the table that the page draws; ids shortened, caveats said."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.explore import behaviour_words as said
from dkd.explore import words
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.model.values import text_of
from dkd.model.words import counted
from dkd.query.behaviour import Behind, CameBack
from dkd.query.funnel_sql import UNITS
from dkd.query.instead import Next, Nothing
from dkd.query.sessions import MOST_BEHIND, Listed, Moment, Session, Told, unit_of

Json = dict[str, Any]
_SHORT, _MOST_KEPT, _MOST_NEXT = 8, 25, 10
_FACTS = ("country", "channel", "device_type", "browser", "referrer_source")


def listed_json(model: Model, view: View, answer: Listed | None) -> Json:
    """The list's controls, and its rows where there is an *answer*."""
    wanted = view.sessions
    found: Json = {"kind": "sessions", "page": wanted.page if wanted else 1, "behind": "", "rows": []}
    if wanted is not None and wanted.behind is not None:
        found["behind"] = _behind(model, wanted.behind)
        found["back"] = "Back to the funnel" if isinstance(wanted.behind, Behind) else "Back to the retention"
    if answer is None:
        return found
    zone = ZoneInfo(view.question.zone)
    bar = wanted.behind if wanted else None
    return found | {
        "has_more": answer.has_more,
        "rows": [_row(one, zone) for one in answer.sessions],
        "notes": _notes(answer, bar),
        "instead": _instead(answer),
        "segment": _segment(answer, bar),
        "unkept": _unkept(answer, bar),
        "alt": f"{len(answer.sessions)} sessions, newest first.",
    }


def told_json(view: View, answer: Told) -> Json:
    """One session: facts about it, then a row for each event."""
    zone, one = ZoneInfo(view.question.zone), answer.session
    facts = [["Began", _time(one.start, zone)], ["Duration", _duration(one)], ["Events", f"{one.events:,}"]]
    facts += [[words.label(name), one.first[name] or "–"] for name in _FACTS]
    row = one.row or {}
    facts.append(["Finished", f"yes, by {row['closed_by']}" if row.get("closed_by") else "no, it is still open"])
    if row.get("converted"):
        facts.append(["Converted", f"yes, worth {row.get('conversion_value') or 0:,.2f}"])
    notes = ["One event alone has no duration."] if one.events == 1 else []
    if answer.is_cut:
        notes.append(f"Only the first {len(answer.moments):,} events are shown.")
    return {
        "kind": "session",
        "title": f"Session {short(one.id)} of visitor {short(one.party)}",
        "facts": facts,
        "rows": [_moment(moment, zone) for moment in answer.moments],
        "notes": notes,
        "party": one.party,
        "alt": f"Session of {one.events} events.",
    }


def short(name: str | None) -> str:
    """An id as far as people need it to tell it from others; of a visitor's the part that is chance."""
    return "–" if not name else f"{name.rpartition(':')[2][:_SHORT]}…" if len(name) > _SHORT else name


def _row(one: Session, zone: ZoneInfo) -> Json:
    row = one.row
    state = "open" if row is None else "converted" if row["converted"] else "bounced" if row["is_bounce"] else ""
    return {
        "id": one.id,
        "short": short(one.id),
        "visitor": short(one.party),
        "began": _time(one.start, zone),
        "duration": _duration(one),
        "events": f"{one.events:,}",
        "pageviews": f"{one.pageviews:,}",
        "entry": one.entry or "–",
        "exit": one.exit or "–",
        "country": one.first["country"] or "–",
        "channel": one.first["channel"] or "–",
        "device": one.first["device_type"] or "–",
        "state": state,
    }


def _moment(one: Moment, zone: ZoneInfo) -> Json:
    return {
        "time": f"{one.time.astimezone(zone):%H:%M:%S}",
        "gap": f"+{said.length(one.gap_s, short=True)}" if one.gap_s is not None else "",
        "event": words.label(one.event),
        "page": one.page or "–",
        "values": ", ".join(f"{words.label(name)} {text_of(value)}" for name, value in one.values.items()),
    }


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %-d %b, %H:%M:%S}"


def _duration(one: Session) -> str:
    return said.length((one.end - one.start).total_seconds(), short=True) if one.events > 1 else "–"


def _behind(model: Model, bar: Behind | CameBack) -> str:
    if isinstance(bar, CameBack):
        each = said.period(bar.retention)
        later = f"{bar.ahead} {each}{'' if bar.ahead == 1 else 's'} later" if bar.ahead else f"in that {each} itself"
        return f"Visitors of {each} {bar.cohort + 1} of the time shown that were back {later}"
    step = said.step_label(model, bar.funnel.steps[bar.step - 1])
    did = f"did step {bar.step - 1} and not step {bar.step}" if bar.lost else f"did all up to step {bar.step}"
    return f"{said.unit(bar.funnel).capitalize()} that {did} ({step})"


def _notes(answer: Listed, bar: Behind | CameBack | None) -> list[str]:
    found = []
    if answer.kind == "sessions":
        found.append("A filter is about whole sessions, so only finished ones are listed, by when they began.")
    else:
        found.append("Open sessions are among these. What a finished session says of itself is there once it is.")
    if bar is not None and answer.units is not None:
        units = len(answer.units)
        most = f"the first {MOST_BEHIND:,} of them" if units == MOST_BEHIND else _counted(bar, units)
        found.append(f"All sessions in the time shown of {most}.")
        if isinstance(bar, Behind) and bar.lost and units and answer.instead is None:
            found.append("These are too many to say what they did next: choose a shorter time or another filter.")
    return found


def _instead(answer: Listed) -> list[list[str]]:
    """What those lost did next, and how many; the rest as one, so that all add up to those lost."""
    counts = answer.instead or ()
    whole = sum(count for _, count in counts)
    shown = [(_next(one), count) for one, count in counts[:_MOST_NEXT]]
    if rest := sum(count for _, count in counts[_MOST_NEXT:]):
        shown.append(("Other", rest))
    return [[text, f"{count:,}", f"{100 * count / whole:.1f} %"] for text, count in shown]


def _next(one: Next) -> str:
    if isinstance(one, Nothing):
        return "Nothing more in time"
    event, page = one
    return f"{words.label(event)} {page}" if page else words.label(event)


def _counted(bar: Behind | CameBack, count: int) -> str:
    return counted(count, unit_of(bar))


def _segment(answer: Listed, bar: Behind | CameBack | None) -> Json | None:
    """A filter that keeps those behind the bar, where they are few enough for one."""
    if bar is None or not answer.units or len(answer.units) > _MOST_KEPT:
        return None
    return {
        "dimension": UNITS[unit_of(bar)],
        "values": list(answer.units),
        "label": f"Keep only {_counted(bar, len(answer.units))}",
    }


def _unkept(answer: Listed, bar: Behind | CameBack | None) -> str:
    """Why no filter keeps those behind the bar; empty where one does."""
    if bar is None or not answer.units or len(answer.units) <= _MOST_KEPT:
        return ""
    return (
        f"{_counted(bar, len(answer.units)).capitalize()} are too many to keep as a segment, "
        f"which names each of at most {_MOST_KEPT}: choose a shorter time or another filter."
    )
