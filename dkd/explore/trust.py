"""What is known of a slice beside its numbers → the line of trust, and all of it in words for who wants to know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.explore import words
from dkd.explore.loading import Loading
from dkd.explore.view import View
from dkd.explore.watch import Seen
from dkd.jobs.books import total
from dkd.model.schema import Model
from dkd.model.words import counted
from dkd.query.answer import Answer
from dkd.query.asking import Doubts
from dkd.query.measure import kind_of, parts
from dkd.query.question import Filter, Interval
from dkd.query.trust import exactness

Json = dict[str, Any]
FRESH_MS = 120_000
STALE_MS = 15 * 60_000
"""Older than this, the newest event of a live site is a sign that something is wrong."""
BOTS_ONLY = Filter(dimension="is_bot", values=(True,))


@dataclass(frozen=True)
class Heading:
    """What every line says.

    Attributes:
        span: The slice's interval.
        newest: Time of the newest event of all.
        bots: Events of automated visitors in the slice; None where that is not known.
        compared: What the numbers are compared with, in words; empty for nothing.
    """

    span: Interval
    newest: datetime
    bots: int | None
    compared: str = ""


@dataclass(frozen=True)
class Known:
    """What else was found out.

    Attributes:
        doubts: Late and mended events of the slice; None where not known.
        asked: When Druid gave the answer; None where not known.
        loading: Whether Druid has all rows in sight; None where it does not tell.
        seen: What Kafka said; None before its first word.
    """

    doubts: Doubts | None = None
    asked: datetime | None = None
    loading: Loading | None = None
    seen: Seen | None = None


NOTHING_KNOWN = Known()


def trust(model: Model, view: View, heading: Heading, answer: Answer | None, known: Known) -> Json:
    """The line: *items* stand on it, *details* behind it.

    Args:
        model: The site.
        view: What is shown.
        heading: Of what slice.
        answer: The numbers; None where there are none.
        known: What was found out.
    """
    zone, interval = view.question.zone, words.interval_label(heading.span, view.question.zone)
    exact = _exact(answer, known)
    items = [
        _item("interval", f"{interval} {zone}"),
        *([_item("compared", heading.compared)] if heading.compared else []),
        *_doubts(known),
        *_open_sessions(model, view, known),
        *([exact] if exact else []),
        _item("all", "all events", "Nothing is sampled: each number is counted over every event of the interval."),
    ]
    return {
        "newest_ms": _ms(heading.newest),
        "newest": f"{heading.newest.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M:%S}",
        "fresh_ms": FRESH_MS,
        "stale_ms": STALE_MS,
        "asked_ms": _ms(known.asked) if known.asked else None,
        "zone": zone,
        "who": who(view),
        "bots": _bots(heading.bots, view),
        "exact": exact["text"] if exact else "",
        "interval": interval,
        "compared": heading.compared,
        "items": items,
        "details": [list(one) for one in _details(known)],
        "pending": known.seen is None,
    }


def who(view: View) -> str:
    """Whose events are counted: ``people``, ``bots`` or ``all``."""
    if not view.question.with_bots:
        return "people"
    return "bots" if BOTS_ONLY in view.question.filters else "all"


def _bots(count: int | None, view: View) -> str:
    if count is None:
        return ""
    said = {"people": "hidden", "all": "counted too", "bots": "counted, and no people"}[who(view)]
    return f"{counted(count, 'bot event')} {said}"


def _item(name: str, text: str, about: str = "", tone: str = "") -> Json:
    return {"name": name, "text": text, "about": about, "tone": tone}


def _doubts(known: Known) -> Iterator[Json]:
    late, clamped = (known.doubts.late, known.doubts.clamped) if known.doubts else (0, 0)
    if late:
        about = "They came so long after their time that they belong to no session; they count as events."
        yield _item("late", f"{counted(late, 'event')} late", about)
    if clamped:
        about = "They said a time of the future, and were given that of their arrival."
        yield _item("clamped", f"{counted(clamped, 'time')} mended", about)


def _open_sessions(model: Model, view: View, known: Known) -> Iterator[Json]:
    """Of measures of sessions: how many sessions are no rows yet, of the whole site."""
    kinds = {kind_of(model, part.measure) for name in view.question.measures for part in parts(model, name)}
    if "sessions" not in kinds:
        return
    about = (
        "A session becomes a row once its visitor has been silent for the session gap; this counts the whole site's."
    )
    books = known.seen.books if known.seen else None
    if books is None:
        yield _item("open", "open sessions: not known", about)
    else:
        count = sum(one.open_sessions for one in books)
        yield _item("open", f"{counted(count, 'session')} still open, not counted", about)


def _exact(answer: Answer | None, known: Known) -> Json | None:
    """How exact the numbers are; while rows are missing, that and nothing else."""
    if known.loading and known.loading.reasons:
        return _item("exact", "not all rows are loaded yet", "; ".join(known.loading.reasons), "warn")
    if answer is None:
        return None
    said = exactness(answer)
    if said == "exact":
        return _item("exact", "all numbers exact")
    about = "Distinct counts of many values are estimates; the true number lies within the error 99 times of 100."
    return _item("exact", said, about)


def _details(known: Known) -> Iterator[tuple[str, str]]:
    """Each thing that is known and its words, zeros and what is not known included."""
    if known.doubts:
        yield "Events of this slice", f"{known.doubts.events:,}"
        yield "Late events", f"{known.doubts.late:,}, in no session"
        yield "Times mended", f"{known.doubts.clamped:,} said a time of the future"
    yield "Sampling", "none: every event is counted"
    yield "Rows in Druid", _rows(known.loading)
    seen = known.seen
    if seen is None:
        yield "Kafka", "has not answered yet"
        return
    if seen.books is not None:
        books = total(seen.books)
        left = sum(one.lag for one in seen.books)
        closed = "the books close" if all(one.closed for one in seen.books) else "the books do not close: dkd status"
        yield (
            "Books of the whole site",
            (
                f"{books.consumed:,} consumed = {books.clean:,} clean + {books.dropped_bots:,} dropped bots"
                f" + {books.duplicates:,} duplicates + {books.rejects:,} rejects; {closed}"
            ),
        )
        yield "Not enriched yet", counted(left, "event")
    if seen.journal is not None:
        deploy = seen.journal.deploy
        yield (
            "Last deploy",
            f"{deploy.id[:8]} by {deploy.who}, {deploy.finalised or 'not finished'}" if deploy else "none",
        )
    yield from (("Not known", problem) for problem in seen.problems)


def _rows(loading: Loading | None) -> str:
    if loading is None:
        return "not known: Druid does not tell"
    behind = "" if loading.behind is None else f"; {counted(loading.behind, 'event')} on the way from Kafka"
    return "; ".join(loading.reasons) if loading.reasons else f"all loaded{behind}"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
