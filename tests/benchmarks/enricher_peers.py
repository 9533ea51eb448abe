"""How fast the enricher is, against the same work done with Quix Streams, and with kafka-python and dictionaries.

    python tests/benchmarks/enricher_peers.py --servers 127.0.0.1:28206

All three read the same raw topic of a running Kafka, exactly once, and write JSON. The peers run in an environment of
their own, which is made in --venv when it isn't there, on fewer events, as they take long. What is kind to them: they
write no sessions and no rejects, look for repeats among the visitor's last twenty events only, split no hosts' ports,
read no address as WHATWG does; the dict loop keeps its state nowhere. Figures are events per CPU-second of the whole
process, of the best of two turns.
"""

import argparse
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import enricher_rate
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import Writer, shop, work

from dkd.stream.clients import Names
from dkd.stream.heap import collect_rarely, keep_small

NEEDS = ("quixstreams==3.28.1", "kafka-python>=3.0", "crc32c", "orjson", "fastavro", "xxhash", "maxminddb",
         "google-re2", "idna", "ua-parser[regex]", "crawler-user-agents", "polars", "numpy", "pydantic",
         "PyYAML")  # fmt: skip
ROOT = Path(__file__).parents[2]


def peer_python(venv: Path) -> Path:
    """The interpreter of the peers' environment."""
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "-q", *NEEDS], check=True)
    return venv / "bin" / "python"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="127.0.0.1:28206")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--peer-events", type=int, default=30_000)
    parser.add_argument("--venv", type=Path, default=Path("/tmp/dkd-peers"))
    parser.add_argument("--turns", type=int, default=2)
    asked = parser.parse_args()
    python = peer_python(asked.venv)
    site = f"peers{uuid.uuid4().hex[:6]}"
    names, schema, admin = (
        Names.of(shop(site)),
        Writer(shop(site)).schema,
        AdminClient({"bootstrap.servers": asked.servers}),
    )
    keep_small()
    doing = work(site)
    enricher_rate.filled(asked.servers, site, asked.events)
    made = [NewTopic(f"{names.raw}.{one}", enricher_rate.PARTITIONS, 1) for one in ("dicts", "quix")]
    for one in admin.create_topics(made).values():
        one.result()
    collect_rarely()
    best: dict[str, float] = {}
    for turn in range(asked.turns):
        mine = f"{site}.{turn}"
        fresh = names._replace(group=mine, instance=mine, state=f"{names.state}.{turn}")
        admin.create_topics([NewTopic(fresh.state, enricher_rate.PARTITIONS, 1)])[fresh.state].result()
        found = {"dkd": enricher_rate.drained(asked.servers, fresh, asked.events, doing).cpu}
        if turn == 0:  # they leave their groups' positions behind
            for peer in ("dicts", "quix"):
                command = [python, Path(__file__).with_name("peer_loops.py"), peer, asked.servers, names.raw,
                           str(asked.peer_events), json.dumps(schema)]  # fmt: skip
                done = subprocess.run(
                    command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
                )
                if done.returncode:
                    print(done.stderr[-2_000:], file=sys.stderr)
                else:
                    found[peer] = float(done.stdout.split()[-1])
        for name, rate in found.items():
            best[name] = max(best.get(name, 0), rate)
            print(f"{name:8} {rate:>10,.0f} events per CPU-second", flush=True)
    for peer in ("dicts", "quix"):
        if peer in best:
            print(f"dkd is {best['dkd'] / best[peer]:.1f} x {peer}")
    gone = [name for name in admin.list_topics().topics if site in name]
    for one in admin.delete_topics(gone).values():
        one.result()


if __name__ == "__main__":
    main()
