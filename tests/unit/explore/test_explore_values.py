"""The values that a filter's editor finds: what is asked for them, and how they are listed."""

from datetime import UTC, datetime, timedelta

import pytest
from explore_cases import MODEL

from dkd.errors import DkdError
from dkd.explore.asking import Job
from dkd.explore.values import search
from dkd.explore.view import of_link
from dkd.explore.visit import Site
from dkd.query.question import Filter, Question
from dkd.query.search import Found, Value

NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)
VIEW = "1~m.visitors.orders~t.1d~f.country.NL~f.page_path.-2Fshoes~s.os.10~h.orders.-i1.-n~c.previous~P.os"


class Asked:
    """A desk that answers with values of its own and keeps what it was asked."""

    def __init__(self, values: tuple[Value, ...] = (), has_more: bool = False, newest: object = NEWEST) -> None:
        self._found, self._newest = Found(values, has_more, "events", ()), newest
        self.dimension, self.text, self.question = "", "", Question(measures=("none",), interval={"last": "1d"})

    def answers(self, jobs: dict[str, Job]) -> dict[str, object]:
        if "newest" in jobs:
            return {"newest": self._newest}
        _, self.dimension, rest = jobs["values"].key.split(" ", 2)
        self.text, _, question = rest.partition(" {")
        self.question = Question.model_validate_json("{" + question)
        return {"values": self._found}


def found(desk: Asked, link: str = VIEW, **given: str) -> dict[str, object]:
    return search(Site(MODEL, desk), of_link(link), given, NEWEST + timedelta(hours=1))  # type: ignore[arg-type]


def test_the_views_filters_and_interval_narrow_the_values_and_nothing_else_of_it_does():
    desk = Asked((Value("NL", 9), Value(None, 3)), has_more=True)
    answer = found(desk, dimension="country", text=" ne ")
    assert (desk.dimension, desk.text) == ("country", "ne")
    assert desk.question.filters == of_link(VIEW).question.filters
    assert (desk.question.splits, desk.question.compare, desk.question.having) == ((), None, ())
    assert desk.question.span.end == NEWEST.replace(second=0) + timedelta(minutes=1)
    assert answer["values"] == [
        {"value": "NL", "label": "NL", "text": "9", "bar": 1.0},
        {"value": None, "label": "(none)", "text": "3", "bar": 0.3333},
    ]
    assert answer["more"] is True


def test_the_segment_has_filters_of_its_own():
    desk = Asked()
    found(desk, VIEW.replace("~c.previous", "~af.city.Amsterdam"), dimension="country", text="", of="against")
    assert desk.question.filters == (Filter(dimension="city", values=("Amsterdam",)),)


@pytest.mark.parametrize("newest", [None, DkdError("DKD301", where="Druid", problem="does not answer")])
def test_without_an_answer_it_says_why(newest):
    with pytest.raises(DkdError):
        found(Asked(newest=newest), dimension="country")
