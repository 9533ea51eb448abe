"""One batch becomes rows: clean in the topic's order, rejects with their bytes and headers, failures one by one."""

import json
import re
from dataclasses import replace

import polars as pl
import pytest
from stream_site import Writer, events, shop, work

from dkd.enrich.state import Books, State
from dkd.errors import DkdError
from dkd.stream.records import Batch
from dkd.stream.work import Work

WRITER = Writer(shop())


def batch(values: list[bytes | None]) -> Batch:
    count = len(values)
    return Batch(
        2, range(40, 40 + count), [b"key%d" % seq for seq in range(count)], values, range(1_000, 1_000 + count)
    )


def failing_on(page: str) -> Work:
    """The shop's work with a url enricher that fails on the pages whose address starts with *page*."""

    def step(found: pl.DataFrame) -> pl.DataFrame:
        if found["page_url"].str.starts_with(page).any():
            raise ValueError("no such colour")
        return url(found)

    steps = dict(work().setup.steps)
    url = steps["url"]
    assert url is not None
    return replace(work(), setup=replace(work().setup, steps=tuple((steps | {"url": step}).items())))


def test_clean_rows_are_keyed_by_party_and_stamped_with_their_receipt():
    sent = events(5)
    done = work().done(batch([WRITER.value(event) for event in sent]), State())
    assert len(done) == 1
    rows = [json.loads(value or b"") for value in done[0].clean.values]
    assert done[0].clean.keys == [str(event["partyId"]).encode() for event in sent]
    assert done[0].clean.timestamps_ms == [event["timestamp"] for event in sent]
    assert [row["event_id"] for row in rows] == [event["eventId"] for event in sent]
    assert not any({"ip", "user_agent"} & row.keys() for row in rows)
    assert replace(done[0].state.books, sessions=0) == Books(consumed=5, clean=5)
    assert done[0].next_offset == 45


def test_a_reject_carries_its_bytes_its_place_and_what_to_do():
    unknown = WRITER.value({**events(1)[0], "eventType": "no_such"})
    junk = b"x" * 100_000
    done = work().done(batch([junk, None, unknown]), State())[0]
    assert done.state.books == Books(consumed=2, rejects=2)
    assert done.rejects.values == [junk[: 64 * 1024], unknown]
    assert done.rejects.keys == [b"key0", b"key2"]
    assert done.rejects.timestamps_ms == [1_000, 1_002]
    headers = [{name: value.decode() for name, value in row} for row in done.rejects.headers]
    assert [row["dkd-reason"] for row in headers] == ["unreadable_avro", "unknown_event"]
    assert [row["dkd-stage"] for row in headers] == ["decode", "validate"]
    assert [row["dkd-reject-id"] for row in headers] == ["shop.raw:2:40", "shop.raw:2:42"]
    assert [(row["dkd-topic"], row["dkd-partition"], row["dkd-offset"], row["dkd-received-ms"]) for row in headers] == [
        ("shop.raw", "2", "40", "1000"),
        ("shop.raw", "2", "42", "1002"),
    ]
    assert all(row["dkd-code"].startswith("DKD") and row["dkd-problem"] and row["dkd-remedy"] for row in headers)


def test_a_batch_of_ticks_moves_on_and_counts_nothing():
    done = work().done(batch([None, None]), State())[0]
    assert (done.state.books, done.state.seq, done.next_offset) == (Books(), 1, 42)
    assert len(done.clean) == len(done.rejects) == 0


def test_a_record_that_an_enricher_fails_on_is_a_reject_and_the_others_are_as_without_it():
    sent = [event | {"partyId": f"p{seq % 3}"} for seq, event in enumerate(events(20))]
    sent[7] |= {"location": "bad"}
    values: list[bytes | None] = [WRITER.value(event) for event in sent]
    parts = failing_on("bad").done(batch(values), State())
    without = work().done(batch([*values[:7], None, *values[8:]]), State())
    for rows in (lambda part: part.clean, lambda part: part.sessions):
        assert [one for part in parts for one in rows(part).records()] == [
            one for part in without for one in rows(part).records()
        ]
    assert len(parts) > 1
    assert parts[-1].state.books.sessions == without[-1].state.books.sessions > 0
    rejects = [record for part in parts for record in part.rejects.records()]
    assert [record.value for record in rejects] == [values[7]]
    assert dict(rejects[0].headers)["dkd-reason"] == b"enrich_failed"
    assert b"no such colour" in dict(rejects[0].headers)["dkd-problem"]
    assert replace(parts[-1].state.books, late=0, sessions=0) == Books(consumed=20, clean=19, rejects=1)
    assert parts[-1].next_offset == 60


def test_an_enricher_that_fails_on_all_stops_the_stream_instead_of_rejecting_it():
    with pytest.raises(DkdError) as raised:
        failing_on("").done(batch([WRITER.value(event) for event in events(100)]), State())
    assert raised.value.problems[0].code == "DKD531"
    # What an error says may be what a visitor sent, and this one is printed.
    assert "no such colour" not in str(raised.value)
    assert re.search(r"after the other: \w+ at \w+\.py:\d+", str(raised.value))
