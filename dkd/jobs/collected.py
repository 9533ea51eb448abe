"""Lines of files → raw records, by the collector's own route in memory, as a trusted sender meets it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import Any

import msgspec

from dkd.collect.message import Message, Outcome, Request
from dkd.collect.routes import routes
from dkd.errors import DkdError
from dkd.jobs.fit import require_own_collector
from dkd.jobs.hours import Kept
from dkd.jobs.lanes import BODY_BYTES, BODY_EVENTS
from dkd.jobs.offline import Given, Refused
from dkd.model.schema import Model
from dkd.settings import Settings

_LOOPBACK = "127.0.0.1"
_LINES = [(b"content-type", b"application/x-ndjson")]
_BATCH = "lines"


@dataclass
class Collected:
    """What the collector said so far.

    Attributes:
        taken: Lines that are raw records.
        refused: Those that are not, since the last look.
        ignored: Values whose key the model does not know, by key.
    """

    taken: int = 0
    refused: list[Refused] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


class Collector:
    """The collector of *model*; a file on this machine is trusted as a program on it is."""

    def __init__(self, model: Model, settings: Settings, received_ms: int) -> None:
        """Take lines as received at *received_ms*.

        Raises:
            RefusedError: DKD809, when the site's collector is Divolte.
        """
        require_own_collector(model, "load files with their own times")
        self._routes = routes(model, replace(settings, target="local"))
        self._received_ms, self._raw = received_ms, model.topic("raw")
        self.so_far = Collected()

    def records(self, lines: Iterable[Kept]) -> Iterator[Given]:
        """The raw records of *lines*, in their order."""
        for is_log, group in groupby(lines, key=lambda kept: kept.is_log):
            while some := _body(group):
                yield from self._answered([kept.body for kept in some], is_log)

    def _answered(self, lines: list[bytes], is_log: bool) -> Iterator[Given]:
        form = "&format=combined" if is_log else ""
        target = f"/collect?times=own&batch={_BATCH}{form}".encode()
        body = b"\n".join(lines) + b"\n"
        found = self._routes(Request("POST", target, _LINES, body, _LOOPBACK, self._received_ms))
        if not isinstance(found, Outcome):
            said = found.body.decode("utf-8", "replace")[:200]
            raise DkdError("DKD807", where="the collector's route", problem=said, remedy="report it")
        self.so_far.ignored.update(msgspec.json.decode(found.answer.body)["ignored"])
        raw = [one for one in found.messages if one.topic == self._raw]
        rejects = {place: why for one in found.messages if one.topic != self._raw for place, why in [_why(one)]}
        left = (line for place, line in enumerate(lines) if place not in rejects)
        self.so_far.refused += [Refused(Given(None, b"", 0, lines[place]), why) for place, why in rejects.items()]
        for one, line in zip(raw, left, strict=True):
            self.so_far.taken += 1
            yield Given(one.key, one.value, one.timestamp_ms, line)


def _why(message: Message) -> tuple[int, dict[str, Any]]:
    """The place of a refused line in its body, and why it was refused."""
    headers = {name: value.decode() for name, value in message.headers}
    names = ("stage", "code", "reason", "problem", "remedy")
    return int(headers["dkd-reject-id"].rpartition(":")[2]), {name: headers[f"dkd-{name}"] for name in names}


def _body(lines: Iterator[Kept]) -> list[Kept]:
    """The next lines that travel together; no line is longer than half of what a body may hold."""
    some, size_bytes = list[Kept](), 0
    for kept in islice(lines, BODY_EVENTS):
        some.append(kept)
        size_bytes += len(kept.body) + 1
        if size_bytes > BODY_BYTES // 2:
            break
    return some
