"""The values that a filter's editor finds: what is asked for them, and how they are listed."""

from datetime import UTC, datetime, timedelta

import pytest
from explore_cases import MODEL

from dkd.errors import DkdError
from dkd.explore.asking import Job
from dkd.explore.values import search
from dkd.explore.view import of_link
from dkd.explore.visit import Site
from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.number import Number
from dkd.query.question import Filter, Question, Split

NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)
VIEW = "1~m.visitors.orders~t.1d~f.country.NL~f.page_path.-2Fshoes~s.os.10~h.orders.-i1.-n~c.previous~P.os"


class Asked:
    """A desk that answers with rows of its own and keeps what it was asked."""

    def __init__(self, rows: list[tuple[object, float]], newest: object = NEWEST) -> None:
        self._rows, self._newest = rows, newest
        self.question = Question(measures=("none",), interval={"last": "1d"})

    def answers(self, jobs: dict[str, Job]) -> dict[str, object]:
        if "newest" in jobs:
            return {"newest": self._newest}
        self.question = Question.model_validate_json(jobs["values"].key.partition(" ")[2])
        rows = tuple(Row(None, (key,), (Cell(Number(value)),)) for key, value in self._rows)
        return {"values": Answer(self.question, None, rows, (), ())}


def found(desk: Asked, link: str = VIEW, **given: str) -> dict[str, object]:
    return search(Site(MODEL, desk), of_link(link), given, NEWEST + timedelta(hours=1))  # type: ignore[arg-type]


def test_the_other_filters_narrow_the_values_and_the_typed_text_is_in_them():
    desk = Asked([("NL", 9), (None, 3), (Others.others, 2)])
    answer = found(desk, dimension="country", text=" ne ")
    assert desk.question.filters == (
        Filter(dimension="page_path", values=("/shoes",)),
        Filter(dimension="country", contains="ne"),
    )
    assert desk.question.splits == (Split(dimension="country", limit=100),)
    assert (desk.question.measures, desk.question.compare, desk.question.having) == (("visitors",), None, ())
    assert desk.question.span.end == NEWEST.replace(second=0) + timedelta(minutes=1)
    assert answer["values"] == [
        {"value": "NL", "label": "NL", "text": "9", "bar": 1.0},
        {"value": None, "label": "(none)", "text": "3", "bar": 0.3333},
    ]
    assert answer["more"] is True


def test_a_number_is_not_searched_by_its_text_and_a_sessions_value_is_counted_in_sessions():
    desk = Asked([])
    found(desk, dimension="price", text="12")
    assert [one.dimension for one in desk.question.filters] == ["country", "page_path"]
    found(desk, "1~m.visitors~t.1d", dimension="entry_page", text="")
    assert desk.question.measures == ("sessions",)


def test_the_segment_has_its_own_other_filters():
    desk = Asked([])
    found(desk, VIEW.replace("~c.previous", "~a"), dimension="city", text="", of="against")
    assert desk.question.filters == ()


@pytest.mark.parametrize("newest", [None, DkdError("DKD301", where="Druid", problem="does not answer")])
def test_without_an_answer_it_says_why(newest):
    with pytest.raises(DkdError):
        found(Asked([], newest), dimension="country")
