"""How long many people at once wait for the explorer: one process against several behind one address.

    python tests/benchmarks/explorer_users.py --project DIR --users 50 --processes 1 2

starts ``dkd explore`` for the project of ``explorer_speed.py --keep DIR`` with each number of processes, lets so many
people open another view every five seconds over connections like a browser's, and prints how long they waited. Their
browsers' work is not in it. Needs the stack of that project: ``dkd up --only druid``.
"""

import argparse
import asyncio
import itertools
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import explorer_speed
import explorer_views
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dkd.explore.view import as_link
from dkd.query.question import Filter
from dkd.settings import Ports

COUNTRIES = ("DE", "NL", "GB", "FR", "US", "PL", "ES", "IT")


def main() -> int:
    """Measure; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--base-port", type=int, default=int(os.environ.get("DKD_BASE_PORT", "27300")))
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    port = Ports.at(given.base_port).explorer
    for count in given.processes:
        explore = [sys.executable, "-m", "dkd", "explore", "--processes", str(count)]
        with explorer_speed.server(explore, given.project, given.base_port, port):
            waits = asyncio.run(crowd(port, given.users, given.seconds))
        middle, most = (explorer_speed.at(waits, part) for part in (0.5, 0.95))
        load = os.getloadavg()[0]
        print(f"{count} processes, {given.users} people: p50 {middle:.2f} s, p95 {most:.2f} s, load {load:.1f}")
    return 0


async def crowd(port: int, users: int, seconds: float) -> list[float]:
    """Seconds that each view took."""
    found = await asyncio.gather(*(person(port, seq, seconds) for seq in range(users)))
    return list(itertools.chain.from_iterable(found))


async def person(port: int, seq: int, seconds: float, pause_s: float = 5.0) -> Sequence[float]:
    """One who opens a view of another country every five seconds; the first one does not count."""
    dice, waits = random.Random(seq), []
    await asyncio.sleep(dice.random() * pause_s)
    url = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with connect(url, subprotocols=["streamlit"], max_size=None, open_timeout=60) as line:  # type: ignore[list-item]
        await opened(line, "DE")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(pause_s * (0.5 + dice.random()))
            waits.append(await opened(line, dice.choice(COUNTRIES)))
    return waits


async def opened(line: ClientConnection, country: str) -> float:
    """Seconds until the page of another view was sent."""
    link = as_link(explorer_views.view(Filter(dimension="country", values=(country,))))
    asked = BackMsg()
    asked.rerun_script.query_string = f"v={link}"
    began = time.monotonic()
    await line.send(asked.SerializeToString())
    while True:
        heard = ForwardMsg()
        heard.ParseFromString(await line.recv())  # type: ignore[arg-type]
        # A run that only draws what the run before it waited for ends as any other.
        if heard.WhichOneof("type") == "script_finished" and heard.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
