"""Replay on a real stack of its own: what a file holds is what SQL counts, whatever is killed meanwhile."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from crowd import AGENT, SQL, crowd
from druid_router import router
from real_stack import BASE_PORT, Stack
from session_script import SQL as SESSIONS
from session_script import in_druid, sessions

from dkd.settings import Ports

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("stacks of their own"), pytest.mark.timeout(900)]

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SESSION_EVENTS = int(os.environ.get("DKD_TEST_SESSION_EVENTS", "20000"))
EVENTS = int(os.environ.get("DKD_TEST_EVENTS", "100000"))
MANY = max(60_000, EVENTS // 2)
"""So many that a collector that takes 50,000 a second is still at them when it is killed."""
HISTORY = int(os.environ.get("DKD_TEST_HISTORY", "20000"))
SAMPLE = Path(__file__).parents[2] / "docs" / "sample.ndjson.gz"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A stack that nobody else sends to: events of now would make a file's events late."""
    base_port = int(os.environ.get("DKD_TEST_REPLAY_PORT", BASE_PORT + 40))
    made = Stack(tmp_path_factory.mktemp("replay site"), base_port=base_port)
    made.run("init", "--preset", "shop", "--site", "shop")
    made.run("up", "--detach", timeout_s=600)
    yield made
    made.run("down", check=False)


@pytest.fixture(scope="module")
def hours():
    """Starts of stretches of three hours, each after the one before; all of them end a day and more before now."""
    now_ms = round(time.time() * 1000)
    return (now_ms - n * HOUR_MS for n in itertools.count(100, -4))


def counts(site: Stack, start_ms: int, end_ms: int) -> set[tuple[object, ...]]:
    sql = SQL.format(start_ms=start_ms, end_ms=end_ms)
    answer = site.run("sql", sql, "--format", "json", "--timeout", "120")
    return {tuple(row.values()) for row in json.loads(answer.stdout)}


def replayed(site: Stack, *arguments: str) -> dict[str, object]:
    books: dict[str, object] = json.loads(site.run("replay", *arguments, "--json", timeout_s=600).stdout)
    return books


