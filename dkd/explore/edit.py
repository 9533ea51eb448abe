"""A view → the same view with something else in one place; what cannot be is refused by its types."""

from datetime import UTC, datetime
from math import prod
from typing import TypeVar

from dkd.errors import UsageError
from dkd.explore.view import View
from dkd.query.compile import MOST_ROWS
from dkd.query.periods import fitting
from dkd.query.question import Filter, Grain, Interval, Last, Question, Split

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LINE_POINTS = 120
_Thing = TypeVar("_Thing")


def asked(view: View, **changed: object) -> View:
    """The view with *changed* in its question.

    Raises:
        ValidationError: When no question can be so.
    """
    return with_own(view, question=Question(**{**dict(view.question), **changed}))


def with_own(view: View, **changed: object) -> View:
    """The view with *changed* beside its question.

    Raises:
        ValidationError: When no view can be so.
    """
    return View(**{**dict(view), **changed})


def refused(problem: str) -> UsageError:
    """The error of a gesture that leads nowhere."""
    return UsageError("DKD330", problem=problem)


def fitting_grain(interval: Interval | Last, splits: tuple[Split, ...] = ()) -> Grain:
    """A width of time buckets that makes a line of the interval, or of each value of *splits* in as far as it can."""
    span = Interval(start=_EPOCH, end=_EPOCH + interval.last) if isinstance(interval, Last) else interval
    lines = prod(one.limit + 1 for one in splits)
    return fitting(span, max(2, min(_LINE_POINTS, MOST_ROWS // lines)))


def over(view: View, interval: Interval | Last) -> View:
    """The view of another interval.

    A grain that suited the old one may make a thousand buckets of the new one: a split by time gets another, and
    without a split each picture chooses its own.
    """
    is_split = view.question.splits and view.question.grain is not None
    return asked(view, interval=interval, grain=fitting_grain(interval, view.question.splits) if is_split else None)


def moved(things: tuple[_Thing, ...], at: int, to: int) -> tuple[_Thing, ...]:
    """*things* with the one *at* a place taken out and put in before what then stands at *to*."""
    rest = [*things[:at], *things[at + 1 :]]
    return (*rest[:to], things[at], *rest[to:])


def ranked_by_values(view: View) -> View:
    """The view with its splits ranked by numbers themselves, as must be where nothing is compared."""
    splits = tuple(one.model_copy(update={"by": "value"}) for one in view.question.splits)
    return with_own(view, question=view.question.model_copy(update={"splits": splits}))


def filters_of(view: View, of: str) -> tuple[Filter, ...]:
    """The view's own filters, or those of the segment that it is compared with: ``filters`` or ``against``."""
    if of not in ("filters", "against"):
        raise refused(f"there are no filters {of!r:.40}")
    found: tuple[Filter, ...] | None = getattr(view.question, of)
    return found or ()
