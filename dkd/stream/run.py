"""A site's enricher on Kafka, from its start to its stop: through broker restarts, rebalances and lost transactions."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException

from dkd.enrich.chain import prepare
from dkd.enrich.profile import Profiles
from dkd.enrich.resources import open_resources
from dkd.enrich.state import Books
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import KafkaSettings, Settings, unreachable_remedy
from dkd.stream import clients
from dkd.stream.clients import REQUEST_S, Names, reason_of
from dkd.stream.commit import KafkaSink, insist
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.heads import require_same_count
from dkd.stream.kafka import KafkaSource
from dkd.stream.loop import Loop
from dkd.stream.metrics import Metrics
from dkd.stream.orphans import GroupWatch
from dkd.stream.profiles import ProfileReader, follower
from dkd.stream.source import Limits
from dkd.stream.stop import Stop
from dkd.stream.ticker import Ticker, tick_writer
from dkd.stream.topics import require_topics
from dkd.stream.work import Work

_COMMIT_S = 12.0
_STOP_S = 3.0
"""How long a commit may still take once the enricher is to stop."""

_PAUSE_S = 1.0
_TRIES = 10
_FENCES = 3
_FENCED_WITHIN_S = 60.0
_RATES_EVERY_S = 10.0

_UNREACHABLE = frozenset(
    (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)
)
_MOVED = frozenset((KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS))


class _Ends(NamedTuple):
    """A loop, and what else works on the same clients."""

    loop: Loop
    source: KafkaSource
    ticker: Ticker
    watch: GroupWatch


class Enricher:
    """One process of a site's group.

    Attributes:
        metrics: What it does, for others to read.
    """

    def __init__(
        self, kafka: KafkaSettings, names: Names, work: Work, stop: Stop, say: Callable[[str], None], *, limits: Limits
    ) -> None:
        """Nothing is opened yet.

        Args:
            kafka: The cluster.
            names: Topics, group and the enricher's own name.
            work: What becomes of a batch.
            stop: Ends :meth:`run`.
            say: Told, in a line each, what a person should know.
            limits: How much one transaction holds.
        """
        self.metrics = Metrics()
        self._kafka = kafka
        self._names = names
        self._work = work
        self._stop = stop
        self._say = say
        self._limits = limits
        self._fences_s: list[float] = []
        self._failures = 0
        self._silent = False

    def run(self) -> None:
        """Enrich until stopped; what has begun is finished, or left to the next start, never half written.

        Raises:
            DkdError: DKD502, DKD503 or DKD708, when topics are missing or don't fit together; DKD504, DKD505 or
                DKD508, when the state does not fit raw; DKD506, when another enricher took our name; DKD507, when
                Kafka denies access; DKD509, when a batch can't be written, however often it is tried.
        """
        while not self._stop.asked:
            try:
                with self._opened() as ends:
                    self._steps(ends)
            except KafkaException as error:
                self._pass(reason_of(error))

    def _steps(self, ends: _Ends) -> None:
        # What is missing should be told now, and not with the first event.
        self._work.prepare()
        counted, since_s = Books(), time.monotonic()
        while not self._stop.asked:
            books = ends.loop.step(self._limits)
            live = ends.loop.live
            self.metrics.stepped(books, live, ends.source.ends())
            self.metrics.ticked(ends.ticker.write(live))
            trouble = ends.watch.trouble()
            if trouble:
                self._say(f"{trouble}; joining it anew")
                ends.source.leave()
                break
            if books.consumed:
                self._well()
            counted += books
            passed_s = time.monotonic() - since_s
            if passed_s >= _RATES_EVERY_S:
                self._say_rates(counted, passed_s)
                counted, since_s = Books(), time.monotonic()
        self._say_rates(counted, time.monotonic() - since_s)

    @contextmanager
    def _opened(self) -> Iterator[_Ends]:
        """A loop on fresh clients. The writer comes first: it ends what a killed predecessor left open."""
        member = clients.member(self._kafka, self._names, self._notice)
        try:
            partitions = require_topics(member, self._names)
            require_same_count(self._kafka, self._names, partitions)
            # The reader alone is asked about lost connections: it always fetches, and a writer's may just be idle.
            writer = clients.producer(self._kafka, self._names, lambda _: None)
            sink = KafkaSink(writer, member, self._names, self._patience)
            try:
                insist(lambda: writer.init_transactions(REQUEST_S), self._patience)
                source = KafkaSource(member, self._kafka, self._names, self._say)
                with closing(Ticker(source, tick_writer(self._kafka), self._names.raw, self._work.setup)) as ticker:
                    loop = Loop(*self.metrics.ends(source, sink), self._work, partitions=partitions)
                    yield _Ends(loop, source, ticker, GroupWatch(self._kafka, self._names, member, partitions))
            except KafkaException as error:
                if clients.fenced(reason_of(error)):
                    self._require_ours(member)
                raise
            finally:
                clients.let_go(sink.close)
        finally:
            clients.let_go(member.close)

    def _require_ours(self, member: Consumer) -> None:
        """Find out who ended our transaction: the broker, after a timeout of ours, or another enricher of our name.

        Another one has also taken our place in the group, and the group tells within two heartbeats.
        """
        now_s = time.monotonic()
        self._fences_s = [then_s for then_s in self._fences_s if now_s - then_s < _FENCED_WITHIN_S] + [now_s]
        if len(self._fences_s) > _FENCES:
            raise clients.taken_over(self._names.instance)
        while time.monotonic() - now_s < 2 * clients.HEARTBEAT_S and not self._stop.asked:
            for message in member.consume(1, 0.2):
                error = message.error()
                if error is not None:
                    clients.require_passable(error, self._names.instance)

    def _patience(self, passed_s: float) -> bool:
        return passed_s < _COMMIT_S and not self._stop.over(_STOP_S)

    def _pass(self, error: KafkaError) -> None:
        """Wait a little after an error that beginning again may cure."""
        clients.require_passable(error, self._names.instance)
        if error.code() in _UNREACHABLE:
            self._say_silent()
        else:
            self._failures += 1
            moved = "partitions moved while a batch was being committed"
            self._say(f"{moved if error.code() in _MOVED else error.str()}; beginning again from the last commit")
            if self._failures > _TRIES:
                raise DkdError("DKD509", where=f"Kafka at {self._kafka.servers}",
                               problem=f"no batch could be written in {_TRIES} tries: {error.str()}",
                               remedy="see the broker's log")  # fmt: skip
        until_s = time.monotonic() + _PAUSE_S
        while time.monotonic() < until_s and not self._stop.asked:
            time.sleep(0.05)

    def _notice(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._say_silent()

    def _say_silent(self) -> None:
        if not self._silent:
            self._silent = True
            servers = self._kafka.servers
            self._say(f"Kafka at {servers} does not answer; waiting for it ({unreachable_remedy(servers)})")

    def _well(self) -> None:
        self._failures = 0
        if self._silent:
            self._silent = False
            self._say(f"Kafka at {self._kafka.servers} answers again")

    def _say_rates(self, books: Books, passed_s: float) -> None:
        if books.consumed:
            rate = books.consumed / max(passed_s, 0.001)
            self._say(
                f"{books.consumed:,} events in {passed_s:.0f} s ({rate:,.0f}/s): {books.clean:,} clean, "
                f"{books.duplicates:,} duplicates, {books.dropped_bots:,} bots dropped, {books.rejects:,} rejects, "
                f"{books.late:,} late"
            )


def enricher(
    model: Model, settings: Settings, schemas: Path, stop: Stop, say: Callable[[str], None], *, instance: str = "1"
) -> Enricher:
    """The enricher of *model* on the Kafka of *settings*.

    Args:
        model: The site.
        settings: Its target.
        schemas: ``specs/<site>/schemas``; records written with any of them can be read.
        stop: Ends it.
        say: Told, in a line each, what a person should know.
        instance: Its name among those of the site; the same after a restart.

    Raises:
        UsageError: DKD570, when the model needs a key for pseudonyms and there is none.
    """
    names = Names.of(model, instance)
    return Enricher(settings.kafka, names, live_work(model, settings, schemas), stop, say, limits=Limits())


def live_work(model: Model, settings: Settings, schemas: Path) -> Work:
    """What the enricher of *model* does; profiles of a topic are those that each event's key had when it came."""
    options, follow, profiles = model.enrich.profile, None, None
    if options is not None and options.topic is not None:
        profiles = Profiles(tuple(dict.fromkeys(options.fields)))
        follow = follower(ProfileReader(settings.kafka, model.site, options.topic), profiles)
    setup = prepare(model, open_resources(model, profiles), settings.pseudonym_key)
    work = Work(model.topic("raw"), decoder(known_schemas(model, schemas), setup.raw_schema), setup)
    return replace(work, prepare=follow) if follow else work
