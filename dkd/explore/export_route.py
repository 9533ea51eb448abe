"""A view's link and a form → a file for the browser; large ones leave as they come, and nothing is kept in memory."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from dkd.errors import DkdError, UsageError
from dkd.explore import export, words
from dkd.explore.asking import Job
from dkd.explore.behaviour import behaviour_job, planning
from dkd.explore.behaviour_rows import behaviour_rows
from dkd.explore.drawing import drawing
from dkd.explore.plan import Plan, planned
from dkd.explore.site import site_of
from dkd.explore.view import View, of_link
from dkd.explore.visit import TIMEOUT_S, Site, newest_job
from dkd.query.answer import Answer, answered
from dkd.query.asking import stored_columns
from dkd.query.compile import Query, scan
from dkd.query.dimension import columns, dimensions
from dkd.query.question import TIME, Question
from dkd.query.rows import Rows
from dkd.query.scan import Scan
from dkd.query.shown import rows_of
from dkd.query.trust import exactness

_FORMS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "sql": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    """What is sent.

    Attributes:
        name: Of the file.
        pieces: Its content.
    """

    name: str
    pieces: Iterable[str | bytes]


async def exported(request: Request) -> Response:
    """The route: ``v`` is the view's link, ``form`` csv, parquet or sql, ``what`` view or rows, ``title`` its name."""
    model, target, base_port = sys.argv[1:4]
    given = dict(request.query_params)
    try:
        site = await run_in_threadpool(site_of, Path(model), target, int(base_port))
        found = await run_in_threadpool(partial(file_of, site, given, datetime.now(UTC)))
    except (DkdError, KeyError) as error:
        text = error.problems[0].line() if isinstance(error, DkdError) else f"the request has no {error}"
        return PlainTextResponse(text, 400 if isinstance(error, UsageError | KeyError) else 502)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Cache-Control": "no-store"}
    return StreamingResponse(found.pieces, media_type=_FORMS[given["form"]], headers=headers)


def file_of(site: Site, given: Mapping[str, str], now: datetime) -> File:
    """The file that a request asks for.

    Raises:
        UsageError: DKD350 for a form that is none, DKD351 when the view has nothing to send, and a link's own mistakes.
        DkdError: When Druid does not answer; what breaks off later ends the sending.
    """
    form, what = given["form"], given.get("what", "view")
    if form not in _FORMS or what not in ("view", "rows"):
        raise UsageError("DKD350", problem=f"there is no export {what!r} as {form!r}", remedy="csv, parquet or sql")
    view = of_link(given["v"])
    (end,) = site.desk.answers({"newest": newest_job(site.model)}).values()
    if isinstance(end, DkdError) or end is None:
        raise end or UsageError("DKD351", problem="there is no event yet")
    plan = planned(site.model, planning(view), min(end, now))
    asked = _asked(site, view, plan)
    name = export.file_name(site.model.site, given.get("title", "view"), plan.span, asked.zone, form)
    notes = _notes(site, view, asked)
    if what == "rows":
        return File(name, _rows(site, form, notes, asked))
    behaviour = behaviour_job(site.model, view, plan, f"export {now.isoformat()}", 0, TIMEOUT_S)
    return File(name, _behaviour(site, form, notes, behaviour) if behaviour else _view(site, form, notes, asked))


def _asked(site: Site, view: View, plan: Plan) -> Question:
    """What the view's numbers are asked by; of a behaviour it says interval, filters and zone."""
    if view.behaviour is not None:
        return view.question.model_copy(update={"interval": plan.span})
    drawn = drawing(site.model, view, plan).question
    asked = drawn if isinstance(drawn, Question) else plan.series
    if asked is None:
        raise UsageError("DKD351", problem="none of the measures can be asked with these filters")
    return asked


def _behaviour(site: Site, form: str, notes: list[str], job: Job) -> Iterable[str | bytes]:
    """The numbers of the view's funnel, retention, paths or sessions."""
    (found,) = site.desk.answers({"export": job}).values()
    if isinstance(found, DkdError):
        raise found
    if form == "sql":
        return [export.sql(notes, found.queries)]
    return _file(form, notes, behaviour_rows(site.model, found))


def _view(site: Site, form: str, notes: list[str], asked: Question) -> Iterable[str | bytes]:
    """The numbers of the view."""
    ask = partial(answered, timeout_s=TIMEOUT_S)
    job = Job(f"export {asked.model_dump_json()}", lambda druid: ask(druid, site.model, asked), 0)
    (found,) = site.desk.answers({"export": job}).values()
    if not isinstance(found, Answer):
        raise found
    if form == "sql":
        return [export.sql(notes, found.queries)]
    return _file(form, [*notes, f"exactness: {exactness(found)}"], rows_of(found))


def _file(form: str, notes: list[str], rows: Rows) -> Iterable[str | bytes]:
    if form == "csv":
        return export.csv(notes, rows.columns, rows.rows)
    return export.parquet(notes, rows.columns, export.types_of(rows), rows.rows)


def _rows(site: Site, form: str, notes: list[str], asked: Question) -> Iterable[str | bytes]:
    """The events, or of filters that only sessions have the sessions, of the view's interval and filters."""
    query = _scanned(site, asked)
    if form == "sql":
        return [export.sql(notes, [query])]
    if site.druid is None:
        raise UsageError("DKD351", problem="there is no Druid to ask")
    return _streamed(form, [*notes, f"rows of {query.datasource}, in no order"], Scan(site.druid, query))


def _streamed(form: str, notes: list[str], rows: Scan) -> Iterator[str | bytes]:
    try:
        if form == "csv":
            yield from export.csv(notes, rows.columns, rows)
        else:
            yield from export.parquet(notes, rows.columns, rows.types, rows)
    finally:
        rows.close()


def _scanned(site: Site, asked: Question) -> Query:
    used = {one.dimension for one in asked.filters} - {TIME}
    kind: Any = "events" if used <= columns(site.model, "events").keys() else "sessions"
    job = Job(f"columns {kind}", lambda druid: stored_columns(druid, site.model, kind), 5.0)
    (names,) = site.desk.answers({"columns": job}).values()
    if isinstance(names, DkdError):
        raise names
    return scan(site.model, asked, kind, [name for name in names if name not in site.model.dimensions])


def _notes(site: Site, view: View, asked: Question) -> list[str]:
    known = dimensions(site.model)
    filters = [words.filter_label(one, known.get(one.dimension)) for one in asked.filters]
    return [
        f"site {site.model.site}, from {asked.span.start.isoformat()} up to {asked.span.end.isoformat()}",
        f"zone {asked.zone}; {'bots counted' if view.question.with_bots else 'bots left out'}; all events, no sampling",
        f"filters: {'; '.join(filters) or 'none'}",
    ]
