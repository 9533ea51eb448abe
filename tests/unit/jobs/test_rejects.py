"""Rejects from records: what they say, whether they would pass now, and how they are sent again."""

import json
from pathlib import Path

import pytest

from dkd.collect.message import Outcome, Request
from dkd.collect.routes import routes
from dkd.enrich.state import Books
from dkd.jobs.again_text import plan_text
from dkd.jobs.books import PartitionBooks
from dkd.jobs.rejects import Listing, Reject, Wanted, counted, listed, reject_of
from dkd.jobs.rejects_text import listing_json, listing_text
from dkd.jobs.trial import Plan, tried
from dkd.model.load import load
from dkd.model.schema import Model
from dkd.settings import settings
from dkd.stream.reader import Found, Range
from dkd.stream.records import Record

NOW_MS = 1_780_000_000_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
TEXT = """\
dkd: 1
site: shop
collector: {senders: [{name: till, key: "${KEY}"}]}
events:
  page_view: {}
"""
FIXED = TEXT + "  wish: {fields: {thing: {type: string, required: true}, count: int}}\n"
ENVIRONMENT = {"KEY": "secret"}


class Topic:
    """A rejects topic in memory, in the reader's place."""

    def __init__(self, *records: Record) -> None:
        self._records = records

    def ranges(self, _topic: str) -> dict[int, Range]:
        return {0: Range(0, len(self._records))}

    def to_end(self, _topic: str, starts: dict[int, int]):
        return iter([Found(0, offset, record) for offset, record in enumerate(self._records)][starts[0] :])


def of(text: str) -> Model:
    return load(text, "shop.yaml")


def refused(body: object, *, query: str = "", key: str = "secret", seq: int = 0) -> list[Record]:
    """The records that the collector of the old model writes for *body*."""
    model = of(TEXT)
    headers = [(b"content-type", b"application/x-ndjson"), (b"user-agent", AGENT.encode())]
    if key:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request("POST", f"/collect{query}".encode(), headers, content, "9.9.9.9", NOW_MS + seq)
    outcome = routes(model, settings(model, "local", ENVIRONMENT))(request)
    assert isinstance(outcome, Outcome)
    return [Record(one.key, one.value, one.timestamp_ms, one.headers) for one in outcome.messages]


def plan(records: list[Record], text: str, watermark_ms: int | None = NOW_MS) -> Plan:
    model = of(text)
    found = [
        reject_of(Found(0, n, record), {name: value.decode() for name, value in record.headers})
        for n, record in enumerate(records)
    ]
    books = [PartitionBooks(0, *(0,) * len(vars(Books())), 0, 0, watermark_ms)]
    where = settings(model, "local", ENVIRONMENT)
    return tried(Listing(found, len(found), {}), model, where, Path("none"), books)


WISH = {"event": "wish", "thing": "a\u2028boat", "party_id": "p1"}


def test_a_reject_passes_once_the_model_is_put_right():
    records = refused(WISH)
    still = plan(records, TEXT)
    assert ([one.reason for one in still.refused], still.passing) == (["unknown_event"], ())
    (passing,) = plan(records, FIXED).passing
    sent = json.loads(passing.body)
    # Without a time of its own its time is that of its arrival, and its id the one that it would have had.
    assert sent["timestamp_ms"] == NOW_MS
    assert len(sent.pop("event_id")) == 32
    assert sent == {**WISH, "timestamp_ms": NOW_MS}


def test_what_is_complete_is_sent_as_it_was():
    body = json.dumps({"timestamp_ms": NOW_MS - 5, **WISH}).encode()
    (passing,) = plan(refused(body), FIXED).passing
    assert passing.body == body


def test_what_a_browser_sent_says_no_more_than_the_browser_could():
    event = {**WISH, "party_id": "somebody else", "ip": "1.1.1.1", "country": "XX", "timestamp_ms": NOW_MS - 3_000}
    records = refused(event, query=f"?p=0:a:b&s=0:a:s&sent={NOW_MS - 2_000}", key="")
    (passing,) = plan(records, FIXED).passing
    sent = json.loads(passing.body)
    assert sent["party_id"] == "0:a:b"
    assert (sent["ip"], sent["user_agent"], sent["collector_session_id"]) == ("9.9.9.0", AGENT, "0:a:s")
    assert sent["timestamp_ms"] == NOW_MS - 1_000
    assert "country" not in sent


@pytest.mark.parametrize(
    ("time_ms", "reason", "late"),
    [(NOW_MS - 3_600_000, None, 1), (NOW_MS - 3_600_001, "late", 0), (NOW_MS - 300_000, None, 0), (NOW_MS, None, 0)],
)
def test_an_event_that_is_late_by_now_stays_with_the_remedy(time_ms, reason, late):
    found = plan(refused({**WISH, "timestamp_ms": time_ms}), FIXED)
    assert [one.reason for one in found.refused] == ([reason] if reason else [])
    assert found.late == late
    text = plan_text(found)
    assert ("dkd backfill" in text) == bool(reason)
    assert ("clean events without a session" in text) == bool(late)


def test_what_only_its_sender_can_put_right_stays():
    records = [
        *refused(b"no json"),
        *refused({"event": "wish", "thing": "x", "party_id": "p", "timestamp_ms": "today"}),
        *refused({**WISH, "thing": "x" * 70_000}),
        Record(None, b"/csc-event?p=1", NOW_MS, (("dkd-stage", b"collect"), ("dkd-reason", b"missing_field"))),
    ]
    found = plan(records, FIXED)
    assert found.passing == ()
    assert [one.reason for one in found.refused] == ["not_json", "bad_time", "cut", "missing_field"]
    assert "x" * 100 not in plan_text(found)


def topic() -> Topic:
    first, second = refused(WISH), refused(b"junk", seq=5)
    mark = Record(None, None, NOW_MS + 9, (("dkd-replayed", _id(first[0])), ("dkd-replayed-ms", b"1780000000009")))
    return Topic(*first, *second, *first, mark)


def _id(record: Record) -> bytes:
    return dict(record.headers)["dkd-reject-id"]


def test_repeats_are_one_reject_and_marks_are_none():
    found = listed(topic(), of(TEXT), Wanted(), 10)  # type: ignore[arg-type]
    assert [one.reason for one in found.rejects] == ["not_json", "unknown_event"]
    assert [one.received_ms for one in found.rejects] == [NOW_MS + 5, NOW_MS]
    told = json.loads(listing_json(found))
    assert [one["replayed_ms"] for one in told] == [None, 1_780_000_000_009]
    assert "(2 rows)" in listing_text(found)
    short = listed(topic(), of(TEXT), Wanted(), 1)  # type: ignore[arg-type]
    assert (len(short.rejects), short.total) == (1, 2)
    assert "1 older ones" in listing_text(short)


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (Wanted(), (("not_json", 1, 0), ("unknown_event", 1, 1))),
        (Wanted(reason="unknown_event"), (("unknown_event", 1, 1),)),
        (Wanted(stage="decode"), ()),
        (Wanted(code="DKD401"), (("not_json", 1, 0),)),
    ],
)
def test_rejects_are_counted(wanted, rows):
    assert counted(topic(), of(TEXT), wanted, "reason").rows == rows  # type: ignore[arg-type]


def test_a_record_of_another_program_is_a_reject_too():
    found = reject_of(Found(3, 7, Record(None, b"?", 5)), {})
    assert isinstance(found, Reject)
    assert (found.reject_id, found.stage, found.received_ms) == ("3:7", "unknown", 5)
