# ruff: noqa: E501 - user agents are what they are
"""The main job on the real stack: an event goes in over HTTP and comes out of SQL, quickly, once, and labelled."""

import json
import time
import urllib.error
import urllib.request
import uuid

import pytest

from dkd.settings import Ports

pytestmark = pytest.mark.stack

BROWSERS = {
    "Chrome on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Edge on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Firefox on Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Safari on a Mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "Safari on an iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Chrome on Android": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Samsung Internet": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
    "Opera on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
    "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
    "Chrome on an iPad": "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
}  # fmt: skip
BOTS = {
    "Googlebot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/142.0.7444.59 Safari/537.36",
    "headless Chrome": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
}  # fmt: skip


def post(url: str, body: bytes, kind: str = "application/json") -> dict[str, object]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, object] = json.load(response)
    return answer


@pytest.fixture
def collect(stack):
    """Send events as a trusted sender on this machine."""
    url = f"http://127.0.0.1:{Ports.at(stack.base_port).collector}/collect"
    return lambda *events: post(url, json.dumps(list(events)).encode())


def event(**values: object) -> dict[str, object]:
    now = int(time.time() * 1000)
    return {
        "event": "page_view",
        "event_id": uuid.uuid4().hex,
        "party_id": uuid.uuid4().hex,
        "timestamp_ms": now,
    } | values


def test_an_event_is_in_sql_within_two_seconds(stack, collect):
    """p95 of 100 events, one after the other, in steady state."""
    broker = f"http://127.0.0.1:{Ports.at(stack.base_port).broker}/druid/v2/sql"
    waits_s = []
    for number in range(105):
        sent = event(page_url="https://shop.example/latency")
        query = json.dumps(
            {"query": f"SELECT COUNT(*) c FROM shop_events WHERE event_id = '{sent['event_id']}'"}
        ).encode()
        began = time.monotonic()
        assert collect(sent)["accepted"] == 1
        while time.monotonic() - began < 30:
            try:
                if post(broker, query) == [{"c": 1}]:
                    break
            except urllib.error.HTTPError:  # the table appears with its first row
                assert number < 5
            time.sleep(0.02)
        if number >= 5:
            waits_s.append(time.monotonic() - began)
    p95_s = sorted(waits_s)[94]
    print(f"event to SQL: p50 {sorted(waits_s)[50]:.2f} s, p95 {p95_s:.2f} s")
    assert p95_s <= 2


def test_bots_are_flagged_with_a_reason_and_browsers_are_not(stack, collect):
    marker = uuid.uuid4().hex[:8]
    agents = {**BROWSERS, **BOTS}
    events = [
        event(party_id=f"{marker}-{name}", user_agent=agent, page_url=f"https://shop.example/{marker}")
        for name, agent in agents.items()
    ]
    assert collect(*events)["accepted"] == len(agents)
    where = f"FROM shop_events WHERE page_path = '/{marker}'"
    assert stack.wait_for(f"SELECT COUNT(*) {where}", len(agents)) == len(agents)
    rows = stack.rows(f"SELECT party_id, is_bot, bot_reason, browser {where}")
    flagged = {str(row["party_id"]).removeprefix(f"{marker}-"): row["bot_reason"] for row in rows if row["is_bot"]}
    assert set(flagged) == set(BOTS)
    assert all(flagged.values())
    assert all(row["browser"] for row in rows)


def test_one_bad_event_does_not_touch_its_neighbours(stack, collect):
    marker = uuid.uuid4().hex[:8]
    page = f"https://shop.example/{marker}"
    answer = collect(event(page_url=page), event(page_url=page, event="purchas"), event(page_url=page))
    assert answer["accepted"] == 2
    (reject,) = answer["rejected"]
    assert reject["index"] == 1
    assert "purchase" in reject["remedy"]
    assert stack.wait_for(f"SELECT COUNT(*) FROM shop_events WHERE page_path = '/{marker}'", 2) == 2


def test_a_second_deploy_writes_nothing_and_restarts_nothing(stack):
    coordinator = f"http://127.0.0.1:{Ports.at(stack.base_port).coordinator}/druid/indexer/v1"

    def supervisors() -> list[object]:
        found = []
        for name in ("shop_events", "shop_sessions"):
            for what in ("history", "status"):
                with urllib.request.urlopen(f"{coordinator}/supervisor/{name}/{what}", timeout=10) as response:
                    answer = json.load(response)
                found.append(len(answer) if what == "history" else [t["id"] for t in answer["payload"]["activeTasks"]])
        return found

    before = supervisors()
    assert "nothing to" in (done := stack.run("deploy", "--yes")).stdout + done.stderr
    assert supervisors() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sql", "SELEC 1"], 1),
        (["sql", "SELECT nope FROM shop_events"], 1),
        (["sql", "SELECT 1", "--target", "prod"], 64),
        (["check", "specs/none.yaml"], 64),
        (["replay", "none.ndjson"], 64),
        (["plan", "--target", "elsewhere"], 64),
        (["frobnicate"], 64),
    ],
)
def test_a_mistake_is_one_clear_line_with_its_exit_code(stack, arguments, code):
    done = stack.run(*arguments, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_wrong_port_is_one_clear_line(stack):
    elsewhere = type(stack)(stack.project, base_port=31000)
    for arguments in (["sql", "SELECT 1"], ["plan"], ["deploy", "--yes"]):
        done = elsewhere.run(*arguments, check=False, timeout_s=60)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_status_is_green_and_small(stack):
    done = stack.run("status", "--json")
    parts = json.loads(done.stdout)["parts"]
    assert {part["name"] for part in parts} >= {"kafka", "druid", "collector", "enricher", "explorer"}
    assert sum(part["rss_bytes"] for part in parts) <= 2.5e9
