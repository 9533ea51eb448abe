"""What a person types in a filter's editor → the values that have it in them, with how many have each, as JSON.

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
from dkd.query.client import Druid
from dkd.query.dimension import dimensions
from dkd.query.periods import fixed
from dkd.query.question import Question
from dkd.query.search import Found, searched

Json = dict[str, Any]
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
    name, text = given["dimension"], given.get("text", "").strip()
    question = fixed(_question(view, given), min(end, now))
    job = Job(
        f"values {name} {text} {question.model_dump_json()}", partial(_asked, site.model, question, name, text), _AGE_S
    )
    (found,) = site.desk.answers({"values": job}).values()
    if isinstance(found, DkdError):
        raise found
    return _listed(site.model, name, found)


def _asked(model: Model, question: Question, name: str, text: str, druid: Druid) -> Found:
    return searched(druid, model, question, name, text, timeout_s=TIMEOUT_S)


def _found(path: Path, target: str, base_port: int, given: Mapping[str, str]) -> Json:
    try:
        return search(site_of(path, target, base_port), of_link(given["v"]), given, datetime.now(UTC))
    except KeyError as error:
        return {"problem": f"the request has no {error}"}
    except DkdError as error:
        return {"problem": error.problems[0].line()}


def _question(view: View, given: Mapping[str, str]) -> Question:
    """The interval and the filters that narrow the values: the view's own, or those of its segment."""
    tree = {"filters": filters_of(view, given.get("of", "filters")), "splits": (), "having": (), "grain": None}
    return view.question.model_copy(update={**tree, "compare": None, "against": None, "measures": (view.shown,)})


def _listed(model: Model, dimension: str, found: Found) -> Json:
    column = dimensions(model)[dimension]
    most = max((one.frequency for one in found.values), default=0) or 1
    return {
        "counted": found.counted,
        "values": [
            {
                "value": one.value,
                "label": words.value_label(one.value, column),
                "text": f"{one.frequency:,}",
                "bar": round(one.frequency / most, 4),
            }
            for one in found.values
        ],
        "more": found.has_more,
    }
