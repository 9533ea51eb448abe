"""A web server's log through replay's reader, the real collector and the whole enricher: all of it can be asked."""

import json
from collections import Counter
from pathlib import Path

import pytest
from collector_server import running
from stream_site import enriched

from dkd.collect.weblog import log_shape
from dkd.jobs.lanes import bodies
from dkd.jobs.lines import read_lines
from dkd.jobs.send import HttpCollector
from dkd.model.askable import values_of
from dkd.model.load import load
from dkd.model.preset import preset_files

MODEL = load(preset_files("weblog", "weblog")["specs/weblog.yaml"], "weblog.yaml")
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36"
CSV = f"""_time,time,ip,request,status,userid,bytes,agent
1794045600,07/Nov/2026:10:00:00 +0000,145.53.0.9,GET /site/login.html?utm_source=x HTTP/1.1,200,12,1289,"{CHROME}"
1794045601500,,145.53.0.9,GET /images/track.png HTTP/1.1,200,12,4096,"{CHROME}"
,[07/Nov/2026:11:00:02 +0100],233.168.257.122,POST /site/user_status.html HTTP/1.1,406,-1,-,Googlebot/2.1 (http://www.google.com/bot.html)
1794045603,,145.53.0.9,GET /index.html HTTP/1.1,two hundred,12,5,"{CHROME}"
yesterday,07/Nov/2026:25:00:00 +0000,145.53.0.9,GET / HTTP/1.1,200,12,5,"{CHROME}"
1794045604,,145.53.0.9,GET / HTTP/1.1,200,12,5,{CHROME}, with a comma too many
"""
NDJSON = """\
{"_time":1794045600,"time":"07/Nov/2026:10:00:00 +0000","ip":"145.53.0.9","request":"GET /site/login.html?utm_source=x HTTP/1.1","status":"200","userid":12,"bytes":"1289","agent":"CHROME"}
{"_time":"1794045601500","ip":"145.53.0.9","request":"GET /images/track.png HTTP/1.1","status":200.0,"userid":"12","bytes":4096,"agent":"CHROME"}
{"time":"07/Nov/2026:11:00:02 +0100","ip":"233.168.257.122","request":"POST /site/user_status.html HTTP/1.1","status":406,"userid":-1,"bytes":"-","agent":"Googlebot/2.1 (http://www.google.com/bot.html)"}
{"_time":1794045603,"ip":"145.53.0.9","request":"GET /index.html HTTP/1.1","status":"two hundred","userid":12,"bytes":5,"agent":"CHROME"}
{"_time":"yesterday","time":"07/Nov/2026:25:00:00 +0000","ip":"145.53.0.9","request":"GET / HTTP/1.1","status":200,"userid":12,"bytes":5,"agent":"CHROME"}
{"_time":1794045604,"ip":"145.53.0.9","request":"GET / HTTP/1.1",
""".replace("CHROME", CHROME)  # fmt: skip  # noqa: E501
COMBINED = f"""\
145.53.0.9 - 12 [07/Nov/2026:10:00:00 +0000] "GET /site/login.html?utm_source=x HTTP/1.1" 200 1289 "-" "{CHROME}"
145.53.0.9 - 12 [07/Nov/2026:10:00:01 +0000] "GET /images/track.png HTTP/1.1" 200 4096 "-" "{CHROME}"
233.168.257.122 - -1 [07/Nov/2026:11:00:02 +0100] "POST /site/user_status.html HTTP/1.1" 406 - "-" "Googlebot/2.1 (http://www.google.com/bot.html)"
"""
W3C = f"""\
#Version: 1.0
#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs(User-Agent) time-taken
2026-11-07 10:00:00 145.53.0.9 12 GET /site/login.html utm_source=x 200 1289 {CHROME.replace(" ", "+")} 15
2026-11-07 10:00:01.500 145.53.0.9 12 GET /images/track.png - 200 4096 "{CHROME}" 2
2026-11-07 10:00:02 233.168.257.122 -1 POST /site/user_status.html - 406
#Fields: date	time	cs(User-Agent)	cs-method	cs-uri	sc-status	sc-bytes	cs-username
2026-11-07	10:00:02	Googlebot/2.1%20(http://www.google.com/bot.html)	POST	/site/user_status.html	406	0	-1
2026-11-07	25:00:00	-	GET	/	200	5	-
2026-11-07	10:00:03	-	GET	/	bad	5	-
"""
LOGIN = {
    "event": "page_view", "timestamp_ms": 1_794_045_600_000, "request": "GET /site/login.html?utm_source=x HTTP/1.1",
    "http_method": "GET", "status": 200, "bytes": 1289, "page_path": "/site/login.html", "utm_source": "x",
    "country": "NL", "browser": "Chrome", "os": "Linux", "is_bot": False,
}  # fmt: skip
PICTURE = {
    "event": "request", "timestamp_ms": 1_794_045_601_500, "request": "GET /images/track.png HTTP/1.1",
    "http_method": "GET", "status": 200, "bytes": 4096, "page_path": "/images/track.png", "country": "NL",
}  # fmt: skip
STATUS = {
    "event": "request", "timestamp_ms": 1_794_045_602_000, "request": "POST /site/user_status.html HTTP/1.1",
    "http_method": "POST", "status": 406, "bytes": 0, "page_path": "/site/user_status.html", "is_bot": True,
}  # fmt: skip


