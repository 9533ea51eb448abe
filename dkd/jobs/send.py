"""Lines → the collector, one lane for each partition, again and again until it has them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import NamedTuple, Protocol

import requests

from dkd.errors import DkdError
from dkd.jobs.lanes import Body

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 2.0


class Reply(NamedTuple):
    """What the collector said.

    Attributes:
        status: Of HTTP.
        accepted: Number of lines that are in raw now.
        reasons: Number of rejected lines by reason.
        ignored: Number of values whose key the model does not know, by key.
        problem: What is wrong when the status is not 200.
    """

    status: int
    accepted: int = 0
    reasons: Mapping[str, int] = {}
    ignored: Mapping[str, int] = {}
    problem: str = ""


class Collector(Protocol):
    """Where bodies go."""

    where: str

    def post(self, body: Body) -> Reply:
        """Hand over *body*; raises ConnectionError when there was no answer."""

    def close(self) -> None:
        """Give the connection back."""


@dataclass
class Tally:
    """What became of one lane's lines so far; written by its thread alone.

    Attributes:
        sent: Lines that the collector has answered for.
        accepted: Of these, the ones that went to raw.
        reasons: Of these, the others, by reason.
        ignored: Values whose key the model does not know, by key.
        in_doubt: Lines of requests without an answer, or with one that says to try again: they were sent again and
            may be in raw twice.
        waits_for: What the lane waits for; empty while it goes on.
    """

    sent: int = 0
    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    in_doubt: int = 0
    waits_for: str = ""


class Sending:
    """The lanes on their way, each in a thread of its own."""

    def __init__(self, connect: Callable[[], Collector], lanes: Sequence[Iterable[Body]]) -> None:
        """Start to send.

        Args:
            connect: Makes the collector that one lane sends to.
            lanes: Bodies of each lane, in order; they may come as time goes by.
        """
        self.tallies = [Tally() for _ in lanes]
        self._stop = Event()
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(lanes)), thread_name_prefix="lane")
        self._lanes = [
            self._pool.submit(_send, connect(), wanted, tally, self._stop)
            for wanted, tally in zip(lanes, self.tallies, strict=True)
        ]

    def __enter__(self) -> "Sending":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True)

    def done(self, within_s: float) -> bool:
        """Whether all is sent; waits up to *within_s* for it.

        Raises:
            DkdError: DKD807, when the collector refuses for good.
        """
        ended, others = wait(self._lanes, within_s, return_when="FIRST_EXCEPTION")
        for lane in ended:
            lane.result()
        return not others

    @property
    def total(self) -> Tally:
        """All lanes together."""
        return total(self.tallies)


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of *tallies*."""
    whole = Tally()
    for one in tallies:
        whole.sent += one.sent
        whole.accepted += one.accepted
        whole.reasons.update(one.reasons)
        whole.ignored.update(one.ignored)
        whole.in_doubt += one.in_doubt
        whole.waits_for = whole.waits_for or one.waits_for
    return whole


def _send(collector: Collector, wanted: Iterable[Body], tally: Tally, stop: Event) -> None:
    with closing(collector):
        for body in wanted:
            _deliver(collector, body, tally, stop)
            if stop.is_set():
                return


def _deliver(collector: Collector, body: Body, tally: Tally, stop: Event) -> None:
    """Send until it is answered; a body that is too long for the collector is halved."""
    wait_s = _FIRST_WAIT_S
    while not stop.is_set():
        reply = _tried(collector, body)
        if reply.status == 200:
            tally.sent += len(body.lines)
            tally.accepted += reply.accepted
            tally.reasons.update(reply.reasons)
            tally.ignored.update(reply.ignored)
            tally.waits_for = ""
            return
        if reply.status == 413 and len(body.lines) > 1:
            middle = len(body.lines) // 2
            for half, lines in (("a", body.lines[:middle]), ("b", body.lines[middle:])):
                _deliver(collector, Body(f"{body.batch}{half}", lines, body.is_log), tally, stop)
            return
        if reply.status not in (0, 429, 500, 502, 503, 504):
            remedy = "check the target's key of collector.senders" if reply.status in (401, 403) else "see dkd logs"
            raise DkdError("DKD807", where=collector.where, problem=reply.problem, remedy=remedy)
        tally.waits_for = reply.problem
        tally.in_doubt += len(body.lines)
        stop.wait(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _tried(collector: Collector, body: Body) -> Reply:
    try:
        return collector.post(body)
    except ConnectionError:
        return Reply(0, problem=f"the collector is unreachable at {collector.where}; run dkd up")


class HttpCollector:
    """A collector behind HTTP, for one thread."""

    def __init__(self, url: str, key: str | None, *, is_local: bool) -> None:
        """Reach the collector at *url*; *key* is a trusted sender's, None on the local target."""
        self.where = url
        self._session = requests.Session()
        self._session.trust_env = not is_local
        self._session.headers["Content-Type"] = "application/x-ndjson"
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def ping(self, within_s: float) -> bool:
        """Whether it answers within *within_s*."""
        end = time.monotonic() + within_s
        while True:
            try:
                return self._session.get(f"{self.where}/ping", timeout=3).ok
            except requests.RequestException:
                if time.monotonic() > end:
                    return False
                time.sleep(0.2)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def post(self, body: Body) -> Reply:
        """Hand over *body*; raises ConnectionError when there was no answer."""
        asked = {"batch": body.batch, "times": "own", **({"format": "combined"} if body.is_log else {})}
        data = b"\n".join(body.lines) + b"\n"
        try:
            answer = self._session.post(f"{self.where}/collect", params=asked, data=data, timeout=(3, 30))
            if answer.status_code != 200:
                return Reply(
                    answer.status_code, problem=f"the collector answers {answer.status_code} {answer.text[:200]}"
                )
            said = answer.json()
        except requests.RequestException as error:
            raise ConnectionError(str(error)) from error
        reasons = Counter(str(one["reason"]) for one in said["rejected"])
        return Reply(200, int(said["accepted"]), reasons, said.get("ignored", {}))
