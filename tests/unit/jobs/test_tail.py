"""Lines of a topic: one each, in UTC, with nothing that steers a terminal; what can't be read is told."""

import json
from pathlib import Path

import pytest
from stream_site import NOW_MS, Writer, shop

from dkd.jobs.reveal import raw_decoder
from dkd.jobs.tail import json_lines, text_lines
from dkd.stream.reader import Found
from dkd.stream.records import Record, tick_record

MODEL = shop()


def found(value: bytes | None, *headers: tuple[str, bytes], offset: int = 4) -> Found:
    return Found(1, offset, Record(b"k", value, NOW_MS, headers))


def raw() -> list[Found]:
    event = {"timestamp": NOW_MS, "clientTimestamp": NOW_MS - 1, "partyId": "p\x1b[2J", "eventType": "search"}
    sound = Writer(MODEL).value({**event, "location": "https://shop.example/x"})
    tick = Found(0, 9, tick_record(NOW_MS + 5, NOW_MS))
    return [found(sound, offset=70), found(b"junk"), found(sound[:-1]), tick, found(None)]


def test_raw_is_decoded_record_by_record():
    lines = text_lines("raw", raw_decoder(MODEL, Path("none")), MODEL)(raw())
    assert lines[0] == "2026-05-28 20:26:39.999  search     p\\u001b[2J  https://shop.example/x"
    assert lines[1].startswith("2026-05-28 20:26:40.000  ?          1:4 it begins with 0x6a756e6b")
    assert "are no record of schema" in lines[2]
    assert lines[3] == "2026-05-28 20:26:40.005  (tick)     partition 0"
    assert lines[4].endswith("1:4 it has no value")


def test_raw_as_json_tells_where_each_record_stands():
    told = [json.loads(line) for line in json_lines("raw", raw_decoder(MODEL, Path("none")))(raw())]
    assert [(one["partition"], one["offset"]) for one in told] == [(1, 70), (1, 4), (1, 4), (0, 9), (1, 4)]
    assert (told[0]["party_id"], told[0]["event"]) == ("p\x1b[2J", "search")
    assert told[3]["tick_ms"] == NOW_MS + 5
    assert ["unreadable" in one for one in told] == [False, True, True, False, True]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            {
                "event": "search",
                "timestamp_ms": 0,
                "party_id": "p",
                "page_path": "/a",
                "is_late": True,
                "is_bot": False,
            },
            "1970-01-01 00:00:00.000  search     p  /a  late",
        ),
        (
            {"event": "x", "timestamp_ms": 10**15, "is_bot": True, "bot_reason": "ua_list", "page_url": "u"},
            f"{10**15}  x          u  bot: ua_list",
        ),
        ([], "None  ?          it is no JSON object"),
    ],
)
def test_clean_events_say_what_is_special_about_them(row, line):
    assert text_lines("clean", None, MODEL)([found(json.dumps(row).encode())]) == [line]


def test_sessions_and_rejects_have_a_line_each():
    session = {"start_ms": 1, "party_id": "p", "entry_page": "/a", "exit_page": None, "event_count": 3,
               "duration_s": 2.5, "closed_by": "gap"}  # fmt: skip
    (line,) = text_lines("sessions", None, MODEL)([found(json.dumps(session).encode())])
    assert line == "1970-01-01 00:00:00.001  session    p  /a -> -  3 events, 2.5 s, closed by gap"
    told = {"dkd-reject-id": b"i", "dkd-stage": b"collect", "dkd-reason": b"not_json", "dkd-problem": b"it is none"}
    mark = (("dkd-replayed", b"i"), ("dkd-replayed-ms", b"7"))
    lines = text_lines("rejects", None, MODEL)([found(b"secret", *told.items()), found(None, *mark)])
    assert lines == [
        "2026-05-28 20:26:40.000  collect/not_json  k  it is none (i)",
        "1970-01-01 00:00:00.007  (replayed)  i",
    ]
    assert "secret" not in json_lines("rejects", None)([found(b"secret", *told.items())])[0]