def replayed(file: Path) -> tuple[list[dict[str, object]], Counter[str], list[bytes], dict[str, int]]:
    """Clean events by time, reasons of refusal, what was refused, and what was ignored."""
    with running(MODEL) as server:
        collector = HttpCollector(server.url, None, is_local=True)
        lines = list(read_lines([str(file)], log_shape(MODEL, b"key")))
        replies = [collector.post(body) for body in bodies(lines, "run")]
        collector.close()
        clean = sorted(enriched(MODEL, server.messages), key=lambda event: event["timestamp_ms"])
        refused = [one.value for one in server.messages if one.topic == "weblog.rejects"]
    reasons: Counter[str] = sum((reply.reasons for reply in replies), Counter())
    return clean, reasons, refused, dict(sum((Counter(reply.ignored) for reply in replies), Counter()))


def part(event: dict[str, object], like: dict[str, object]) -> dict[str, object]:
    return {name: event.get(name) for name in like}


@pytest.mark.parametrize(("name", "text"), [("clicks.csv", CSV), ("clicks.ndjson", NDJSON)], ids=["csv", "ndjson"])
def test_all_eight_columns_can_be_asked_for_and_bad_values_are_rejected_with_a_reason(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    clean, reasons, refused, ignored = replayed(tmp_path / name)
    assert [part(event, like) for event, like in zip(clean, (LOGIN, PICTURE, STATUS), strict=True)] == [
        LOGIN, PICTURE, STATUS,
    ]  # fmt: skip
    assert clean[0]["user_id"] == clean[1]["user_id"] not in (None, "12")
    assert clean[0]["user_id"] != clean[2]["user_id"]
    assert clean[0]["session_id"] == clean[1]["session_id"]
    # An address that cannot be is no reason to lose a line, but it is told.
    assert (clean[2].get("country"), ignored) == (None, {"ip": 1})
    assert reasons == Counter(bad_type=1, bad_time=1, not_json=1)
    assert any(json.loads(one).get("status") == "two hundred" for one in refused[:2])
    assert any(json.loads(one)["timestamp_ms"] == "yesterday" for one in refused[:2])
    assert CHROME.encode() in refused[2] or b"1794045604" in refused[2]


def test_a_log_in_extended_format_says_the_same(tmp_path):
    (tmp_path / "ex.log").write_text(W3C)
    clean, reasons, _, ignored = replayed(tmp_path / "ex.log")
    assert [part(event, like) for event, like in zip(clean, (LOGIN, PICTURE, STATUS), strict=True)] == [
        LOGIN, PICTURE, STATUS,
    ]  # fmt: skip
    assert clean[0]["session_id"] == clean[1]["session_id"]
    assert clean[0]["user_id"] == clean[1]["user_id"] not in (None, "12")
    assert (reasons, ignored) == (Counter(bad_type=1, bad_time=1, not_json=1), {})


def test_a_combined_log_says_the_same(tmp_path):
    (tmp_path / "access.log").write_text(COMBINED)
    clean, reasons, _, _ = replayed(tmp_path / "access.log")
    picture = {**PICTURE, "timestamp_ms": 1_794_045_601_000}
    assert [part(event, like) for event, like in zip(clean, (LOGIN, picture, STATUS), strict=True)] == [
        LOGIN, picture, STATUS,
    ]  # fmt: skip
    assert clean[0]["user_id"] == clean[1]["user_id"] not in (None, "12")
    assert not reasons


def test_answers_are_classed_by_their_status():
    found = values_of(MODEL.dimensions["status_class"])
    assert found is not None
    assert set(found) == {"below 300", "300 to below 400", "400 to below 500", "500 or more"}
