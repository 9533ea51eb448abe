"""A topic's records → one line each, for people or programs, as they come."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, NamedTuple

from dkd.jobs.rejects import REPLAYED, REPLAYED_MS, as_dict, reject_of, texts
from dkd.jobs.reveal import decoded
from dkd.model.schema import Model
from dkd.query.show import visible
from dkd.stream.decode import Decoder
from dkd.stream.reader import Found, TopicReader
from dkd.stream.records import tick_ms

Kind = Literal["raw", "clean", "sessions", "rejects"]
Lines = Callable[[list[Found]], list[str]]
"""Turns records into lines, one for each."""

_TOGETHER = 500
_YEAR_10000_MS = 253_402_300_800_000
_FLAGS = ("is_late", "time_clamped", "is_conversion")


class Wanted(NamedTuple):
    """What is to be shown.

    Attributes:
        last: How many records that are there already; None for all of them.
        follow: Whether to go on with what comes.
    """

    last: int | None
    follow: bool


def tail(reader: TopicReader, topic: str, wanted: Wanted, lines: Lines) -> Iterator[list[str]]:
    """Lines of *topic*, first of what is there; an empty list each time that nothing came for a moment.

    Those already there are in order of time where a number of them is wanted, else in the order of each partition.

    Raises:
        DkdError: DKD808, DKD820, as the reader does.
    """
    if wanted.last is None:
        starts = {number: found.low for number, found in reader.ranges(topic).items()}
        if not wanted.follow:
            there = reader.to_end(topic, starts)
            while some := list(islice(there, _TOGETHER)):
                yield lines(some)
            return
    else:
        newest, starts = reader.last(topic, wanted.last)
        yield lines(newest)
        if not wanted.follow:
            return
    # A moment's records together: decoding costs the same for one or many.
    held: list[Found] = []
    for found in reader.follow(topic, starts):
        if found is not None:
            held.append(found)
        if found is None or len(held) == _TOGETHER:
            yield lines(held)
            held = []


def json_lines(kind: Kind, decoder: Decoder | None) -> Lines:
    """Each record as one JSON object: what clean and sessions hold, as it stands; of raw the decoded columns, of a
    reject all but the original.

    Args:
        kind: Of the topic.
        decoder: For raw alone.
    """
    if kind in ("clean", "sessions"):
        return lambda some: [(one.record.value or b"null").decode("utf-8", "replace") for one in some]
    told = _told(kind, decoder)
    return lambda some: [json.dumps(one, ensure_ascii=False) for one in told(some)]


def text_lines(kind: Kind, decoder: Decoder | None, model: Model) -> Lines:
    """Each record as time (UTC), event, party, page and what is special about it; control characters are escaped."""
    told, show = _told(kind, decoder), _SHOWN[kind]
    width = max((len(name) for name in (*model.events, "session")), default=0)
    return lambda some: [_line(show(one), width) for one in told(some)]


class _Shown(NamedTuple):
    """What a line says."""

    time_ms: int | None
    event: str
    party: object
    page: object
    reason: str


def _line(shown: _Shown, width: int) -> str:
    texts = (f"{shown.event:{width}}", shown.party, shown.page, shown.reason)
    said = (visible(str(text)) for text in texts if text not in (None, ""))
    return "  ".join((_moment(shown.time_ms), *said))


def _moment(time_ms: object) -> str:
    """Like 2026-11-27 09:30:00.125, UTC; the value itself where no calendar has it."""
    if isinstance(time_ms, int) and 0 <= time_ms < _YEAR_10000_MS:
        return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")
    return str(time_ms)


def _told(kind: Kind, decoder: Decoder | None) -> Callable[[list[Found]], list[dict[str, Any]]]:
    if decoder is not None:
        return lambda some: _raw(some, decoder)
    of = _reject if kind == "rejects" else _row
    return lambda some: [of(one) for one in some]


def _raw(some: list[Found], decoder: Decoder) -> list[dict[str, Any]]:
    columns = decoded(decoder, [one.record.value for one in some]) if some else []
    return [_raw_one(one, found) for one, found in zip(some, columns, strict=True)]


def _raw_one(one: Found, found: dict[str, Any] | str) -> dict[str, Any]:
    place = {"partition": one.partition, "offset": one.offset}
    if isinstance(found, dict):
        return {**place, **found}
    known = {**place, "record_ms": one.record.timestamp_ms}
    tick = tick_ms(one.record.headers) if one.record.value is None else None
    return {**known, "unreadable": found} if tick is None else {**known, "tick_ms": tick}


def _reject(one: Found) -> dict[str, Any]:
    headers = texts(one.record)
    if REPLAYED in headers:
        return {"replayed": headers[REPLAYED], "replayed_ms": int(headers[REPLAYED_MS])}
    return {**as_dict(reject_of(one, headers), None), "key": _text(one.record.key)}


def _row(one: Found) -> dict[str, Any]:
    try:
        row = json.loads(one.record.value or b"")
    except ValueError:
        return {"unreadable": "it is no JSON"}
    return row if isinstance(row, dict) else {"unreadable": "it is no JSON object"}


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "backslashreplace")


def _show_raw(told: Mapping[str, Any]) -> _Shown:
    if "tick_ms" in told:
        return _Shown(told["tick_ms"], "(tick)", "", "", f"partition {told['partition']}")
    if "unreadable" in told:
        return _Shown(told["record_ms"], "?", "", "", f"{told['partition']}:{told['offset']} {told['unreadable']}")
    time_ms = told.get("client_ms") or told.get("received_ms")
    return _Shown(time_ms, told.get("event", "?"), told.get("party_id"), told.get("page_url"), "")


def _show_clean(told: Mapping[str, Any]) -> _Shown:
    if "unreadable" in told:
        return _Shown(None, "?", "", "", told["unreadable"])
    flags = [name.removeprefix("is_") for name in _FLAGS if told.get(name)]
    bot = [f"bot: {told.get('bot_reason')}"] if told.get("is_bot") else []
    page = told.get("page_path") or told.get("page_url")
    reason = ", ".join((*flags, *bot))
    return _Shown(told.get("timestamp_ms"), str(told.get("event")), told.get("party_id"), page, reason)


def _show_session(told: Mapping[str, Any]) -> _Shown:
    if "unreadable" in told:
        return _Shown(None, "?", "", "", told["unreadable"])
    pages = f"{told.get('entry_page') or '-'} -> {told.get('exit_page') or '-'}"
    counts = f"{told.get('event_count')} events, {told.get('duration_s')} s, closed by {told.get('closed_by')}"
    return _Shown(told.get("start_ms"), "session", told.get("party_id"), pages, counts)


def _show_reject(told: Mapping[str, Any]) -> _Shown:
    if "replayed" in told:
        return _Shown(told["replayed_ms"], "(replayed)", "", "", told["replayed"])
    reason = f"{told['problem']} ({told['reject_id']})"
    return _Shown(told["received_ms"], f"{told['stage']}/{told['reason']}", told["key"], "", reason)


_SHOWN: Mapping[Kind, Callable[[Mapping[str, Any]], _Shown]] = {
    "raw": _show_raw,
    "clean": _show_clean,
    "sessions": _show_session,
    "rejects": _show_reject,
}
