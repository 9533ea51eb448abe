"""Whether the enricher's memory stays flat: it runs under load for minutes, and its resident memory is printed.

    python tests/benchmarks/enricher_memory.py --minutes 10 --base-port 28200

uses the running Kafka of that base port and leaves it alone. Visitors come and go all the time, so that sessions open
and close and dedup forgets: a minute of the clock is many minutes of theirs. Memory counts as flat when the last third
of the run needs no more than a twentieth above the third before it.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.fault_site import Feeder, Site
from stream_site import AGENTS, Writer

from dkd.stream.records import Record

EVERY_S = 10.0
PER_EVENT_MS = 50
VISITORS_AT_ONCE = 5_000


def visits(site: Site) -> Iterator[Record]:
    """Events of visitors who come, look at some pages and never come back; 50 ms of their time from one to the next."""
    writer, chance = Writer(site.model), random.Random(5)
    time_ms, seq = int(time.time() * 1_000) - 60 * 3_600_000, 0
    while time_ms < time.time() * 1_000:
        party = f"0:{seq // 8 + chance.randrange(VISITORS_AT_ONCE):x}"
        event = {
            "timestamp": time_ms, "clientTimestamp": time_ms - chance.choice((0, 500, 5_000)), "partyId": party,
            "eventId": f"0:{seq:x}", "eventType": chance.choice(("pageView", "search", "purchase")),
            "location": f"https://shop.example/p/{seq % 5_000}?utm_source=mail&utm_campaign=c{seq % 50}",
            "remoteHost": f"8.8.{seq % 250}.0", "userAgentString": f"{AGENTS[seq % 2]} x/{seq % 500}",
            "order_id": "o1", "revenue": 1.0,
        }  # fmt: skip
        yield Record(party.encode(), writer.value(event), time_ms)
        time_ms, seq = time_ms + PER_EVENT_MS, seq + 1


def watched(process: psutil.Process, minutes: float) -> list[float]:
    """Resident memory in MB every ten seconds, printed as it comes."""
    found, end_s = list[float](), time.monotonic() + 60 * minutes
    began_s = time.monotonic()
    while time.monotonic() < end_s:
        time.sleep(EVERY_S)
        found.append(process.memory_info().rss / 1e6)
        print(
            f"{time.monotonic() - began_s:6.0f} s {found[-1]:8.1f} MB {process.cpu_times().user:8.1f} s CPU", flush=True
        )
    return found


def main() -> int:
    """Run, and say whether memory is flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=1_000, help="events a second")
    parser.add_argument("--base-port", type=int, default=28_200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dkd-memory-") as folder:
        site = Site(Path(folder), asked.base_port, f"memory{int(time.time()) % 100_000}", "gap: 5m")
        site.create()
        feeder = Feeder(site, visits(site), asked.rate)
        process = subprocess.Popen(site.enrich(), env=site.environment, cwd=site.project)
        feeder.start()
        try:
            found = watched(psutil.Process(process.pid), asked.minutes)
        finally:
            feeder.stop()
            process.terminate()
            process.wait(30)
            site.remove()
    third = len(found) // 3
    middle, last = mean(found[third : 2 * third]), mean(found[-third:])
    print(f"middle third {middle:.1f} MB, last third {last:.1f} MB, most {max(found):.1f} MB")
    return 0 if last <= 1.05 * middle else 1


if __name__ == "__main__":
    sys.exit(main())
