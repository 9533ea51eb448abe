"""Kill, freeze and move enrichers and Kafka under load, then compare every row with a run in memory.

    python tests/faults/enricher_faults.py --faults 100

starts a Kafka of its own (``dkd up --only kafka``); with ``--running`` it uses that of a running stack and leaves that
alone. Raw is fed while the faults happen to two enrichers of one group, each kind in turn and at random moments, some
in the middle of the recovery from the one before. At the end every session is closed. Then clean, sessions and rejects,
as readers of committed records see them, must equal byte for byte what the same raw records give in memory, and the
books of every partition must close. Exit 1 when they don't.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import KafkaException
from faults.fault_site import Enrichers, Feeder, Site, Verdict, caught_up, endless, judged

from dkd.errors import DkdError
from dkd.jobs.books import Ledger
from dkd.local.layout import Layout
from dkd.local.processes import records
from dkd.stream.clients import SESSION_S

AWAY_S = SESSION_S + 3
"""After so long its partitions have gone to another one."""

RECOVERY_S = 90.0


@dataclass
class Campaign:
    """Faults, one after the other.

    Attributes:
        site: Where.
        enrichers: Who suffers.
        own_kafka: Whether Kafka may be killed.
        chance: Chooses who, when and for how long.
        only: Kinds whose name has this in it; all where it is empty.
        recoveries: Seconds from the end of each fault to the commit of all that stood in raw by then, by kind; None
            where the next fault came first.
    """

    site: Site
    enrichers: Enrichers
    own_kafka: bool
    chance: random.Random
    only: str = ""
    recoveries: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Callable[[], None]]:
        """What is done for each kind of fault."""
        ours: dict[str, Callable[[], None]] = {
            "SIGKILL": lambda: self._without(signal.SIGKILL, 0),
            "SIGKILL, away": lambda: self._without(signal.SIGKILL, AWAY_S),
            "leave": lambda: self._without(signal.SIGTERM, self.chance.choice((0, AWAY_S))),
            "join": self._join,
            "SIGSTOP, short": lambda: self._freeze(self.chance.uniform(0.2, 4)),
            "SIGSTOP, long": lambda: self._freeze(AWAY_S),
        }
        kafka = {
            "Kafka SIGKILL": lambda: restart_kafka(self.site, signal.SIGKILL),
            "Kafka restart": lambda: restart_kafka(self.site, signal.SIGTERM),
        }
        return ours | (kafka if self.own_kafka else {})

    def run(self, faults: int) -> None:
        """So many faults; every kind once before any comes again."""
        with closing(Ledger(self.site.kafka, self.site.model)) as ledger:
            recovery_s(self.site, ledger, self.enrichers)
            for seq, kind in enumerate(self._chosen(faults), 1):
                time.sleep(self.chance.uniform(0, 1))
                self.kinds[kind]()
                self.enrichers.revive()
                # One in four is followed at once by the next, which so hits a recovery.
                at_once = seq < faults and self.chance.random() < 0.25
                passed_s = None if at_once else recovery_s(self.site, ledger, self.enrichers)
                self.recoveries.setdefault(kind, []).append(passed_s)
                print(
                    f"{seq:4} {kind:16}", "" if passed_s is None else f"{passed_s:6.1f} s", file=sys.stderr, flush=True
                )

    def _chosen(self, faults: int) -> Iterator[str]:
        names: list[str] = []
        for _ in range(faults):
            if not names:
                names = [kind for kind in sorted(self.kinds) if self.only in kind]
                self.chance.shuffle(names)
            yield names.pop()

    def _without(self, number: int, away_s: float) -> None:
        process = self.chance.choice(list(self.enrichers.processes.values()))
        process.send_signal(number)
        process.wait(60)
        time.sleep(away_s)

    def _join(self) -> None:
        """One more comes, and goes again by a signal of either kind while it takes partitions over or has some."""
        number, said = len(self.enrichers.processes) + 1, self.enrichers.log.read_text()
        guest, until_s = self.enrichers.started(number), time.monotonic() + 60
        while f"as instance {number}" not in self.enrichers.log.read_text()[len(said) :] and time.monotonic() < until_s:
            time.sleep(0.1)
        time.sleep(self.chance.uniform(0, 8))
        guest.send_signal(self.chance.choice((signal.SIGTERM, signal.SIGKILL)))
        guest.wait(60)

    def _freeze(self, frozen_s: float) -> None:
        process = self.chance.choice(list(self.enrichers.processes.values()))
        process.send_signal(signal.SIGSTOP)
        time.sleep(frozen_s)
        process.send_signal(signal.SIGCONT)


def recovery_s(site: Site, ledger: Ledger, enrichers: Enrichers) -> float:
    """Seconds until all that stands in raw now is committed, and a record more in each partition."""
    began_s, wanted = time.monotonic(), dict[int, int]()
    while time.monotonic() < began_s + RECOVERY_S:
        try:
            wanted = wanted or site.mark_ends()
            if all(one.committed >= wanted[one.partition] for one in ledger.read()):
                return time.monotonic() - began_s
        except (DkdError, KafkaException):  # Kafka is still coming back
            pass
        enrichers.revive()
        time.sleep(0.2)
    raise AssertionError(f"not recovered in {RECOVERY_S:.0f} s\n{enrichers.log.read_text()[-3_000:]}")


def campaign(
    site: Site,
    *,
    faults: int,
    instances: int = 2,
    seed: int = 1,
    rate: int = 300,
    own_kafka: bool = False,
    only: str = "",
) -> tuple[Campaign, Verdict]:
    """Feed *rate* events a second while *faults* happen; what was done and what came out."""
    feeder, enrichers = Feeder(site, endless(site, seed), rate), Enrichers(site, instances)
    doing = Campaign(site, enrichers, own_kafka, random.Random(seed), only)
    feeder.start()
    try:
        doing.run(faults)
        feeder.stop()
        site.close_sessions(int(time.time() * 1_000))
        books = caught_up(site, enrichers, 180)
    finally:
        codes = enrichers.end()
    # A signal may come before anything could heed it.
    assert set(codes) <= {0, -signal.SIGTERM}, codes
    return doing, judged(site, books)


def show(doing: Campaign, verdict: Verdict, passed_s: float) -> None:
    """Print the table."""
    print(f"{'fault':16} {'count':>5}   recovery s: median    most")
    for kind, found in sorted(doing.recoveries.items()):
        known = [one for one in found if one is not None]
        figures = f"{median(known):18.1f} {max(known):7.1f}" if known else f"{'-':>18} {'-':>7}"
        print(f"{kind:16} {len(found):5}   {figures}")
    known = [one for found in doing.recoveries.values() for one in found if one is not None]
    count = sum(map(len, doing.recoveries.values()))
    print(f"{'all':16} {count:5}   {median(known):18.1f} {max(known):7.1f}   in {passed_s:.0f} s\n")
    print(f"{'topic':16} {'rows':>9} {'lost':>6} {'doubled':>8}")
    for kind, rows in verdict.rows.items():
        print(f"{kind:16} {rows:9,} {verdict.lost[kind]:6} {verdict.doubled[kind]:8}")
    print(f"partitions whose rows differ from the calm run, byte by byte and in order: {verdict.differing}")
    print(f"ticks in raw: {verdict.ticks}")
    print(f"enrichers that ended by themselves: {doing.enrichers.gave_up or 'none'}")
    print(f"books: {'closed in every partition' if verdict.closed else 'NOT CLOSED'}")


def main() -> int:
    """Run a campaign; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=5)
    parser.add_argument("--rate", type=int, default=300, help="events a second")
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the name of the kinds of fault that are wanted")
    parser.add_argument("--base-port", type=int, default=28_900)
    parser.add_argument("--running", action="store_true", help="use the Kafka that runs there, and leave it alone")
    asked = parser.parse_args()
    # Whoever ends it wants its Kafka ended too; a shell's background job does not hear Ctrl-C by itself.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dkd-faults-") as folder:
        site = Site(Path(folder), asked.base_port, f"faults{int(time.time()) % 100_000}")
        if not asked.running:
            up(site)
        site.create()
        began_s = time.monotonic()
        try:
            doing, verdict = campaign(site, faults=asked.faults, instances=asked.instances, seed=asked.seed,
                                      rate=asked.rate, own_kafka=not asked.running, only=asked.only)  # fmt: skip
        finally:
            print("\n".join(unusual(site)), file=sys.stderr)
            if asked.running:
                site.remove()
            else:
                subprocess.run(site.dkd("down"), cwd=site.project, env=site.environment, check=False)
        show(doing, verdict, time.monotonic() - began_s)
    return 0 if verdict.passed and not doing.enrichers.gave_up else 1


def unusual(site: Site) -> list[str]:
    """What the enrichers said beside what they always say when such things happen."""
    said, ordinary = site.project / "enrichers.log", ("enriching ", "Kafka at ", "partitions moved ", " events in ")
    lines = said.read_text().splitlines() if said.exists() else []
    return [line for line in lines if not any(word in line for word in ordinary)]


def up(site: Site) -> None:
    """Start what is dead of the site's own Kafka."""
    command = site.dkd("up", str(site.file), "--only", "kafka", "--detach")
    subprocess.run(command, cwd=site.project, env=site.environment, check=True, capture_output=True)


def restart_kafka(site: Site, number: int) -> None:
    """End the site's own Kafka by a signal, and start it again."""
    pid = records(Layout.of(site.project))["kafka"].pid
    os.kill(pid, number)
    if number == signal.SIGTERM:
        until_s = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until_s:
            time.sleep(0.1)
    time.sleep(1)
    up(site)


if __name__ == "__main__":
    sys.exit(main())
