"""A query of any size → its rows as they come; memory stays flat, and an answer that breaks off is an error."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import requests

from dkd.errors import DkdError
from dkd.query.compile import Query
from dkd.query.mistake import QueryError, mistake
from dkd.query.rows import parameter
from dkd.settings import DruidSettings, unreachable_remedy
from dkd.systems.druid.api import session

_CONNECT_S, _SILENT_S = 3.0, 60.0
_CHUNK_BYTES = 1 << 16
_FORMAT = {"resultFormat": "arrayLines", "header": True, "typesHeader": True, "sqlTypesHeader": True}
_HEADERS = 3


class Scan:
    """One query on its way; closing it ends it at Druid too.

    Attributes:
        columns: Their names.
        types: Their types in SQL.
    """

    def __init__(self, druid: DruidSettings, query: Query, timeout_s: float = 3_600.0) -> None:
        """Ask *query*, and wait for the first of its answer.

        Raises:
            QueryError: What :func:`dkd.query.mistake.mistake` makes of a refusal.
            DkdError: DKD301, when the broker cannot be reached.
        """
        self._url, self._where = f"{druid.broker}/druid/v2/sql", f"Druid at {druid.broker}"
        self._remedy = unreachable_remedy(druid.broker)
        self._http, self._id = session(druid, druid.broker), str(uuid.uuid4())
        context = {"sqlQueryId": self._id, "timeout": int(timeout_s * 1_000), "sqlStringifyArrays": False}
        body = {"query": query.sql, "parameters": [parameter(one) for one in query.parameters], **_FORMAT}
        try:
            self._answer = self._http.post(
                self._url, json={**body, "context": context}, stream=True, timeout=(_CONNECT_S, _SILENT_S)
            )
            if not self._answer.ok:
                raise mistake(query.sql, self._answer.status_code, self._answer.text)
            self._lines = self._answer.iter_lines(_CHUNK_BYTES)
            heads = [json.loads(next(self._lines)) for _ in range(_HEADERS)]
        except requests.RequestException as error:
            raise self._error("cannot be reached") from error
        except (ValueError, StopIteration) as error:
            raise self._error("what answers there is not Druid") from error
        self.columns, self.types = tuple(heads[0]), tuple(heads[2])

    def __iter__(self) -> Iterator[list[Any]]:
        """Each row.

        Raises:
            QueryError: DKD303, when the answer broke off.
            DkdError: DKD301, when the connection did.
        """
        is_whole = False
        try:
            for line in self._lines:
                is_whole = not line
                if line:
                    yield json.loads(line)
        except requests.RequestException as error:
            raise self._error("broke off the connection") from error
        if not is_whole:
            raise QueryError("DKD303", where=self._where, problem="the answer broke off", remedy="ask for less")

    def close(self) -> None:
        """End the query, where it still runs, and give the connection back."""
        try:
            # Druid goes on computing for a client that has left.
            self._http.delete(f"{self._url}/{self._id}", timeout=_CONNECT_S)
        except requests.RequestException:
            pass
        finally:
            self._answer.close()
            self._http.close()

    def _error(self, problem: str) -> DkdError:
        return DkdError("DKD301", where=self._where, problem=problem, remedy=self._remedy)
