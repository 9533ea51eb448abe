"""Whether the cut into batches changes a byte: the same raw topic, in memory, in batches of 1, 500, 2,000 and 10,000.

    python tests/benchmarks/enricher_cuts.py [--events 20000] [--steps 2000]

Raw holds sound events, repeats, malformed, late and out-of-order ones, and ticks. A batch of one costs some 20 ms, so
no size takes more than --steps of them: it then reads the first records alone, and so does the run in batches of 10,000
that it is compared with. Exit 1 when clean, sessions or rejects differ.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from stream_site import loop_on, memory, raw, shop, work, written

from dkd.stream.records import Record
from dkd.stream.source import Limits

SHOWN_S = 10
WHOLE = 10_000


def digest(records: Sequence[Record], size: int) -> tuple[str, str]:
    """The digest of all that is written of *records* in batches of *size*, and counts with the time it took."""
    store, begun_s, cpu_s = memory(shop(partitions=4), records), time.monotonic(), time.process_time()
    loop, shown_s = loop_on(store, work()), begun_s
    done, before = 0, -1
    while done != before:
        loop.step(Limits(events=size, value_bytes=1 << 30))
        done, before = sum(store.positions().values()), done
        if time.monotonic() > shown_s + SHOWN_S:
            shown_s = time.monotonic()
            print(f"  {done:,} of {len(records):,} records", file=sys.stderr, flush=True)
    assert done == len(records)
    found = written(store)
    counts = {kind: sum(len(rows) for (one, _), rows in found.items() if one == kind) for kind, _ in found}
    text = hashlib.blake2b(repr(sorted(found.items())).encode(), digest_size=12).hexdigest()
    return text, f"{counts}   {time.process_time() - cpu_s:.1f} s of CPU"


def main() -> int:
    """Print a digest for each size of batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=(2_000, 500, 1))
    asked = parser.parse_args()
    records = raw(shop(partitions=4), asked.events, span_ms=10 * 3_600_000)
    wanted, differ = dict[int, str](), 0
    for size in asked.sizes:
        some = records[: size * asked.steps]
        if len(some) not in wanted:
            wanted[len(some)], said = digest(some, WHOLE)
            print(f"batches of {WHOLE:>6,}   {wanted[len(some)]}   {said}", flush=True)
        found, said = digest(some, size)
        differ += found != wanted[len(some)]
        print(f"batches of {size:>6,}   {found}   {said}", flush=True)
    print("every cut gives the same bytes" if not differ else f"{differ} sizes differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
