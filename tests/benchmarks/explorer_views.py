"""The views and the search that explorer_speed.py asks for, and what Druid alone takes for them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dkd.explore.asking import Desk
from dkd.explore.view import Opened, View
from dkd.explore.visit import Site, shown
from dkd.model.schema import Model
from dkd.query.behaviour import Funnel, Retention, Step
from dkd.query.client import Druid
from dkd.query.question import Filter, Interval, Question
from dkd.query.search import searched
from dkd.settings import DruidSettings

MEASURES = ("visitors", "pageviews", "orders", "revenue")
PANELS = ("country", "page_path", "utm_source")
END = datetime(2026, 10, 19, tzinfo=UTC)
WEEK, FORTNIGHT = (Interval(start=END - timedelta(days=days), end=END) for days in (7, 14))


def view(*filters: Filter, compare: str | None = None) -> View:
    """Four measures by the hour of a week, and three tables ranked by visitors."""
    question = Question.model_validate(
        {"measures": MEASURES, "interval": WEEK, "filters": filters, "grain": "PT1H", "compare": compare}
    )
    return View(question=question, panels=PANELS)


def asked_alone(model: Model, settings: DruidSettings, of: View) -> float:
    """Seconds until all questions of a view are answered, without a page and without any answer kept."""
    desk = Desk(settings)
    began_s = time.perf_counter()
    shown(Site(model, desk), Opened(of), datetime.now(UTC), lambda: None)
    took_s = time.perf_counter() - began_s
    desk.close()
    return took_s


def funnel(seq: int) -> View:
    """Three steps within a week by visitors outside one city."""
    steps = tuple(Step(event=name) for name in ("product_view", "add_to_cart", "purchase"))
    return view(_outside(seq)).model_copy(update={"funnel": Funnel(steps=steps)})


def retention(seq: int) -> View:
    """Who of each of fourteen days came back on the others, outside one city."""
    found = view(_outside(seq))
    question = found.question.model_copy(update={"interval": FORTNIGHT})
    return found.model_copy(update={"question": question, "retention": Retention()})


def _outside(seq: int) -> Filter:
    return Filter(dimension="city", values=(f"City-{seq}",), exclude=True)


def search_times(model: Model, settings: DruidSettings) -> Iterator[float]:
    """Seconds of a search for a text in the identifiers of two weeks, with the events of each."""
    question = Question(measures=("pageviews",), interval=FORTNIGHT)
    with Druid(settings) as druid:
        for text in ("a1f", "0c3", "9e2", "77b", "d04", "5f1", "b26"):
            began_s = time.perf_counter()
            searched(druid, model, question, "party_id", text)
            yield time.perf_counter() - began_s
