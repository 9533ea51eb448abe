"""Files to lines: what is in a file arrives, with the time and the visitor that it names."""

import gzip
import io
import json

import pytest

from dkd.collect.weblog import LogShape, log_shape
from dkd.errors import UsageError
from dkd.jobs.lines import SENT_BYTES, format_of, read_lines, shifted
from dkd.model.load import load

SHAPE = LogShape("page_view", "https://shop.example", {})
LOG = b'203.0.113.9 - - [10/Oct/2026:00:00:%02d +0000] "GET / HTTP/1.1" 200 1 "-" "a"'
LOG_MS = 1_791_590_400_000


def event(**values: object) -> bytes:
    return json.dumps(values).encode()


def test_every_line_that_is_not_blank_arrives_as_it_is(tmp_path):
    lines = [event(timestamp_ms=5, party_id="a"), b"{broken", b"[1]", b"\xff\xfe", event(timestamp_ms="x", party_id=3)]
    file = tmp_path / "a.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines[:2]) + b"\n\n   \n" + b"\n".join(lines[2:]))
    found = list(read_lines([str(file)], SHAPE))
    assert [line.body for line in found] == lines
    assert [line.time_ms for line in found] == [5, 5, 5, 5, 5]
    assert [line.is_timed for line in found] == [True, False, False, False, False]
    assert [line.party for line in found] == ["a", None, None, None, None]


@pytest.mark.parametrize("wanted", [None, "ndjson"])
def test_gzip_and_plain_and_standard_input_are_the_same(tmp_path, monkeypatch, wanted):
    text = b"".join(event(timestamp_ms=n, party_id="p") + b"\n" for n in range(500))
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    expected = list(read_lines([str(plain)], SHAPE, wanted))
    assert len(expected) == 500
    assert list(read_lines([str(packed)], SHAPE, wanted)) == expected
    for given in (text, gzip.compress(text)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(given))))
        assert list(read_lines(["-"], SHAPE, wanted)) == expected


def test_the_format_is_found_out_for_each_file_and_equal_log_lines_are_counted_over_all(tmp_path):
    log, events = tmp_path / "access.log", tmp_path / "e.ndjson"
    log.write_bytes(b"\n".join([LOG % 1, LOG % 1, b"not a log line", LOG % 2]))
    events.write_bytes(event(timestamp_ms=7, party_id="p"))
    found = list(read_lines([str(log), str(events), str(log)], SHAPE))
    assert [line.is_log for line in found] == [False, False, True, False, False, False, False, True, False]
    assert [line.time_ms - LOG_MS for line in found[:4]] == [1000, 1000, 1000, 2000]
    assert [line.is_timed for line in found[:4]] == [True, True, False, True]
    assert found[2].body == b"not a log line"
    ids = [json.loads(line.body).get("event_id") for line in found if not line.is_log]
    assert len(set(ids)) == len(ids)
    assert {line.party for line in found} == {found[0].party, "p", None}


def test_a_file_of_neither_format_is_refused_unless_forced(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"name,time\npage_view,5\n")
    with pytest.raises(UsageError, match="DKD802"):
        list(read_lines([str(file)], SHAPE))
    assert len(list(read_lines([str(file)], SHAPE, "ndjson"))) == 2
    assert format_of([], "empty") == "ndjson"


MODEL = """
dkd: 1
site: shop
events: {page_view: {}, cart: {fields: {price: double, n: {type: int, from: parameter amount}, gift: boolean}}}
fields: {tags: list}
"""


