"""Batches of raw records become committed results, one after the other; each partition keeps its state in between."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dkd.enrich.state import Books, State
from dkd.errors import DkdError
from dkd.stream.changelog import Changelog, Recovered, other_count, recovered
from dkd.stream.records import Batch, Positions, Result, Rows
from dkd.stream.sink import Sink
from dkd.stream.source import Limits, Source
from dkd.stream.state import Shape
from dkd.stream.work import Done, Work

_AGAIN_S = 0.2


@dataclass(frozen=True)
class Live:
    """What is known of one partition after its last commit; *next_offset* is None before its first record."""

    state: State
    changelog: Changelog
    next_offset: int | None


@dataclass(frozen=True)
class Settling:
    """How long a state may lag behind the committed offsets when a partition is taken over.

    A transaction's end is marked in each topic in turn, so for a moment the offsets may be seen and the state not yet.
    """

    limit_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class Loop:
    """Reads, enriches and commits. Never holds anything that is half done between two steps."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        work: Work,
        *,
        partitions: int | None = None,
        shape: Shape | None = None,
        settling: Settling | None = None,
    ) -> None:
        """Go on where the state topic and the committed positions say; nothing is read yet.

        Args:
            source: Raw records.
            sink: Results; it must keep the positions that *source* begins from.
            work: What becomes of a batch.
            partitions: Of the raw topic; a state that was made of another number is refused. None leaves it unchecked.
            shape: Layout of changelogs that this loop begins.
            settling: Patience when a partition is taken over.
        """
        self._source = source
        self._sink = sink
        self._work = work
        self._partitions = partitions
        self._shape = shape or Shape()
        self._settling = settling or Settling()
        self._live: dict[int, Live] = {}

    @property
    def live(self) -> Mapping[int, Live]:
        """What is known of each of our partitions."""
        return dict(self._live)

    def step(self, limits: Limits) -> Books:
        """Read once, commit what was read, and count it; zeros when there was nothing.

        Raises:
            Exception: Whatever source or sink raise. The loop is of no use then: what was committed is known only to
                the topics, so a new loop must begin from there.
        """
        batches = [kept for kept in map(self._unread, self._source.poll(self, limits)) if kept]
        if not batches:
            return Books()
        before = sum((self._live[batch.partition].state.books for batch in batches), Books())
        done = self._work.all_done(batches, [self._live[batch.partition].state for batch in batches])
        after = list(map(self._result, batches, done))
        self._sink.commit([result for result, _ in after])
        self._live.update({result.partition: live for result, live in after})
        return _difference(sum((live.state.books for _, live in after), Books()), before)

    def gained(self, committed: Positions) -> Mapping[int, int | None]:
        """Take over partitions with the state that their topic tells; see :class:`dkd.stream.source.Owner`.

        Raises:
            DkdError: DKD504, when a state stays behind the committed offset; DKD508, when it can't be read.
            RefusedError: DKD503, when it was made of another number of partitions, or some were added to raw since.
        """
        if self._partitions and max(committed, default=0) >= self._partitions:
            raise other_count(self._partitions, max(committed) + 1)
        until = self._settling.clock() + self._settling.limit_s
        found = self._recovered(committed)
        while behind := [one for one, offset in committed.items() if (offset or 0) > (found[one].next_offset or 0)]:
            if self._settling.clock() > until:
                raise _behind(behind[0], committed[behind[0]], found[behind[0]].next_offset)
            self._settling.sleep(_AGAIN_S)
            found |= self._recovered(behind)
        self._live |= {one: Live(*found[one]) for one in committed}
        return {one: found[one].next_offset for one in committed}

    def lost(self, partitions: Collection[int]) -> None:
        """Forget partitions."""
        for partition in partitions:
            self._live.pop(partition, None)

    def _recovered(self, partitions: Iterable[int]) -> dict[int, Recovered]:
        records: dict[int, list[tuple[bytes, bytes | None]]] = {partition: [] for partition in partitions}
        for changed in self._source.changelog(list(records)):
            records[changed.partition].append((changed.key, changed.value))
        return {partition: recovered(found, self._shape, self._partitions) for partition, found in records.items()}

    def _unread(self, batch: Batch) -> Batch | None:
        """The records of *batch* that are ours and not yet done; None where there are none.

        A source may hand out once more what it had fetched before a partition went and came back.
        """
        live = self._live.get(batch.partition)
        if live is None:
            return None
        done = sum(offset < (live.next_offset or 0) for offset in batch.offsets)
        rest = batch.part(done, len(batch)) if done else batch
        return rest if len(rest) else None

    def _result(self, batch: Batch, parts: Sequence[Done]) -> tuple[Result, Live]:
        live = self._live[batch.partition]
        changelog, rows, received_ms = live.changelog, list[Rows](), batch.timestamps_ms[-1]
        for part in parts:
            changelog, records = changelog.after(part.state, part.delta, part.next_offset)
            keys, values = zip(*records, strict=True)
            rows += [part.clean, part.sessions, part.rejects, Rows("state", keys, values, [received_ms] * len(keys))]
        result = Result(batch.partition, batch.next_offset, [one for one in rows if len(one)])
        return result, Live(parts[-1].state, changelog, batch.next_offset)


def _difference(after: Books, before: Books) -> Books:
    return Books(*(one - other for one, other in zip(vars(after).values(), vars(before).values(), strict=True)))


def _behind(partition: int, committed: int | None, found: int | None) -> DkdError:
    return DkdError(
        "DKD504",
        where=f"partition {partition}",
        problem=f"offset {committed} is committed, but the state topic knows {found or 'no offset'}",
        remedy="the state topic was emptied: restore it, or begin anew with dkd destroy and dkd deploy",
    )
