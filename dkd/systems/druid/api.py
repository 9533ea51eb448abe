"""One request to Druid's HTTP API becomes its JSON answer; whatever goes wrong becomes an error of ours."""

import time
from typing import Any

import requests

from dkd.errors import DkdError
from dkd.settings import DruidSettings, unreachable_remedy
from dkd.systems.druid.answer import reason

REQUEST_S = 10.0
LEADER_S = 10.0
_CONNECT_S = 3.0
_POLL_S = 0.25


class Api:
    """The control API of one Druid cluster: overlord and coordinator."""

    def __init__(self, druid: DruidSettings) -> None:
        """Talk to ``druid.coordinator``; nothing is sent yet."""
        self._base = druid.coordinator
        self._where = f"Druid at {druid.coordinator}"
        self._remedy = unreachable_remedy(druid.coordinator)
        self._http = session(druid, druid.coordinator)

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def call(
        self, method: str, path: str, body: object = None, *, timeout_s: float = REQUEST_S, absent: Any = None
    ) -> Any:
        """One request's JSON answer, None where it is empty; *absent* instead of a 404.

        Raises:
            DkdError: DKD703 when Druid cannot be reached, DKD704 when it refuses.
        """
        answer = self._answer(method, path, body, timeout_s)
        if answer.status_code == 404 and absent is not None:
            return absent
        if answer.status_code in (401, 403):
            raise self.error("DKD704", "refuses the user", "check user and password of the target")
        if not answer.ok:
            said = reason(answer.status_code, answer.text)
            raise self.error("DKD704", f"refused {method} {_short(path)}: {said}")
        if not answer.content:
            return None
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise self.error("DKD703", "what answers there is not Druid", self._remedy) from error

    def error(self, code: str, problem: str, remedy: str = "") -> DkdError:
        """An error that names this cluster."""
        return DkdError(code, where=self._where, problem=problem, remedy=remedy)

    def _answer(self, method: str, path: str, body: object, timeout_s: float) -> requests.Response:
        """One answer of a leader: an overlord that does not lead yet answers 503 and does nothing."""
        led_by = time.monotonic() + LEADER_S
        try:
            while True:
                answer = self._http.request(method, f"{self._base}{path}", json=body, timeout=(_CONNECT_S, timeout_s))
                if answer.status_code != 503 or time.monotonic() > led_by:
                    return answer
                time.sleep(_POLL_S)
        except requests.Timeout as error:
            raise self.error("DKD703", f"no answer within {timeout_s:.0f} s", self._remedy) from error
        except requests.RequestException as error:
            raise self.error("DKD703", "cannot be reached", self._remedy) from error


def session(druid: DruidSettings, url: str) -> requests.Session:
    """A session with *url*, which is one of *druid*'s, by its user and certificate; nothing is sent yet."""
    made = requests.Session()
    # A proxy of the environment is not on the way to this machine itself.
    made.trust_env = "//127.0.0.1" not in url
    if druid.ca:
        made.verify = druid.ca
    if druid.user is not None:
        made.auth = (druid.user, druid.password or "")
    return made


def _short(path: str) -> str:
    """A path without its query, and without what every path of an overlord or a coordinator begins with."""
    bare = path.partition("?")[0]
    return bare.removeprefix("/druid/indexer/v1").removeprefix("/druid/coordinator/v1")
