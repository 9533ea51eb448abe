"""SQL goes to Druid's broker and its rows come back whole, or an error that says what and where."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import requests
from urllib3.exceptions import ReadTimeoutError

from dkd.errors import DkdError, UsageError
from dkd.query.mistake import QueryError, advised, mistake, passes, unknown_name
from dkd.query.rows import Rows, parameter
from dkd.settings import DruidSettings, unreachable_remedy
from dkd.systems.druid.api import session

PATIENCE_S = 30.0
"""How long a query is repeated while rows are out of sight because a process of Druid starts again."""
_CONNECT_S = 3.0
GRACE_S = 5.0
_END = "\n\n"
_END_S, _PAUSE_S = 1.0, 0.05

EXACT = {
    "useApproximateCountDistinct": False,
    # Without it two exact distinct counts are a join of sub-queries, and those have a limit of rows.
    "useGroupingSetForExactDistinct": True,
    "useApproximateTopN": False,
}

_HEADERS = ("header", "typesHeader", "sqlTypesHeader")
_FORMAT: dict[str, Any] = {"resultFormat": "arrayLines", **dict.fromkeys(_HEADERS, True)}
_NAMES = "SELECT DISTINCT {} FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'druid'"
_LATE = "allow more time, or ask for less"


class Druid:
    """The SQL door of one Druid cluster."""

    def __init__(
        self, druid: DruidSettings, *, patience_s: float = PATIENCE_S, grace_s: float = GRACE_S, priority: int = 0
    ) -> None:
        """Ask the broker at ``druid.broker``; nothing is sent yet.

        Args:
            druid: Where.
            patience_s: How long to repeat a query while rows are out of sight.
            grace_s: How long after its time limit to wait for Druid's own word on it.
            priority: Where Druid has more to do than threads, queries of a higher one come first.
        """
        self._url = f"{druid.broker}/druid/v2/sql"
        self._where = f"Druid at {druid.broker}"
        self._remedy = unreachable_remedy(druid.broker)
        self._patience_s, self._grace_s = patience_s, grace_s
        self._running: set[str] = set()
        self._is_cancelled = False
        self._own: dict[str, object] = {"priority": priority} if priority else {}
        self._http = session(druid, druid.broker)

    def __enter__(self) -> "Druid":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def sql(
        self,
        query: str,
        parameters: Sequence[object] = (),
        *,
        timeout_s: float = 30.0,
        exact: bool = True,
        context: Mapping[str, object] = MappingProxyType({}),
    ) -> Rows:
        """Every row that *query* answers.

        Args:
            query: One statement; a semicolon at its end is taken off, as Druid does not know it.
            parameters: A value for each ``?``.
            timeout_s: After so many seconds Druid gives up.
            exact: Distinct counts and top lists are exact; Druid's own default is approximate.
            context: Further settings of the query.

        Raises:
            QueryError: DKD302 to DKD305 and DKD307, see :func:`dkd.query.mistake.mistake`.
            UsageError: DKD130, when the query is empty.
            DkdError: DKD301 when the broker cannot be reached, DKD306 for a parameter without a type in SQL.
        """
        text = query.rstrip().rstrip(";")
        if not text.strip():
            raise UsageError("DKD130", problem="the query is empty", remedy="ask something: SELECT ...")
        body = {"query": text, "parameters": [parameter(value) for value in parameters], **_FORMAT}
        settings = {**(EXACT if exact else {}), **self._own, **context}
        deadline, pause_s = time.monotonic() + self._patience_s, 0.25
        while True:
            try:
                return self._asked(text, body, timeout_s, settings)
            except _PassingError as passing:
                if time.monotonic() + pause_s > deadline:
                    raise passing.error from passing
            except QueryError as error:
                raise self._with_names(error) from error
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)

    def _asked(self, query: str, body: dict[str, Any], timeout_s: float, settings: Mapping[str, object]) -> Rows:
        if self._is_cancelled:
            raise self._error("DKD307", "was cancelled", "ask again")
        query_id = str(uuid.uuid4())
        self._running.add(query_id)
        context = {
            **settings,
            "sqlQueryId": query_id,
            "timeout": max(1, int(timeout_s * 1_000)),
            "sqlStringifyArrays": False,
        }
        try:
            answer = self._http.post(
                self._url, json={**body, "context": context}, timeout=(_CONNECT_S, timeout_s + self._grace_s)
            )
        except KeyboardInterrupt:
            # Druid goes on computing for a client that has left.
            self._cancel(query_id)
            raise
        except (requests.ReadTimeout, requests.exceptions.ChunkedEncodingError, requests.ConnectionError) as error:
            if not _is_late(error):
                raise self._unreached(error) from error
            self._cancel(query_id)
            raise self._error("DKD303", f"no answer within {timeout_s:g} s", _LATE) from error
        finally:
            self._running.discard(query_id)
        # Druid names no charset, and guessing one takes seconds on a large answer.
        answer.encoding = "utf-8"
        if answer.ok:
            return self._read(answer.text, timeout_s)
        refusal = mistake(query, answer.status_code, answer.text)
        if refusal.problems[0].code == "DKD303":
            raise self._error("DKD303", f"not finished within {timeout_s:g} s", _LATE)
        raise _PassingError(refusal) if passes(answer.status_code, answer.text) else refusal

    def _read(self, text: str, timeout_s: float) -> Rows:
        lines = text.split("\n")
        if not text.endswith(_END):
            # A query that runs out of time after its first byte still ends as a 200.
            count = max(0, len(lines) - len(_HEADERS) - 1)
            raise self._error(
                "DKD303", f"not finished within {timeout_s:g} s; the answer broke off after {count} rows", _LATE
            )
        try:
            names, _, types, *rows = [json.loads(line) for line in lines if line]
        except ValueError as error:
            raise self._error("DKD301", "what answers there is not Druid", self._remedy) from error
        return Rows(tuple(names), tuple(types), tuple(tuple(row) for row in rows))

    def _with_names(self, error: QueryError) -> QueryError:
        """The error with the nearest names that Druid has, when it is about one that it has not."""
        unknown = unknown_name(error)
        if unknown is None:
            return error
        kind, name = unknown
        column = "COLUMN_NAME" if kind == "Column" else "TABLE_NAME"
        body = {"query": _NAMES.format(column), "parameters": [], **_FORMAT}
        try:
            names = self._asked(body["query"], body, _CONNECT_S, EXACT)
        except (DkdError, _PassingError):
            return error
        return advised(error, name, [str(row[0]) for row in names.rows])

    def cancel(self) -> None:
        """End what is asked through this door, from another thread; it then fails as DKD307, as all that follows."""
        self._is_cancelled = True
        end_s = time.monotonic() + _END_S
        while (left := tuple(self._running)) and time.monotonic() < end_s:
            # One that was only just sent is not known to Druid yet.
            ended = [self._cancel(query_id) for query_id in left]
            if all(ended):
                return
            time.sleep(_PAUSE_S)

    def _cancel(self, query_id: str) -> bool:
        """Whether Druid knows the query, and ends it."""
        try:
            return self._http.delete(f"{self._url}/{query_id}", timeout=_CONNECT_S).ok
        except requests.RequestException:
            # The query has its own time limit; there is nothing more to do about it from here.
            return True

    def _unreached(self, error: requests.RequestException) -> Exception:
        """A refused connection is final; one that breaks while Druid works may be a process that starts again."""
        broken = isinstance(error, requests.exceptions.ChunkedEncodingError) or any(
            word in repr(error)
            for word in ("ConnectionReset", "RemoteDisconnected", "IncompleteRead", "BadStatusLine", "BrokenPipe")
        )
        found = self._error("DKD301", "broke off the connection" if broken else "cannot be reached", self._remedy)
        return _PassingError(found) if broken else found

    def _error(self, code: str, problem: str, remedy: str = "") -> DkdError:
        return QueryError(code, where=self._where, problem=problem, remedy=remedy)


def _is_late(error: requests.RequestException) -> bool:
    """Whether the time was up; an answer that stops half-way is a broken connection to requests."""
    return isinstance(error, requests.ReadTimeout) or any(isinstance(one, ReadTimeoutError) for one in error.args)


class _PassingError(Exception):
    """An error that is known to pass; *error* is what to raise when it does not."""

    def __init__(self, error: DkdError) -> None:
        super().__init__(str(error))
        self.error = error