def test_rows_of_csv_become_events_in_the_types_of_their_columns(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text(
        """\ufeffevent,timestamp_ms,party_id,price,amount,gift,tags,page_url,viewport_width,else
cart,1790000000000,a,9.5,3,true,new,"https://shop.example/a,b",1024,x
page_view,1790000000001,b,,,,,"two
lines",,
cart,later,a,much,3.5,maybe,,,wide,

cart,1790000000002
cart,1790000000003,a,1,1,true,new,u,1,x,one too many
""",
        encoding="utf-8",
    )
    found = list(read_lines([str(file)], log_shape(load(MODEL, "m.yaml"))))
    assert [json.loads(line.body) for line in found[:3]] == [
        {"event": "cart", "timestamp_ms": 1_790_000_000_000, "party_id": "a", "price": 9.5, "amount": 3, "gift": True,
         "tags": ["new"], "page_url": "https://shop.example/a,b", "viewport_width": 1024, "else": "x"},
        {"event": "page_view", "timestamp_ms": 1_790_000_000_001, "party_id": "b", "page_url": "two\nlines"},
        {"event": "cart", "timestamp_ms": "later", "party_id": "a", "price": "much", "amount": "3.5", "gift": "maybe",
         "viewport_width": "wide"},
    ]  # fmt: skip
    assert [line.is_timed for line in found] == [True, True, False, False, False]
    assert [line.party for line in found] == ["a", "b", "a", None, None]
    assert [line.body[:22] for line in found[3:]] == [b"cart,1790000000002", b"cart,1790000000003,a,1"]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"_time": 1_790_000_000}, 1_790_000_000_000),
        ({"_time": "1790000000.25"}, 1_790_000_000_250),
        ({"_time": 1_790_000_000_001}, 1_790_000_000_001),
        ({"_time": "-", "time": "21/Sep/2026:14:13:20 +0000"}, 1_790_000_000_000),
        ({"_time": "soon", "time": "[21/Sep/2026:16:13:20 +0200]"}, 1_790_000_000_000),
        ({"timestamp_ms": "1790000000002"}, 1_790_000_000_002),
        ({"_time": "soon"}, "soon"),
        ({"time": "31/Sep/2026:14:13:20 +0000"}, "31/Sep/2026:14:13:20 +0000"),
        ({}, None),
    ],
)
def test_a_record_of_a_log_has_the_first_of_its_times_that_is_one(tmp_path, times, expected):
    file = tmp_path / "log.ndjson"
    file.write_bytes(event(request="GET / HTTP/1.1", ip="1.2.3.4", **times))
    (line,) = read_lines([str(file)], log_shape(load(MODEL, "m.yaml")))
    assert json.loads(line.body).get("timestamp_ms") == expected
    assert line.is_timed == isinstance(expected, int)


def test_equal_records_of_a_log_are_real_requests_and_the_same_ones_when_read_again(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("ip,request,_time\n" + "1.2.3.4,GET / HTTP/1.1,1790000000\n" * 3)
    first, again = (list(read_lines([str(file)], SHAPE)) for _ in range(2))
    assert first == again
    assert len({json.loads(line.body)["event_id"] for line in first}) == 3
    assert len({line.party for line in first}) == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(event(party_id="p") * 1000)[:-20])
    for name in (tmp_path / "absent", tmp_path, damaged):
        with pytest.raises(UsageError, match="DKD801") as caught:
            list(read_lines([str(name)], SHAPE))
        assert caught.value.problems[0].where == str(name)


def test_no_more_of_a_line_is_sent_than_a_request_holds(tmp_path):
    file = tmp_path / "long"
    file.write_bytes(event(timestamp_ms=1, party_id="p", page_url="x" * 10**6))
    (line,) = read_lines([str(file)], SHAPE)
    assert len(line.body) == SENT_BYTES


def test_shifting_moves_every_time_and_nothing_else(tmp_path):
    file = tmp_path / "a"
    events = [{"timestamp_ms": 100 + n, "party_id": "é", "price": 1.5, "big": 2**70} for n in range(3)]
    file.write_bytes(b"\n".join([*(event(**one) for one in events), b"{broken", event(party_id="untimed")]))
    before = list(read_lines([str(file)], SHAPE))
    after = list(shifted(before, 1000))
    assert [json.loads(line.body) for line in after[:3]] == [
        {**one, "timestamp_ms": int(str(one["timestamp_ms"])) + 1000} for one in events
    ]
    assert [line.time_ms for line in after] == [line.time_ms + 1000 for line in before]
    assert [line.body for line in after[3:]] == [line.body for line in before[3:]]
