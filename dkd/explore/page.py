"""A view and its answers → plain JSON, which is all that the page in the browser gets to know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.errors import DkdError, Problem, UsageError
from dkd.explore import words
from dkd.explore.behaviour import tabs
from dkd.explore.drawing import drawing
from dkd.explore.marks import marks
from dkd.explore.menus import menus
from dkd.explore.panels import cell_of, has, panels
from dkd.explore.picture import picture
from dkd.explore.plan import Plan
from dkd.explore.shelf import lists, shelf
from dkd.explore.sources import PICTURE, SERIES, sources
from dkd.explore.state import nothing, refusal
from dkd.explore.trust import BOTS_ONLY, NOTHING_KNOWN, Heading, Known, trust
from dkd.explore.view import Saved, View, as_link
from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell
from dkd.query.definition import definition
from dkd.query.periods import after
from dkd.query.question import Filter, Last, Question

Json = dict[str, Any]
BOTS = "bots"
PAST = "past"


@dataclass(frozen=True)
class Found:
    """What was asked for a page.

    Attributes:
        newest: Time of the newest event of all.
        series: Of the cards and the chart; None where no measure can be asked with the filters.
        panels: Of each panel that can be asked.
        bots: Events of automated visitors in the interval and filters; None where that is not known.
        is_past_whole: False where the data begins only within the period before, which cannot be compared with then.
        picture: What the main picture draws; None where the cards and the chart are it.
        known: What else is known of the slice.
        is_draft: What is missing is still being counted.
        left_out: Measures that the data has no answer for yet, and why.
    """

    newest: datetime
    series: Answer | DkdError | None
    panels: Mapping[str, Answer | DkdError]
    bots: int | None
    is_past_whole: bool = True
    picture: Answer | DkdError | None = None
    known: Known = NOTHING_KNOWN
    is_draft: bool = False
    left_out: Mapping[str, Problem] = field(default_factory=dict)


def page(
    model: Model, view: View, plan: Plan, found: Found, saved: Sequence[Saved] = (), notices: Sequence[str] = ()
) -> Json:
    """Everything that the page shows; only texts, numbers, lists and objects.

    Args:
        model: The site.
        view: What was asked for; it fits the model.
        plan: Its questions.
        found: Their answers.
        saved: Views of the project, for the menu.
        notices: Sentences for the person, such as what of a link was left out.
    """
    series = found.series if isinstance(found.series, Answer) else None
    has_past = series is not None and found.is_past_whole and _has_past(view, series)
    state = _state(view, plan, found)
    is_nothing = state is not None and state["kind"] == "nothing"
    is_cube = view.behaviour is None
    is_drawn = is_cube and view.shown not in {**plan.left_out, **found.left_out} and not is_nothing
    return {
        **frame(model, view, saved, [*notices, *_remarks(plan)], plan),
        "state": state,
        "pending": found.is_draft,
        "compares": has_past,
        "cards": list(_cards(model, view, plan, found, series)) if is_cube else [],
        "chart": _chart(model, view, plan, series, has_past) if is_drawn and has(series, view.shown) else None,
        "picture": _picture(model, view, plan, found, series, has_past) if is_drawn else None,
        "panels": list(panels(model, view, plan, found.panels, series, found.is_draft))
        if is_cube and not is_nothing
        else [],
        "trust": trust(model, view, _heading(view, plan, found, series, has_past), series, found.known),
        "marks": _marks(view, plan, found),
        "sources": dict(sources(view.shown, {SERIES: found.series, PICTURE: found.picture, **found.panels})),
    }


def _has_past(view: View, series: Answer) -> bool:
    """Whether there is something to compare with; a funnel says itself how many there were."""
    if view.funnel is not None:
        return view.question.compare is not None
    return any(cell.previous and cell.previous.value for cell in series.totals)


def frame(
    model: Model, view: View | None, saved: Sequence[Saved], notices: Sequence[str], plan: Plan | None = None
) -> Json:
    """The page without any answer: names, menus and switches."""
    return {
        "site": model.site,
        "tabs": tabs(model, view),
        "notices": list(notices),
        "pending": False,
        "compares": False,
        "view": _switches(view, plan) if view is not None else None,
        "menus": menus(model, view, saved, plan.span if plan else None),
        "shelf": shelf(model, view),
        "lists": lists(model, view),
        "state": None,
        "cards": [],
        "chart": None,
        "picture": None,
        "dashboard": None,
        "panels": [],
        "trust": None,
        "marks": [],
        "sources": {},
    }


def _switches(view: View, plan: Plan | None) -> Json:
    asked = view.question
    found: Json = {
        "link": as_link(view),
        "last": menus_last(asked),
        "grain": asked.grain,
        "zone": asked.zone,
        "bots": asked.with_bots,
        "live": view.live,
    }
    if plan is not None:
        start, end = (moment.astimezone(ZoneInfo(asked.zone)) for moment in (plan.span.start, plan.span.end))
        found |= {
            "fixed_link": _fixed_link(view, plan),
            "start": f"{start:%Y-%m-%dT%H:%M}",
            "end": f"{end:%Y-%m-%dT%H:%M}",
            "interval": words.interval_label(plan.span, asked.zone),
            "chosen_grain": words.GRAIN_NAMES[plan.grain],
        }
    return found


def _fixed_link(view: View, plan: Plan) -> str:
    """The link with the interval's moments in it; the view's own where that would be too long for an address."""
    fixed = view.question.model_copy(update={"interval": plan.span})
    try:
        # What is between two moments is over: there is nothing to ask again every other second.
        return as_link(view.model_copy(update={"question": fixed, "live": False}))
    except UsageError:
        return as_link(view)


def menus_last(question: Question) -> str | None:
    """The stretch that the question is about, such as ``7d``; None where its interval is fixed."""
    interval = question.interval
    return str(interval.model_dump(mode="json")["last"]) if isinstance(interval, Last) else None


def _remarks(plan: Plan) -> Iterator[str]:
    if plan.coarser is not None:
        coarser, chosen = words.GRAIN_NAMES[plan.coarser], words.GRAIN_NAMES[plan.grain]
        yield f"By {coarser} this interval has too many steps to draw, so it is shown by {chosen}."


def _state(view: View, plan: Plan, found: Found) -> Json | None:
    if found.is_draft and not isinstance(found.series, DkdError):
        return None
    if found.series is None:
        first = next(iter(plan.left_out.values()))
        return nothing(f"{first.problem}; {first.remedy}", has_filters=bool(view.question.filters))
    if isinstance(found.series, DkdError):
        return refusal(found.series)
    doubts = found.known.doubts
    if any(cell.now.value for cell in found.series.totals) or (doubts is not None and doubts.events):
        # No revenue is not nothing where there are events.
        return None
    if found.newest < plan.span.start:
        newest = words.bucket_label(found.newest, "PT1M", view.question.zone)
        return nothing(f"The newest event is of {newest}, before this interval.", has_filters=False)
    about = words.interval_label(plan.span, view.question.zone)
    if not view.question.with_bots and any(_keeps_bots(one) for one in view.question.filters):
        return nothing("A filter keeps bots alone, and bots are hidden.", has_filters=True, hides_bots=True)
    has_filters = bool(view.question.filters)
    if doubts is None:
        return nothing(f"All numbers of {about} are 0.", has_filters=has_filters)
    if has_filters:
        return nothing(f"No event of {about} fits these filters.", has_filters=True)
    return nothing(f"There is no event in {about}.", has_filters=False)


def _keeps_bots(one: Filter) -> bool:
    return (
        one.dimension == BOTS_ONLY.dimension and one.values in ((True,), (False,)) and one.values[0] is not one.exclude
    )


def _cards(model: Model, view: View, plan: Plan, found: Found, series: Answer | None) -> Iterator[Json]:
    left_out = {**found.left_out, **plan.left_out}
    for name in view.question.measures:
        card: Json = {"name": name, "label": words.label(name), "unit": words.unit(model, name)}
        card |= {"chosen": name == view.shown, "about": definition(model, name)}
        if name in left_out:
            yield card | {"text": "–", "problem": left_out[name].problem, "spark": []}
        elif found.is_draft and not has(series, name):
            yield card | {"text": "…", "pending": True, "spark": []}
        elif series is not None:
            at = series.question.measures.index(name)
            yield (
                card
                | cell_of(model, name, series.totals[at])
                | {"spark": [row.cells[at].now.value for row in series.rows]}
            )


def _chart(model: Model, view: View, plan: Plan, series: Answer, has_past: bool) -> Json:
    zone, name = view.question.zone, view.shown
    at = series.question.measures.index(name)
    starts = [row.time for row in series.rows if row.time is not None]
    place = ZoneInfo(zone)
    end = after(starts[-1], plan.grain, zone)
    return {
        "name": name,
        "label": words.label(name),
        "unit": words.unit(model, name),
        "decimals": words.decimals(model, name),
        "grain": words.GRAIN_NAMES[plan.grain],
        "starts_ms": [_ms(moment) for moment in starts],
        "end_ms": _ms(plan.span.end),
        "local": [f"{moment.astimezone(place):%Y-%m-%dT%H:%M}" for moment in starts],
        "labels": [words.bucket_label(moment, plan.grain, zone) for moment in starts],
        "now": [row.cells[at].now.value for row in series.rows],
        "previous": [_previous(row.cells[at]) for row in series.rows] if has_past else None,
        "unfinished": end > plan.span.end,
    }


def _picture(model: Model, view: View, plan: Plan, found: Found, series: Answer | None, has_past: bool) -> Json | None:
    if found.is_draft and found.picture is None:
        return None
    spare = [name for name, *_ in menus(model, view, (), None)["dimensions"]]
    drawn = drawing(model, view, plan, spare)
    return picture(model, view, plan, drawn, found.picture, series, has_past=has_past, spare=spare)


def _previous(cell: Cell) -> float | int | None:
    return cell.previous.value if cell.previous else None


def _heading(view: View, plan: Plan, found: Found, series: Answer | None, has_past: bool) -> Heading:
    return Heading(plan.span, found.newest, found.bots, _compared(view, found, series, has_past))


def _compared(view: View, found: Found, series: Answer | None, has_past: bool) -> str:
    past = series.previous if series is not None else None
    if past is None:
        return ""
    nothing = "nothing to compare with in" if found.is_past_whole else "not compared: the data begins within"
    said = "compared with" if has_past else nothing
    return f"{said} {words.interval_label(past, view.question.zone)}"


def _marks(view: View, plan: Plan, found: Found) -> list[Json]:
    journal = found.known.seen.journal if found.known.seen else None
    return marks(journal, plan.span, view.question.zone) if journal else []


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
