"""Files of events or of web server logs → the lines to send, each with its event time and its visitor."""

import codecs
import gzip
import itertools
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from dkd.collect.weblog import LogShape, is_record, log_event, record_event
from dkd.errors import Problem, UsageError
from dkd.jobs.extended import extended_rows, is_extended
from dkd.jobs.tables import Row, is_table, rows

Format = Literal["ndjson", "csv", "combined", "w3c"]

SENT_BYTES = 128 * 1024
"""More of a line is never sent: the collector refuses an event of half that size and keeps its beginning."""

YEAR_2000_MS = 946_684_800_000
"""The enricher rejects events of before; so they bound nothing here."""

_LOOKED_AT = 200


class Line(NamedTuple):
    """One line of a file, as it is sent.

    Attributes:
        body: What is sent, without a line end.
        time_ms: Its event time; of the line before it where it names none.
        party: Its visitor; None on a line that cannot be read, which the collector will reject.
        is_timed: Whether *time_ms* is its own.
        is_log: Whether it is to be read as a log line in combined format; the logs' good lines are sent as events.
    """

    body: bytes
    time_ms: int
    party: str | None
    is_timed: bool
    is_log: bool = False


class _Seen(msgspec.Struct):
    timestamp_ms: object = None
    party_id: object = None
    event: object = None
    request: object = None


def read_lines(names: Iterable[str], shape: LogShape, wanted: Format | None = None) -> Iterator[Line]:
    """Every line of the files that is not blank, in their order.

    Args:
        names: Paths, plain or gzip; ``-`` is standard input.
        shape: How lines of web server logs become events.
        wanted: The files' format; None to find it out for each from its first lines.

    Raises:
        UsageError: DKD801 when a file cannot be read, DKD802 when its format is not known.
    """
    seen: Counter[bytes] = Counter()
    for name in names:
        raw = _raw_lines(name)
        first = list(itertools.islice(raw, _LOOKED_AT))
        form = wanted or format_of(first, name)
        lines = itertools.chain(first, raw)
        yield from parsed_lines(lines, form, shape, seen)


def parsed_lines(lines: Iterable[bytes], form: Format, shape: LogShape, seen: Counter[bytes]) -> Iterator[Line]:
    """Each of *lines*, which are in *form*; *seen* counts equal ones."""
    return _READERS[form](lines, shape, seen)


def format_of(lines: list[bytes], where: str) -> Format:
    """The format that most of *lines*, the first ones of a file, are in.

    Raises:
        UsageError: DKD802, when none of them is in a known format.
    """
    if is_table(lines) or is_extended(lines):
        return "w3c" if is_extended(lines) else "csv"
    objects = sum(line.lstrip().startswith(b"{") for line in lines)
    shape = LogShape("", "", {})
    logged = 0 if objects == len(lines) else sum(not isinstance(log_event(line, shape), Problem) for line in lines)
    if lines and not objects and not logged:
        raise UsageError(
            "DKD802",
            where=where,
            problem="it holds neither JSON objects, one a line, nor CSV whose first line names the columns, event or "
            "request among them, nor lines of a web server's log in combined or extended format",
            remedy="convert it, or force a format with --format",
        )
    return "ndjson" if objects >= logged else "combined"


def shifted(lines: Iterable[Line], by_ms: int) -> Iterator[Line]:
    """The same lines with *by_ms* added to every event time; lines that name no time stay as they are."""
    for line in lines:
        time_ms = line.time_ms + by_ms
        yield line._replace(body=_retimed(line.body, time_ms) if line.is_timed else line.body, time_ms=time_ms)


def _retimed(body: bytes, time_ms: int) -> bytes:
    try:
        event = json.loads(body)
    except ValueError:  # text that is not UTF-8, inside a value: the collector rejects it as it is
        return body
    event["timestamp_ms"] = time_ms
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _raw_lines(name: str) -> Iterator[bytes]:
    """Lines without their ends; blank ones are left out."""
    try:
        with _opened(name) as file:
            for number, raw in enumerate(file):
                line = raw.rstrip(b"\r\n").removeprefix(b"" if number else codecs.BOM_UTF8)
                if line and not line.isspace():
                    yield line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "name files that exist and can be read"
        raise UsageError("DKD801", where=name, problem=f"cannot be read: {reason}", remedy=remedy) from error


@contextmanager
def _opened(name: str) -> Iterator[Iterable[bytes]]:
    """The file, unpacked where its first two bytes are gzip's."""
    if name == "-" and sys.stdin is None:
        raise UsageError("DKD801", where=name, problem="standard input is closed", remedy="name a file, or pipe one in")
    with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
        if BufferedReader.peek(file, 2)[:2] == b"\x1f\x8b":  # type: ignore[arg-type]  # standard input is one too
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        else:
            yield file


def _json_lines(lines: Iterable[bytes], shape: LogShape, seen: Counter[bytes]) -> Iterator[Line]:
    decode = msgspec.json.Decoder(_Seen).decode
    last_ms = 0
    for line in lines:
        party, time_ms, body = None, None, line
        try:
            head = decode(line)
            if is_record({"event": head.event, "request": head.request}):
                event = record_event(msgspec.json.decode(line), line, shape, _occurrence(line, seen))
                body, head = _encode(event), _Seen(event.get("timestamp_ms"), event["party_id"])
        except (msgspec.MsgspecError, RecursionError):
            pass
        else:
            party = head.party_id if isinstance(head.party_id, str) else None
            time_ms = _time_ms(head.timestamp_ms)
        last_ms = last_ms if time_ms is None else time_ms
        yield Line(body[:SENT_BYTES], last_ms, party, time_ms is not None)


def _table_lines(lines: Iterable[bytes], shape: LogShape, seen: Counter[bytes]) -> Iterator[Line]:
    return _json_lines(_objects(rows(lines, shape.columns)), shape, seen)


def _extended_lines(lines: Iterable[bytes], shape: LogShape, seen: Counter[bytes]) -> Iterator[Line]:
    return _json_lines(_objects(extended_rows(lines, shape.columns)), shape, seen)


def _objects(found: Iterable[Row]) -> Iterator[bytes]:
    """The JSON object that says the same as a row; a row that is none is sent as it is, to be rejected."""
    return (_encode(given) if given is not None else raw for given, raw in found)


def _occurrence(line: bytes, seen: Counter[bytes]) -> int:
    """How many equal lines came before this one."""
    digest = blake2b(line, digest_size=12).digest()
    seen[digest] += 1
    return seen[digest] - 1


def _time_ms(value: object) -> int | None:
    """A whole number, however it is written: the collector takes ``1.5e12`` too."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _log_lines(lines: Iterable[bytes], shape: LogShape, seen: Counter[bytes]) -> Iterator[Line]:
    last_ms = 0
    for line in lines:
        event = log_event(line, shape, _occurrence(line, seen))
        if isinstance(event, Problem):
            yield Line(line[:SENT_BYTES], last_ms, None, is_timed=False, is_log=True)
            continue
        last_ms = int(str(event["timestamp_ms"]))
        yield Line(_encode(event), last_ms, str(event["party_id"]), is_timed=True)


_encode = msgspec.json.Encoder().encode
_READERS = {"ndjson": _json_lines, "csv": _table_lines, "combined": _log_lines, "w3c": _extended_lines}