def test_a_shuffled_file_is_counted_as_an_independent_script_counts_it(site, hours, tmp_path):
    start_ms = next(hours)
    made = crowd(tmp_path / "crowd.ndjson", start_ms, 3 * HOUR_MS, EVENTS, EVENTS // 20)
    books = replayed(site, str(made.file), "--keep-order")
    assert counts(site, start_ms, start_ms + 3 * HOUR_MS) == made.counts()
    assert Counter(site.rejects()) == Counter(made.broken)
    assert books["closes"] is True
    assert (books["read"], books["clean"], books["late"]) == (made.lines, EVENTS, 0)
    assert (books["duplicates"], books["collector_rejects"]) == (made.repeats, len(made.broken))
    print(f"{books['lines_per_s']} lines/s, {books['seconds']}")


def test_closed_sessions_are_those_of_an_independent_script(site, hours, tmp_path):
    start_ms = next(hours)
    made = crowd(tmp_path / "crowd.ndjson", start_ms, 3 * HOUR_MS, SESSION_EVENTS, SESSION_EVENTS // 20, seed=4)
    before = total(site)
    books = replayed(site, str(made.file), "--keep-order", "--close")
    sql = SESSIONS.format(start_ms=start_ms, end_ms=start_ms + 3 * HOUR_MS)
    found = Counter(in_druid(json.loads(site.run("sql", sql, "--format", "json", "--timeout", "120").stdout)))
    wanted = Counter(sessions(made.file, (line for line, _ in made.broken)))
    assert books["late"] == 0
    assert (found - wanted, wanted - found) == (Counter(), Counter())
    assert books["closes"] is True
    assert books["clean"] == SESSION_EVENTS
    assert books["sessions"] == books["sessions_in_druid"] >= sum(wanted.values())
    tried = json.loads(site.run("sessions", "--gap", "5m,30m", "--last", "200m", "--bots", "--json").stdout)
    assert tried[1]["sessions"] == sum(wanted.values()) < tried[0]["sessions"]
    assert tried[1]["bounce_rate"] == pytest.approx(sum(row[-1] for row in wanted.elements()) / sum(wanted.values()))
    again = site.run("replay", str(made.file), "--keep-order", "--close", check=False)
    assert (again.returncode, "DKD803" in again.stderr) == (5, True)
    assert total(site) == before + SESSION_EVENTS
    print(f"{sum(wanted.values())} sessions, {books['seconds']}")


def total(site: Stack) -> int:
    """Clean events, of a status that says that the books close and that Druid has what was written."""
    books = json.loads(site.run("status", "--json").stdout)["books"]
    assert books["closes"] is True
    assert len(books["partitions"]) == 4
    return sum(one["clean"] for one in books["partitions"])


def live(site: Stack, events: list[dict[str, object]]) -> None:
    body = "\n".join(map(json.dumps, events)).encode()
    where = f"http://127.0.0.1:{Ports.at(site.base_port).collector}/collect"
    asked = urllib.request.Request(where, body, {"Content-Type": "application/x-ndjson"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert json.load(answer)["accepted"] == len(events)


def test_closing_ahead_of_now_is_refused_and_nothing_is_sent(site, tmp_path):
    file = tmp_path / "events.ndjson"
    time_ms = round(time.time() * 1000) - 60_000
    file.write_text(json.dumps({"event": "page_view", "party_id": "p", "timestamp_ms": time_ms}))
    before = total(site)
    done = site.run("replay", str(file), "--close", check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert "DKD811" in done.stderr
    assert total(site) == before


@pytest.mark.parametrize("part", ["enricher", "collector", "kafka", "druid"])
def test_a_killed_part_changes_no_count(site, hours, tmp_path, part):
    """SIGKILL in the middle; ``dkd up`` brings the part back while the replay waits and goes on by itself."""
    start_ms = next(hours)
    before = Counter(site.rejects())
    made = crowd(tmp_path / "crowd.ndjson", start_ms, 3 * HOUR_MS, MANY, MANY // 20, seed=ord(part[0]))
    said = tmp_path / "stderr.txt"
    with _started(site, said, "replay", str(made.file), "--keep-order", "--json") as running:
        _until_sending(said)
        # Frozen while the part is killed, the replay is in its middle however fast the machine is.
        running.send_signal(signal.SIGSTOP)
        os.kill(site.pid(part), signal.SIGKILL)
        running.send_signal(signal.SIGCONT)
        time.sleep(3)
        assert running.poll() is None, "the replay was over before the kill"
        site.run("up", "--detach", timeout_s=400)
        output = running.communicate(timeout=600)[0]
    assert running.returncode == 0, f"{output}\n{said.read_text()}"
    books = json.loads(output)
    assert counts(site, start_ms, start_ms + 3 * HOUR_MS) == made.counts()
    assert Counter(site.rejects()) - before == Counter(made.broken)
    assert books["clean"] == books["in_druid"] == MANY
    print(f"{part} killed: {books['repeats']} repeats, {books['seconds']}")


def _started(site: Stack, said: Path, *arguments: str) -> "subprocess.Popen[str]":
    with said.open("w") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "dkd", *arguments],
            cwd=site.project,
            env={**os.environ, "DKD_BASE_PORT": str(site.base_port)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def _until_sending(said: Path) -> None:
    """Return when the first lines are out: just after the note of how many there are, which is never held back."""
    end = time.monotonic() + 120
    while " lines, " not in said.read_text():
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.01)
    time.sleep(0.2)


def test_a_web_servers_log_is_replayed_line_by_line(site, hours, tmp_path):
    """Equal lines are real requests; lines that are none are rejected as what they are."""
    start_s = next(hours) // 1000
    lines = [
        f"145.53.0.{n % 9} - - [{time.strftime('%d/%b/%Y:%H:%M:%S', time.gmtime(start_s + n // 4))} +0000]"
        f' "GET /page/{n // 2} HTTP/1.1" 200 {n} "-" "{AGENT}"'
        for n in range(2000)
    ]
    broken = ["no log line", lines[0][:50]]
    log = tmp_path / "access.log"
    log.write_text("\n".join([*lines[:1000], *lines[990:], *broken]))
    books = replayed(site, str(log))
    assert books["closes"] is True
    assert (books["clean"], books["duplicates"], books["collector_rejects"]) == (2010, 0, 2)
    assert books["collector_rejects_by_reason"] == {"not_combined_log": 2}
    assert {(line, "not_combined_log") for line in broken} <= set(site.rejects())
    where = f"WHERE __time >= MILLIS_TO_TIMESTAMP({start_s * 1000}) AND page_path LIKE '/page/%' AND country = 'NL'"
    (row,) = site.rows(f"SELECT COUNT(*) n, COUNT(DISTINCT party_id) p FROM shop_events {where}")
    assert row == {"n": 2010, "p": 9}


def test_the_sample_is_moved_to_now_and_then_refused(site):
    books = replayed(site, str(SAMPLE), "--shift-to-now")
    assert books["closes"] is True
    assert books["clean"] == books["in_druid"]
    for arguments, code in (
        ((str(SAMPLE),), "DKD803"),
        ((str(SAMPLE), "--shift-to-now"), "DKD803"),
    ):
        done = site.run("replay", *arguments, check=False)
        assert (done.returncode, done.stdout) == (5, "")
        assert code in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("days", "code"), [(1, "DKD804"), (-500, "DKD805")])
def test_times_that_do_not_fit_are_refused_and_nothing_is_sent(site, tmp_path, days, code):
    time_ms = round(time.time() * 1000) + days * 24 * HOUR_MS
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps({"event": "page_view", "party_id": "p", "timestamp_ms": time_ms}))
    done = site.run("replay", str(file), check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert code in done.stderr
    assert "--shift-to-now" in done.stderr


def test_live_traffic_after_replays_closes_the_books(site):
    before, now_ms = total(site), round(time.time() * 1000)
    live(site, [{"event": "page_view", "party_id": f"4-{n:05d}"} for n in range(50)])
    end = time.monotonic() + 60
    while total(site) < before + 50 and time.monotonic() < end:
        time.sleep(0.5)
    assert total(site) == before + 50
    where = f"WHERE __time >= MILLIS_TO_TIMESTAMP({now_ms - 60_000}) AND party_id LIKE '4-%'"
    assert site.wait_for(f"SELECT COUNT(*) FROM shop_events {where}", 50) == 50


def batches(site: Stack) -> list[str]:
    """Names of the batches that Druid was given."""
    address = f"http://127.0.0.1:{Ports.at(site.base_port).coordinator}/druid/indexer/v1/tasks?type=index_parallel"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return [one["id"] for one in json.load(answer)]


def test_history_is_loaded_beside_live_traffic_and_a_killed_backfill_goes_on(site, tmp_path):
    """Two days of which one is loaded; SIGKILL once its batch runs. Druid counts what an independent script counts."""
    start_ms = (round(time.time() * 1000) // DAY_MS - 30) * DAY_MS
    end_ms = start_ms + DAY_MS
    made = crowd(tmp_path / "crowd.ndjson", start_ms - 12 * HOUR_MS, 2 * DAY_MS, HISTORY, HISTORY // 20, seed=8)
    days = [time.strftime("%Y-%m-%d", time.gmtime(one // 1000)) for one in (start_ms, end_ms)]
    asked = ("backfill", str(made.file), "--interval", "/".join(days), "--yes")
    before, said = total(site), tmp_path / "stderr.txt"
    with _started(site, said, *asked) as running:
        end = time.monotonic() + 240
        while not batches(site):
            assert running.poll() is None, said.read_text()
            assert time.monotonic() < end, said.read_text()
            time.sleep(0.05)
        running.kill()
    live(site, [{"event": "page_view", "party_id": f"5-{n:05d}"} for n in range(50)])
    books = json.loads(site.run(*asked, "--json", timeout_s=600).stdout)
    assert (books["closes"], books["resumed"], books["read"]) == (True, True, made.lines)
    assert books["answered"] == {"events": books["events"], "sessions": books["sessions"]}
    assert counts(site, start_ms, end_ms) == {row for row in made.counts() if str(row[3]).startswith(days[0])}
    broken = (line for line, _ in made.broken)
    wanted = Counter(row for row in sessions(made.file, broken) if start_ms <= int(str(row[1])) < end_ms)
    sql = SESSIONS.format(start_ms=start_ms, end_ms=end_ms)
    assert Counter(in_druid(json.loads(site.run("sql", sql, "--format", "json", "--timeout", "120").stdout))) == wanted
    (rejects,) = site.project.glob(".dkd/backfill/*/rejects.ndjson")
    refused = Counter((one["line"], one["reason"]) for one in map(json.loads, rejects.read_text("utf-8").splitlines()))
    assert refused == Counter(made.broken)
    assert site.wait_for("SELECT COUNT(*) FROM shop_events WHERE party_id LIKE '5-%'", 50) == 50
    assert total(site) == before + 50
    today = time.strftime("%Y-%m-%d", time.gmtime())
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
    held = site.run("backfill", str(made.file), "--append", "--interval", f"{today}/{tomorrow}", "--yes", check=False)
    assert (held.returncode, "DKD696" in held.stderr) == (5, True)


@pytest.fixture
def far(site, tmp_path):
    """The stack as another target, whose Druid is behind a router."""
    model, ports = site.project / "specs" / "shop.yaml", Ports.at(site.base_port)
    before = model.read_text("utf-8")
    with router(site.base_port) as url:
        systems = f'{{kafka: {{servers: "127.0.0.1:{ports.kafka}"}}, druid: {{router: "{url}"}}}}'
        model.write_text(before.replace("targets:\n", f"targets:\n  far: {systems}\n"), "utf-8")
        yield replace(site, environment={"DKD_PSEUDONYM_KEY": "a key of tests"})
    model.write_text(before, "utf-8")


def test_what_came_too_late_is_loaded_again_from_raw_and_more_is_appended_once(site, far, tmp_path):
    """The live stream refuses events of twelve days ago, but raw has them.

    Rows go to another target's Druid by a folder that its tasks see, or inside the task.
    """
    start_ms = (round(time.time() * 1000) // DAY_MS - 12) * DAY_MS
    days = "/".join(time.strftime("%Y-%m-%d", time.gmtime(one // 1000)) for one in (start_ms, start_ms + DAY_MS))
    where = f"WHERE __time >= MILLIS_TO_TIMESTAMP({start_ms}) AND __time < MILLIS_TO_TIMESTAMP({start_ms + DAY_MS})"

    def visits(kind: str, visitors: int) -> list[dict[str, object]]:
        """Of five events each, a minute apart."""
        return [
            {"event": "page_view", "party_id": f"{kind}-{visitor:03d}", "event_id": f"{kind}-{visitor}-{seq}",
             "page_url": "https://shop.example/", "user_agent": AGENT,
             "timestamp_ms": start_ms + visitor * 600_000 + seq * 60_000}
            for visitor in range(visitors) for seq in range(5)
        ]  # fmt: skip

    def stored() -> tuple[int, list[tuple[object, ...]]]:
        sql = f"SELECT event_count, COUNT(*) FROM shop_sessions {where} GROUP BY 1"
        found = json.loads(site.run("sql", sql, "--format", "json").stdout)
        counted = json.loads(site.run("sql", f"SELECT COUNT(*) n FROM shop_events {where}", "--format", "json").stdout)
        return counted[0]["n"], [tuple(row.values()) for row in found]

    # Events of now come first, in the same partitions.
    live(site, [{"event": "page_view", "party_id": f"late-{visitor:03d}"} for visitor in range(40)])
    live(site, visits("late", 40))
    asked = ("backfill", "--interval", days, "--yes", "--target", "far")
    shared = ("--rows", str(tmp_path / "rows"))
    again = json.loads(far.run(*asked, "--again", *shared, "--json", timeout_s=300).stdout)
    assert (again["closes"], again["events"], again["sessions"]) == (True, 200, 40)
    assert stored() == (200, [(5, 40)])
    file = tmp_path / "more.ndjson"
    file.write_text("\n".join(map(json.dumps, visits("more", 12))))
    far.run(*asked, str(file), "--append", timeout_s=300)
    assert stored() == (260, [(5, 52)])
    held = far.run(*asked, str(file), "--append", check=False)
    assert (held.returncode, "DKD700" in held.stderr) == (5, True)
    assert stored() == (260, [(5, 52)])
