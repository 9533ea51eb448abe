"""What a million open sessions cost: memory, state records, and the time to recover them.

    python tests/benchmarks/open_sessions.py [--sessions 1000000] [--minutes 10] [--slim]

Events go through the real loop on topics in memory, sparse as they come: each batch touches few of the open sessions.
The state topic is kept compacted, as Kafka would. Every session has all attributes: party, origin, device, pages.
Then, for as long as asked, the same number of sessions stays open while old ones close and new ones begin. With --slim
an event tells its visitor and name alone, so that ten million fit; how far it is goes to stderr.
"""

import argparse
import gc
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import polars as pl
from stream_site import AGENTS, NOW_MS, shop, work

from dkd.enrich.chain import enrich
from dkd.enrich.state import State
from dkd.stream.changelog import Changelog, recovered
from dkd.stream.heap import keep_small
from dkd.stream.state import Shape

MB = 1024 * 1024
BATCH = 10_000
SHOWN_S = 10
PAGEVIEWS = 3
"""Of each session."""


def memory_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / MB


def slim(frames: Iterator[pl.DataFrame], is_slim: bool) -> Iterator[pl.DataFrame]:
    """*frames* with party, event, id and time alone, where that is asked."""
    kept = ("offset", "event", "party_id", "event_id", "received_ms")
    return (frame.select(kept) for frame in frames) if is_slim else frames


def told(begun_s: float, open_sessions: int, shown_s: float) -> float:
    """Say every ten seconds how far it is; when that was last said."""
    now_s = time.monotonic()
    if now_s < shown_s + SHOWN_S:
        return shown_s
    print(f"  {open_sessions:,} open after {now_s - begun_s:.0f} s", file=sys.stderr, flush=True)
    return now_s


def batches(sessions: int, seconds: float, start: int = 0) -> Iterator[pl.DataFrame]:
    """Raw events, decoded, of visitors that come for three pageviews each; *sessions* of them within 30 minutes."""
    span_ms, offset, schema = 29 * 60_000, start, work().setup.raw_schema
    until, step_ms = time.monotonic() + seconds, span_ms / (sessions * PAGEVIEWS)
    while start or offset < sessions * PAGEVIEWS:
        if start and time.monotonic() > until:
            return
        seqs = range(offset, offset + BATCH)
        party = [seq * 7_919 % sessions + seq // (sessions * PAGEVIEWS) * sessions for seq in seqs]
        yield pl.DataFrame(
            {
                "offset": list(seqs),
                "event": ["page_view"] * BATCH,
                "party_id": [f"0:k{one:07}:{one * 2_654_435_761 % 2**64:032x}" for one in party],
                "event_id": [f"0:{seq:032x}:0" for seq in seqs],
                "received_ms": [NOW_MS + int(seq * step_ms) for seq in seqs],
                "page_url": [f"https://shop.example/products/{seq % 5_000}?utm_source=mail&utm_campaign=c{one % 50}"
                             for seq, one in zip(seqs, party, strict=True)],
                "referrer_url": [("https://www.google.com/", f"https://shop.example/products/{one % 5_000}")[one % 2]
                                 for one in party],
                "user_agent": [f"{AGENTS[one % 2]} x/{one % 500}" for one in party],
                "ip": [f"{1 + one % 200}.{one % 251}.{one % 241}.0" for one in party],
            },
            schema_overrides={name: kind for name, kind in schema.items() if name in ("received_ms", "offset")},
        )  # fmt: skip
        offset += BATCH


class Partition:
    """One partition's state and its topic, compacted."""

    def __init__(self) -> None:
        self.state, self.log = State(), Changelog.new(Shape())
        self.topic: dict[bytes, bytes] = {}
        self.events = self.written_bytes = self.largest_bytes = 0
        self.cpu_s = 0.0

    def take(self, frame: pl.DataFrame) -> None:
        begun_s = time.process_time()
        outcome = enrich(frame, self.state, work().setup)
        self.state = self.state.applied(outcome.delta)
        self.log, changes = self.log.after(self.state, outcome.delta, int(frame["offset"][-1]) + 1)
        self.cpu_s += time.process_time() - begun_s
        for key, value in changes:
            if value is None:
                self.topic.pop(key, None)
            else:
                self.topic[key] = value
                self.written_bytes += len(value)
                self.largest_bytes = max(self.largest_bytes, len(value))
        self.events += frame.height


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--slim", action="store_true")
    asked = parser.parse_args()
    keep_small()  # as dkd enrich does
    shop(), work()
    one = Partition()
    one.take(next(batches(BATCH, 0)))
    begun_s = shown_s = time.monotonic()
    one, before_mb, peak_mb = Partition(), memory_mb(), 0.0
    for frame in slim(batches(asked.sessions, 0), asked.slim):
        one.take(frame)
        topic_mb = sum(map(len, one.topic.values())) / MB
        shown_s = told(begun_s, len(one.state.sessions), shown_s)
        peak_mb = max(peak_mb, memory_mb() - before_mb - topic_mb)
    gc.collect()
    now_mb, size_mb = memory_mb() - before_mb - topic_mb, one.state.sessions.size_bytes / MB
    print(f"open sessions          {len(one.state.sessions):>12,}")
    print(f"tables                 {size_mb:>12,.0f} MB, {size_mb * MB / len(one.state.sessions):,.0f} B each")
    print(f"resident, with dedup   {now_mb:>12,.0f} MB; greatest {peak_mb:,.0f} MB (without the topic)")
    print(f"enriching              {one.cpu_s / one.events * 1e6:>12,.1f} us of CPU per event")
    print(f"state topic            {topic_mb:>12,.0f} MB; largest record {one.largest_bytes:,} B")
    print(f"changelog              {one.written_bytes / one.events:>12,.0f} B per event")
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    again = recovered(one.topic.items(), Shape())
    used_s, used_cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    print(f"recovered              {len(again.state.sessions):>12,} in {used_s:.1f} s ({used_cpu_s:.1f} s of CPU)")
    assert len(again.state.sessions) == len(one.state.sessions)
    del again
    gc.collect()
    flat: list[float] = []
    for frame in slim(batches(asked.sessions, 60 * asked.minutes, one.events), asked.slim):
        one.take(frame)
        shown_s = told(begun_s, len(one.state.sessions), shown_s)
        if one.state.books.sessions > 3 * asked.sessions:  # as many begin as end from now on
            flat.append(memory_mb())
    third = len(flat) // 3
    print(f"going on, once steady  {len(flat):>12,} batches, {one.state.books.sessions:,} sessions closed, "
          f"{len(one.state.sessions):,} open")  # fmt: skip
    if third:
        thirds = [sum(flat[place * third : (place + 1) * third]) / third for place in range(3)]
        print("resident by thirds     " + "  ".join(f"{value:,.0f} MB" for value in thirds))


if __name__ == "__main__":
    main()
