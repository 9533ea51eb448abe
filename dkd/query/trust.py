"""How far an answer can be trusted, in one line: its interval, the newest event, bots left out, and how exact it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dkd.model.schema import Model
from dkd.query.answer import Answer, Others
from dkd.query.asking import bot_events, newest_event, reaches
from dkd.query.client import Druid
from dkd.query.filters import range_text, said


@dataclass(frozen=True)
class Trust:
    """What else one has to know of an answer.

    Attributes:
        newest: Time of the newest event of all, whatever was asked; None before the first.
        bots: Events of automated visitors in the answer's interval and filters: left out, or counted with the others.
        is_past_whole: False where the data begins only within the period that is compared, whose numbers are then of
            a part of it.
    """

    newest: datetime | None
    bots: int
    is_past_whole: bool = True


def trust_of(druid: Druid, model: Model, answer: Answer) -> Trust:
    """Two or three small queries; raises what :meth:`dkd.query.client.Druid.sql` raises."""
    past = answer.previous
    is_past_whole = past is None or answer.question.against is not None or reaches(druid, model, past.start)
    return Trust(newest_event(druid, model), bot_events(druid, model, answer.question), is_past_whole)


def note(answer: Answer, trust: Trust) -> str:
    """One line for people, times in the question's zone."""
    question = answer.question
    parts = [
        f"{moment(question.span.start, question.zone)} to {moment(question.span.end, question.zone)} {question.zone}"
    ]
    if answer.previous is not None:
        parts.append(f"compared with {compared_with(answer)}")
    parts.append("no event yet" if trust.newest is None else f"newest event {moment(trust.newest, question.zone)}")
    bots = f"{trust.bots:,} bot event{'' if trust.bots == 1 else 's'}"
    parts.append(f"{bots} counted too" if question.with_bots else f"{bots} left out")
    parts.append(exactness(answer))
    return " · ".join(parts)


def compared_with(answer: Answer) -> str:
    """The period, or the filters, of the numbers that stand beside the question's own."""
    question = answer.question
    if question.against is not None:
        return " and ".join(said(one, question.zone) for one in question.against) or "everything, without a filter"
    if answer.previous is None:
        return "nothing"
    start, end = (moment(time, question.zone) for time in (answer.previous.start, answer.previous.end))
    return f"{start} to {end}"


def exactness(answer: Answer) -> str:
    """``exact``, or the widest error of each measure that has one: ``visitors ±1.8 % at most``."""
    widest: dict[str, float] = {}
    for row in (answer.totals, *(row.cells for row in (*answer.rows, *answer.subtotals))):
        for name, cell in zip(answer.question.measures, row, strict=True):
            for number in (cell.now, cell.previous):
                if number is not None and number.error and number.value:
                    widest[name] = max(widest.get(name, 0.0), number.error / abs(number.value))
    return ", ".join(f"{name} ±{100 * error:.1f} % at most" for name, error in widest.items()) or "exact"


def remarks(answer: Answer, trust: Trust) -> Iterator[str]:
    """What is unusual about the answer, a sentence each."""
    question = answer.question
    if trust.newest is not None and trust.newest < question.span.start:
        yield f"nothing was counted: the newest event is of {moment(trust.newest, question.zone)}, before the interval"
    elif not any(cell.now.value for cell in answer.totals):
        yield "nothing was counted: no event fits the filters" if question.filters else "nothing was counted"
    if question.having and any(Others.others in row.key for row in answer.rows):
        limits = " and ".join(f"{one.measure} is {range_text(one.range)}" for one in question.having)
        yield f"a value has a row where {limits}; all the rest are among the others"
    if not trust.is_past_whole:
        yield "the data begins only within the period before, so the changes are of a part of it"


def moment(time: datetime, zone: str) -> str:
    """A moment on the zone's clock, to the minute."""
    return f"{time.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
