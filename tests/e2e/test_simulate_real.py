"""What the simulator says it sent is what the real stack finds, and a demo goes on from there and ends with Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from real_stack import BASE_PORT, Stack

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("stacks of their own"), pytest.mark.timeout(900)]

RATE = "0.05/s"
COOKBOOK = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "analyst.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A stack that nobody else sends to: its history must end before the simulated one begins."""
    made = Stack(tmp_path_factory.mktemp("simulated site"), base_port=BASE_PORT + 60)
    made.run("init", "--preset", "shop", "--site", "shop")
    made.run("up", "--detach", timeout_s=600)
    yield made
    made.run("down", check=False)


@pytest.fixture(scope="module")
def said(site):
    """A day that ended an hour ago, sent through the collector; the simulator's own account of it."""
    end = datetime.now(UTC) - timedelta(hours=1)
    stretch = ("--from", (end - timedelta(days=1)).isoformat(), "--to", end.isoformat())
    found = json.loads(site.run("simulate", "--seed", "7", "--rate", RATE, *stretch, "--json").stdout)
    assert found["events"] > 2000
    assert site.wait_for("SELECT COUNT(*) FROM shop_events", found["events"]) == found["events"]
    return found


def test_every_line_is_an_event_a_repeat_or_a_reject(site, said):
    assert len(site.rejects()) == said["broken"] > 0
    (row,) = site.rows(
        "SELECT COUNT(DISTINCT event_id) n, COUNT(*) FILTER (WHERE is_late = TRUE) late FROM shop_events"
    )
    assert row == {"n": said["events"], "late": said["late"]}


def test_bots_that_say_so_are_found_and_hidden_ones_by_what_they_do_and_nobody_else(site, said):
    sql = "SELECT is_bot, COUNT(*) n, COUNT(DISTINCT party_id) p FROM shop_events GROUP BY 1 ORDER BY 1"
    people, bots = site.rows(sql)
    hidden = said["bot_events_by_kind"].get("hidden", 0)
    (behaved,) = site.rows("SELECT COUNT(*) n FROM shop_events WHERE bot_reason = 'no_variance'")
    assert 0 <= behaved["n"] <= hidden
    assert bots["n"] == said["bot_events"] - hidden + behaved["n"] > 100
    assert people["n"] == said["human_events"] + hidden - behaved["n"]
    # A hidden one is taken for a person until its pages are seen to follow each other evenly.
    assert people["p"] == said["bot_visitors"].get("hidden", 0) + said["human_visitors"]


def test_what_was_flagged_is_shown_by_reason_with_samples(site, said):
    (bots,) = site.rows("SELECT COUNT(*) n, COUNT(DISTINCT party_id) p FROM shop_events WHERE is_bot = TRUE")
    found = json.loads(site.run("bots", "--last", "3d", "--samples", "2", "--json").stdout)
    assert (found["events"], found["flagged"], found["visitors"]) == (said["events"], bots["n"], bots["p"])
    counts = {row["reason"]: row["events"] for row in found["reasons"]}
    assert counts["ua_list"] == max(counts.values())
    for reason, count in counts.items():
        (row,) = site.rows(f"SELECT COUNT(*) n FROM shop_events WHERE bot_reason LIKE '%{reason}%'")
        assert row == {"n": count}
    assert {row["reason"] for row in found["samples"]} == set(counts)
    assert all(row["reason"] in row["bot_reason"].split(",") for row in found["samples"])
    assert [row["events"] for row in found["lists"]] == [said["events"]]
    text = site.run("bots", "--last", "3d", "--reason", "headless").stdout
    assert f"{bots['n']:,} of {said['events']:,} events" in text
    assert "rate_visitor" in site.run("bots", "--reason", "no_such", check=False).stderr


def test_conversions_their_value_and_the_failed_ones_are_found(site, said):
    (row,) = site.rows("SELECT COUNT(*) n, SUM(revenue) revenue FROM shop_events WHERE event = 'purchase'")
    assert row["n"] == said["conversions"] > 5
    assert row["revenue"] == pytest.approx(said["conversion_value"])
    sql = "SELECT COUNT(*) n FROM shop_events WHERE page_path = '/checkout/error' AND event = 'page_view'"
    assert site.rows(sql) == [{"n": said["failed_conversions"]}]


def test_sessions_are_those_that_were_played(site, said):
    assert site.rows("SELECT COUNT(DISTINCT session_id) n FROM shop_events") == [{"n": said["sessions"]}]


def test_the_same_stretch_is_refused_where_it_would_be_late(site, said):
    done = site.run("simulate", "--from", said["from"], "--for", "1h", check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert re.fullmatch(r"[^\n]*would be late; [^\n]* \[DKD846\]\n", done.stderr)


def test_a_demo_sends_only_what_is_missing(site, said):
    first = site.run("demo", "--detach").stdout
    assert "everything was running already" in first
    added = re.search(r"history: ([\d,]+) lines, .*; the books close", first)
    assert added, first
    assert int(added[1].replace(",", "")) > 100
    assert len(re.findall(r"^[A-Z]{2} +\d+ +\d+$", first, re.MULTILINE)) == 5
    again = site.run("demo", "--detach").stdout
    added = re.search(r"history: ([\d,]+) lines", again)
    assert added is None or int(added[1].replace(",", "")) < 100
    (row,) = site.rows("SELECT COUNT(*) n, COUNT(DISTINCT event_id) d FROM shop_events")
    assert row["n"] == row["d"] > said["events"]


def test_the_cookbook_has_an_answer_for_each_question(site, said):
    """After the demo, whose history ends with finished sessions; a column that is null in all rows is a wrong name."""
    assert len(COOKBOOK) > 10
    for sql in COOKBOOK:
        found = site.rows(sql)
        assert found, sql
        empty = [name for name in found[0] if all(row[name] is None for row in found)]
        assert not empty, f"{empty}: {sql}"
    (sessions,) = site.rows("SELECT COUNT(*) n FROM shop_sessions WHERE is_bot = FALSE")
    channels = next(sql for sql in COOKBOOK if "bounce_percent" in sql)
    assert sum(row["sessions"] for row in site.rows(channels)) == sessions["n"] > 0


def test_ctrl_c_ends_live_traffic_and_the_stack_that_the_demo_started(site, said):
    site.run("down")
    errors = site.project / "demo.log"
    with errors.open("w") as stderr:
        running = subprocess.Popen(
            [sys.executable, "-m", "dkd", "demo"],
            cwd=site.project,
            env={**os.environ, "DKD_BASE_PORT": str(site.base_port)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    end = time.monotonic() + 400
    while "live traffic goes on" not in errors.read_text():
        assert running.poll() is None, errors.read_text()
        assert time.monotonic() < end, errors.read_text()
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    output = running.communicate(timeout=120)[0]
    assert running.returncode == 0, f"{output}\n{errors.read_text()}"
    assert "lines sent" in output
    assert re.search(r"stopped collector, .*, druid, kafka", errors.read_text())
    parts = json.loads(site.run("status", "--json", check=False).stdout)["parts"]
    assert {part["state"] for part in parts} == {"stopped"}
