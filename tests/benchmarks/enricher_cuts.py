"""Whether the cut into batches changes a byte: the same raw topic, in memory, in batches of 1, 500, 2,000 and 10,000.

    python tests/benchmarks/enricher_cuts.py [--events 20000]

Raw holds sound events, repeats, malformed, late and out-of-order ones, and ticks. Exit 1 when clean, sessions or
rejects differ.
"""

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from stream_site import loop_on, memory, raw, run_out, shop, work, written

from dkd.stream.source import Limits


def main() -> int:
    """Print a digest for each size of batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=(10_000, 2_000, 500, 1))
    asked = parser.parse_args()
    model = shop(partitions=4)
    records, digests = raw(model, asked.events, span_ms=10 * 3_600_000), set[str]()
    for size in asked.sizes:
        store = memory(model, records)
        run_out(loop_on(store, work()), store, Limits(events=size, value_bytes=1 << 30))
        found = written(store)
        digest = hashlib.blake2b(repr(sorted(found.items())).encode(), digest_size=12).hexdigest()
        counts = {kind: sum(len(rows) for (one, _), rows in found.items() if one == kind) for kind, _ in found}
        digests.add(digest)
        print(f"batches of {size:>6,}   {digest}   {counts}", flush=True)
    return 0 if len(digests) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
