"""Raw records in order of event time → clean events and sessions, by the live enricher's own code, without Kafka."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dkd.enrich.chain import prepare
from dkd.enrich.resources import Resources, open_resources
from dkd.enrich.state import Books, State
from dkd.jobs.fit import closing_ms
from dkd.jobs.rejects import texts
from dkd.model.schema import Model
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.records import Batch, tick_record
from dkd.stream.work import Done, Work

_TOGETHER = 10_000


class Given(NamedTuple):
    """One raw record, and the line that it was made of where it was made of one."""

    key: bytes | None
    value: bytes
    received_ms: int
    line: bytes = b""


class Refused(NamedTuple):
    """A record that the enricher refused, and why."""

    given: Given
    why: dict[str, str]


class Part(NamedTuple):
    """What became of some records.

    Attributes:
        clean: Events, as the clean topic holds them.
        sessions: Finished sessions, as the sessions topic holds them.
        refused: The others but repeats and dropped bots.
        books: Of all records until now.
    """

    clean: Sequence[bytes]
    sessions: Sequence[bytes]
    refused: list[Refused]
    books: Books


def work_of(model: Model, pseudonym_key: bytes | None, schemas: Path, resources: Resources | None = None) -> Work:
    """The enricher of *model*, as it runs between the topics.

    Raises:
        UsageError: DKD570, when the model needs a key for pseudonyms and there is none.
    """
    setup = prepare(model, resources or open_resources(model), pseudonym_key)
    return Work(model.topic("raw"), decoder(known_schemas(model, schemas), setup.raw_schema), setup)


def enriched(records: Iterable[Given], work: Work) -> Iterator[Part]:
    """What becomes of *records*, as if they were one partition of a site that begins with them.

    In the end time passes until every session is closed. Records in order of event time are never late.
    """
    state, offset, left = State(), 0, iter(records)
    while some := list(islice(left, _TOGETHER)):
        batch = Batch(
            partition=0,
            offsets=range(offset, offset + len(some)),
            keys=[one.key for one in some],
            values=[one.value for one in some],
            timestamps_ms=[one.received_ms for one in some],
        )
        for done in work.done(batch, state):
            yield _part(done, some, offset)
            state = done.state
        offset += len(some)
    if state.watermark_ms is not None:
        ended = tick_record(state.watermark_ms + closing_ms(work.setup.model.enrich.timing), state.watermark_ms)
        for done in work.done(Batch.of(0, [(offset, ended)]), state):
            yield _part(done, [], offset)


def _part(done: Done, some: Sequence[Given], first: int) -> Part:
    refused = []
    for record in done.rejects.records():
        headers = texts(record)
        why = {name: headers[f"dkd-{name}"] for name in ("stage", "code", "reason", "problem", "remedy")}
        refused.append(Refused(some[int(headers["dkd-offset"]) - first], why))
    clean = [value or b"" for value in done.clean.values]
    return Part(clean, [value or b"" for value in done.sessions.values], refused, done.state.books)
