"""A running site's state topic and consumer group become its books: what happened to the events of each partition."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition

from dkd.enrich.state import Books
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import KafkaSettings, Settings, unreachable_remedy
from dkd.stream.clients import REQUEST_S, Names, consumer, reason_of
from dkd.stream.heads import newest_heads
from dkd.stream.kafka import state_reader
from dkd.stream.state import Head


class PartitionBooks(NamedTuple):
    """Books of one partition, as of the enricher's last commit; cumulative since the partition's first record.

    Attributes:
        partition: Its number.
        consumed: Records with a value that were read from raw: clean + dropped_bots + duplicates + rejects.
        clean: Events written to clean, late ones among them.
        dropped_bots: Events of bots, where the model drops them.
        duplicates: Repeats of an event.
        rejects: Records that the enricher refused.
        late: Clean events that were behind watermark and grace.
        sessions: Rows of finished sessions.
        committed: Offset in raw up to which all is done.
        end: Offset behind raw's last record; *committed* equals it when nothing is left to do.
        watermark_ms: Greatest event time seen; None before the first event.
        counted: Offset in raw up to which these books count; short of *committed* where a commit came in between.
        open_sessions: Sessions that are not finished.
    """

    partition: int
    consumed: int
    clean: int
    dropped_bots: int
    duplicates: int
    rejects: int
    late: int
    sessions: int
    committed: int
    end: int
    watermark_ms: int | None
    counted: int = 0
    open_sessions: int = 0

    @property
    def lag(self) -> int:
        """Records of raw that the enricher has yet to read."""
        return max(self.end - self.committed, 0)

    @property
    def closed(self) -> bool:
        """Whether every record that was read is accounted for."""
        return self.consumed == self.clean + self.dropped_bots + self.duplicates + self.rejects


def total(books: Iterable[PartitionBooks]) -> Books:
    """The books of all partitions together."""
    listed = list(books)
    return Books(**{name.name: sum(getattr(one, name.name) for one in listed) for name in fields(Books)})


class Ledger:
    """Reads a site's books, as often as one likes; not for several threads."""

    def __init__(self, kafka: KafkaSettings, model: Model) -> None:
        """Nothing is asked yet."""
        self._servers = kafka.servers
        self._names = Names.of(model)
        self._group = consumer(kafka, self._names.group, {})
        self._state = state_reader(kafka, self._names)

    def read(self) -> tuple[PartitionBooks, ...]:
        """The books by partition; zeros where the enricher has not been yet.

        Raises:
            DkdError: DKD820, when Kafka does not answer; DKD821, when a topic is missing; DKD508, when the state topic
                holds something else.
        """
        try:
            return self._read()
        except KafkaException as error:
            problem = f"it does not answer: {reason_of(error).str()}"
            raise DkdError(
                "DKD820", where=f"Kafka at {self._servers}", problem=problem, remedy=unreachable_remedy(self._servers)
            ) from error

    def close(self) -> None:
        """Give the connections back."""
        self._group.close()
        self._state.close()

    def _read(self) -> tuple[PartitionBooks, ...]:
        partitions = self._partitions()
        # The books first: what is committed meanwhile can only make them look older than the offsets.
        heads = newest_heads(self._state, self._names.state, partitions)
        places = [TopicPartition(self._names.raw, one) for one in partitions]
        committed = {place.partition: max(place.offset, 0) for place in self._group.committed(places, REQUEST_S)}
        ends = {place.partition: self._group.get_watermark_offsets(place, REQUEST_S)[1] for place in places}
        return tuple(_books(one, heads.get(one), committed[one], ends[one]) for one in partitions)

    def _partitions(self) -> list[int]:
        found = self._group.list_topics(timeout=REQUEST_S).topics
        for name in (self._names.raw, self._names.state):
            if name not in found:
                raise DkdError("DKD821", where=name, problem="there is no such topic", remedy="run dkd deploy")
        return sorted(found[self._names.raw].partitions)


def read_books(settings: Settings, model: Model) -> tuple[PartitionBooks, ...]:
    """The books of *model* on the target of *settings*, once; raises what :meth:`Ledger.read` raises."""
    with closing(Ledger(settings.kafka, model)) as ledger:
        return ledger.read()


def _books(partition: int, head: Head | None, committed: int, end: int) -> PartitionBooks:
    books = head.books if head else Books()
    return PartitionBooks(
        partition,
        books.consumed,
        books.clean,
        books.dropped_bots,
        books.duplicates,
        books.rejects,
        books.late,
        books.sessions,
        committed,
        end,
        head.watermark_ms if head else None,
        head.next_offset if head else 0,
        head.open_sessions if head else 0,
    )
