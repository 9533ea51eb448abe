"""A backfill beside live traffic: does Druid count what an independent script counts, and is the live stream untouched?

    python tests/benchmarks/backfill.py PROJECT --events 1000000

PROJECT holds a running stack of the shop preset (``dkd init --preset shop``, ``dkd up --detach``); ``DKD_BASE_PORT``
must be as it was started with. Prints what was loaded, how fast, and the differences; exits 1 when there are any.
DuckDB counts the events of the file, :mod:`session_script` the sessions, neither with code of dkd.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from crowd import SQL, crowd
from session_script import SQL as SESSIONS
from session_script import in_druid, sessions

from dkd.settings import Ports

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
EDGE_MS = 6 * HOUR_MS


class Live:
    """Sends events of now, some a second, until it is told to stop."""

    def __init__(self, base_port: int, run: str) -> None:
        self._url, self._run = f"http://127.0.0.1:{Ports.at(base_port).collector}/collect", run
        self.sent, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def stop(self) -> int:
        self._stop.set()
        self._thread.join()
        return self.sent

    def _send(self) -> None:
        while not self._stop.wait(0.2):
            # Equal lines without an id would be repeats.
            known = {"event": "page_view", "page_url": "https://shop.example/live"}
            some = [{**known, "party_id": f"{self._run}-{n}", "event_id": f"{self._run}-{self.sent + n}"}
                    for n in range(20)]  # fmt: skip
            body = "\n".join(map(json.dumps, some)).encode()
            asked = urllib.request.Request(self._url, body, {"Content-Type": "application/x-ndjson"})
            with urllib.request.urlopen(asked, timeout=60) as answer:
                self.sent += json.load(answer)["accepted"]


def dkd(project: Path, *arguments: str) -> Any:
    """Answer of a command that prints JSON."""
    done = subprocess.run([sys.executable, "-m", "dkd", *arguments], cwd=project, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"dkd {arguments[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout)


def asked(project: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of ``dkd sql``."""
    found: list[dict[str, Any]] = dkd(project, "sql", sql, "--format", "json", "--timeout", "300")
    return found


def day(time_ms: int) -> str:
    """Its date."""
    return time.strftime("%Y-%m-%d", time.gmtime(time_ms // 1000))


def main() -> int:
    """Measure; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000, help="about so many in the interval of two days")
    parser.add_argument("--days-ago", type=int, default=30)
    given = parser.parse_args()
    base_port, run = int(os.environ["DKD_BASE_PORT"]), f"live{time.time_ns() % 10**9}"
    start_ms = (round(time.time() * 1000) // DAY_MS - given.days_ago) * DAY_MS
    end_ms = start_ms + 2 * DAY_MS
    span_ms = 2 * DAY_MS + 2 * EDGE_MS
    count = round(given.events * span_ms / (2 * DAY_MS))
    made = crowd(given.project / "history.ndjson", start_ms - EDGE_MS, span_ms, count, count // 20, seed=9)
    live = Live(base_port, run)
    began_s, cpu = time.monotonic(), os.times().children_user + os.times().children_system
    interval = f"{day(start_ms)}/{day(end_ms)}"
    told = dkd(given.project, "backfill", str(made.file.resolve()), "--interval", interval, "--yes", "--json")
    took_s = time.monotonic() - began_s
    cpu_s = os.times().children_user + os.times().children_system - cpu
    sent = live.stop()
    hours = {time.strftime("%Y-%m-%dT%H:00:00.000Z", time.gmtime(one // 1000))
             for one in range(start_ms, end_ms, HOUR_MS)}  # fmt: skip
    wanted = {row for row in made.counts() if row[3] in hours}
    found = {tuple(row.values()) for row in asked(given.project, SQL.format(start_ms=start_ms, end_ms=end_ms))}
    broken = (line for line, _ in made.broken)
    own = Counter(one for one in sessions(made.file, broken) if start_ms <= int(str(one[1])) < end_ms)
    theirs = Counter(in_druid(asked(given.project, SESSIONS.format(start_ms=start_ms, end_ms=end_ms))))
    question = f"SELECT COUNT(*) n FROM shop_events WHERE party_id LIKE '{run}-%'"
    until_s = time.monotonic() + 120
    while (arrived := asked(given.project, question)[0]["n"]) < sent and time.monotonic() < until_s:
        time.sleep(1)
    wrong = [len(wanted ^ found), (own - theirs).total() + (theirs - own).total(), arrived - sent]
    loaded = sum(int(str(row[4])) for row in wanted)
    print(f"{made.lines:,} lines, {told['events']:,} events and {told['sessions']:,} sessions of {interval} loaded in"
          f" {took_s:.0f} s, {made.lines / took_s:,.0f} lines/s; dkd took {cpu_s:.0f} CPU-s,"
          f" {made.lines / cpu_s:,.0f} lines per CPU-s")  # fmt: skip
    print(f"events by event, country, campaign and hour: {len(found):,} groups, {wrong[0]} differ from DuckDB's"
          f" (together {loaded:,})")  # fmt: skip
    print(f"sessions: {theirs.total():,}, {wrong[1]} differ from an independent script's")
    print(f"live events sent meanwhile: {sent:,}, in Druid {arrived:,}")
    names = ("read", "outside", "collector_rejects", "consumed", "clean", "duplicates", "rejects", "around", "closes")
    print(f"books: {json.dumps({name: told[name] for name in names})}")
    return int(any(wrong) or not told["closes"])


if __name__ == "__main__":
    sys.exit(main())
