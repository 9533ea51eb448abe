"""What a person types in a filter's editor → the values that have it in them, with a number beside each, as JSON.

A request of its own beside the page's: a search waits for no picture, and no picture for a search.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from dkd.errors import DkdError, UsageError
from dkd.explore import words
from dkd.explore.asking import Job
from dkd.explore.edit import filters_of
from dkd.explore.site import site_of
from dkd.explore.view import View, of_link
from dkd.explore.visit import TIMEOUT_S, Site, newest_job
from dkd.model.schema import Model
from dkd.query.answer import Answer, Others, answered
from dkd.query.check import problems
from dkd.query.dimension import dimensions
from dkd.query.periods import fixed
from dkd.query.question import Filter, Question, Split

Json = dict[str, Any]
MOST = 100
"""Values that are listed; typing more of one finds it among any number."""
_AGE_S = 60.0


async def values(request: Request) -> JSONResponse:
    """The route: ``v`` is the view's link, ``dimension`` and ``text`` what is looked for, ``of`` whose filters."""
    model, target, base_port = sys.argv[1:4]
    work = partial(_found, Path(model), target, int(base_port), dict(request.query_params))
    return JSONResponse(await run_in_threadpool(work), headers={"Cache-Control": "no-store"})


def search(site: Site, view: View, given: Mapping[str, str], now: datetime) -> Json:
    """The values, first ones first, or the problem that there are none of.

    Args:
        site: Where.
        view: What else is asked; its filters on other dimensions narrow the values too.
        given: The request's parameters.
        now: No stretch ends after it.

    Raises:
        DkdError: When Druid does not answer, or the model has no such dimension.
    """
    (end,) = site.desk.answers({"newest": newest_job(site.model)}).values()
    if isinstance(end, DkdError) or end is None:
        raise end or UsageError("DKD333", problem="there is no event yet")
    question = fixed(_question(site.model, view, given), min(end, now))
    ask = partial(answered, with_totals=False, timeout_s=TIMEOUT_S)
    job = Job(f"values {question.model_dump_json()}", lambda druid: ask(druid, site.model, question), _AGE_S)
    (found,) = site.desk.answers({"values": job}).values()
    if isinstance(found, DkdError):
        raise found
    return _listed(site.model, given["dimension"], found)


def _found(path: Path, target: str, base_port: int, given: Mapping[str, str]) -> Json:
    try:
        return search(site_of(path, target, base_port), of_link(given["v"]), given, datetime.now(UTC))
    except KeyError as error:
        return {"problem": f"the request has no {error}"}
    except DkdError as error:
        return {"problem": error.problems[0].line()}


def _question(model: Model, view: View, given: Mapping[str, str]) -> Question:
    """The first values by a measure of the view that can be asked so; by any of the model where none of it can."""
    name, text = given["dimension"], given.get("text", "").strip()
    others = [one for one in filters_of(view, given.get("of", "filters")) if one.dimension != name]
    column = dimensions(model).get(name)
    is_text = column is not None and column.type == "string"
    typed = [Filter(dimension=name, contains=text)] if text and is_text else []
    tree = {"filters": (*others, *typed), "splits": (Split(dimension=name, limit=MOST),), "having": (), "grain": None}
    asked = view.question.model_copy(update={**tree, "compare": None, "against": None})
    tried = [
        asked.model_copy(update={"measures": (measure,)})
        for measure in dict.fromkeys((view.shown, *view.question.measures, *model.measures))
    ]
    return next((one for one in tried if not problems(model, one)), tried[0])


def _listed(model: Model, dimension: str, answer: Answer) -> Json:
    measure, column = answer.question.measures[0], dimensions(model)[dimension]
    rows = [row for row in answer.rows if row.key[0] is not Others.others]
    most = max((abs(row.cells[0].now.value or 0) for row in rows), default=0) or 1
    places = words.decimals(model, measure)
    return {
        "measure": words.label(measure),
        "values": [
            {
                "value": row.key[0],
                "label": words.value_label(row.key[0], column),
                "text": words.number_text(row.cells[0].now, places),
                "bar": round(abs(row.cells[0].now.value or 0) / most, 4),
            }
            for row in rows
        ],
        "more": len(rows) < len(answer.rows),
    }
