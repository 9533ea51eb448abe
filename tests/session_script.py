"""Sessions of a file of shop events, written down from their definition: sort a visitor's events, cut at each gap.

Nothing of dkd is used here, so that it can judge dkd. A visitor has no two events of one time.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

GAP_MS = 30 * 60_000

SQL = """
    SELECT party_id, TIMESTAMP_TO_MILLIS(__time) AS start_ms, end_ms, event_count,
        pageview_count, MV_TO_ARRAY(pages) AS pages, entry_page, exit_page, conversions, conversion_value, is_bounce
    FROM shop_sessions
    WHERE __time >= MILLIS_TO_TIMESTAMP({start_ms}) AND __time < MILLIS_TO_TIMESTAMP({end_ms})"""


def sessions(file: Path, broken: Iterable[str]) -> Iterator[tuple[object, ...]]:
    """Every session of the events in *file*, as the columns of a row.

    Args:
        file: NDJSON; a line that is there a second time is a repeat.
        broken: Lines that are no events.
    """
    lines = set(file.read_text(encoding="utf-8").splitlines()) - set(broken)
    events = [json.loads(line) for line in lines if line]
    events.sort(key=lambda event: (event["party_id"], event["timestamp_ms"]))
    for _, own in groupby(events, key=lambda event: event["party_id"]):
        some: list[dict[str, object]] = []
        for event in own:
            if some and event["timestamp_ms"] - some[-1]["timestamp_ms"] > GAP_MS:
                yield _row(some)
                some = []
            some.append(event)
        yield _row(some)


def in_druid(rows: Iterable[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Answers of :data:`SQL` in the form of :func:`sessions`; Druid has no pages as null, and truth as 0 and 1."""
    return [
        (*list(row.values())[:5], tuple(row["pages"] or ()), row["entry_page"], row["exit_page"], row["conversions"],
         round(row["conversion_value"], 2), bool(row["is_bounce"]))
        for row in rows
    ]  # fmt: skip


def _row(events: list[dict[str, object]]) -> tuple[object, ...]:
    pages = [urlsplit(str(event["page_url"])).path for event in events if event["event"] == "page_view"]
    bought = [float(str(event["revenue"])) for event in events if event["event"] == "purchase"]
    return (
        events[0]["party_id"],
        events[0]["timestamp_ms"],
        events[-1]["timestamp_ms"],
        len(events),
        len(pages),
        tuple(pages),
        pages[0] if pages else None,
        pages[-1] if pages else None,
        len(bought),
        round(sum(bought), 2),
        len(pages) == 1 and not bought,
    )
