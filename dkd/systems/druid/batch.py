"""A model, an interval and where rows are become a batch ingestion: lines of files, or stored rows written anew."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.systems.druid.render import Kind, Spec, context, data_schema
from dkd.systems.druid.strict import require_known

FOLDER, INTERVAL = "${FOLDER}", "${INTERVAL}"
"""Stand in the rendered files for what is known only when a batch runs."""

_LINES = "*.ndjson"


def files(paths: Sequence[str]) -> Spec:
    """These files, by their paths where Druid's tasks run."""
    return {"type": "local", "files": list(paths)}


def folder(path: str, names: str = _LINES) -> Spec:
    """The files of a folder, and of those in it, that are named like *names*; the path is one where tasks run."""
    return {"type": "local", "baseDir": path, "filter": names}


def batch_spec(model: Model, kind: Kind, source: Spec, interval: str, *, replace: bool = True) -> Spec:
    """A batch that reads lines of JSON, as the datasource's topic holds them.

    Args:
        model: The site.
        kind: Which of its datasources.
        source: Druid's ``inputSource``, such as :func:`files`, :func:`folder`, or one of S3.
        interval: ``START/END``, UTC; rows outside are left out.
        replace: Whether what is stored of the interval goes, also where no line is of that time. Otherwise it stays.

    Raises:
        DkdError: DKD245, when a replaced interval is not one of whole segments; DKD270 or DKD271, when *source* holds
            what Druid does not know.
    """
    if replace:
        _require_whole(interval, kind, model)
    io_config = {"inputSource": source, "inputFormat": {"type": "json"}}
    return _spec(model, data_schema(model, kind), io_config, interval, replace=replace)


def reindex_spec(model: Model, kind: Kind, interval: str) -> Spec:
    """A batch that writes the stored rows of *interval* anew, with the columns and segments of today's model.

    Only published rows are read: hand off the supervisor's tasks first. Raises what :func:`batch_spec` does.
    """
    _require_whole(interval, kind, model)
    schema = {**data_schema(model, kind), "timestampSpec": {"column": "__time", "format": "millis"}}
    source = {"type": "druid", "dataSource": model.datasource(kind), "interval": interval}
    return _spec(model, schema, {"inputSource": source}, interval, replace=True)


def _spec(model: Model, schema: Spec, io_config: Spec, interval: str, *, replace: bool) -> Spec:
    spec: Spec = {
        "type": "index_parallel",
        "context": context(model),
        "spec": {
            "dataSchema": {**schema, "granularitySpec": {**schema["granularitySpec"], "intervals": [interval]}},
            "ioConfig": {
                "type": "index_parallel",
                **io_config,
                "appendToExisting": not replace,
                # Without it an hour of which no row is left would keep its old ones.
                "dropExisting": replace,
            },
            "tuningConfig": _TUNING,
        },
    }
    require_known(spec, "batch")
    return spec


_TUNING: Spec = {
    "type": "index_parallel",
    "partitionsSpec": {"type": "dynamic"},
    "maxNumConcurrentSubTasks": 1,
    # A line that cannot be read fails the batch: otherwise it would be a row less, without a word.
    "maxParseExceptions": 0,
    "maxSavedParseExceptions": 10,
}


def _require_whole(interval: str, kind: Kind, model: Model) -> None:
    """Return when *interval* begins and ends where segments do: at its edges the rest of a segment would go too."""
    if interval == INTERVAL:
        return
    segment = getattr(model.datasources, kind).segment
    start, _, end = interval.partition("/")
    try:
        moments = [datetime.fromisoformat(one.replace("Z", "+00:00")) for one in (start, end)]
    except ValueError as error:
        raise _refused(model, kind, f"{interval!r} is no START/END", segment) from error
    first, last = (one.replace(tzinfo=one.tzinfo or UTC).astimezone(UTC) for one in moments)
    if not first < last:
        raise _refused(model, kind, f"{interval!r} does not end after its start", segment)
    if not all(_begins(one, segment) for one in (first, last)):
        raise _refused(model, kind, f"{interval!r} cuts a segment of a {segment}", segment)


def _begins(moment: datetime, segment: str) -> bool:
    rest = (moment.minute, moment.second, moment.microsecond)
    day = () if segment == "hour" else (moment.hour,)
    month = (moment.day - 1,) if segment == "month" else ()
    return not any((*rest, *day, *month))


def _refused(model: Model, kind: Kind, problem: str, segment: str) -> DkdError:
    remedy = f"name whole segments, START/END in UTC, each the beginning of a {segment}"
    return DkdError("DKD245", where=model.datasource(kind), problem=problem, remedy=remedy)
