"""What enriching one partition must remember from batch to batch, and what one batch changes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

from dkd.enrich.dedup import Entries, Seen
from dkd.enrich.opened import OpenSessions, SessionsDelta
from dkd.enrich.runs import Pieces, Run
from dkd.enrich.visitors import Rows, Visitors, no_rows


@dataclass(frozen=True)
class Books:
    """What became of the records of one partition; ``consumed = clean + dropped_bots + duplicates + rejects``.

    Attributes:
        consumed: Records with a value that were read from raw.
        clean: Events written to clean, late ones among them.
        dropped_bots: Events of bots, where the model drops them.
        duplicates: Events whose id was seen within the horizon of dedup.
        rejects: Records refused, for whatever reason.
        late: Clean events that were behind watermark and grace; beside the equation.
        sessions: Rows of finished sessions; beside the equation.
    """

    consumed: int = 0
    clean: int = 0
    dropped_bots: int = 0
    duplicates: int = 0
    rejects: int = 0
    late: int = 0
    sessions: int = 0

    def __add__(self, other: "Books") -> "Books":
        return Books(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Books)))

    @property
    def closed(self) -> bool:
        """Whether the equation holds."""
        return self.consumed == self.clean + self.dropped_bots + self.duplicates + self.rejects


@dataclass(frozen=True, eq=False)
class StateDelta:
    """What one batch changes.

    Attributes:
        watermark_ms: Watermark after the batch; None while no event with a time was seen.
        books: Counts of this batch alone.
        seen: Events that the batch added to the memory of dedup.
        forget_before_ms: Entries with an older event time are never asked for again.
        sessions: What the batch changes of the open sessions.
        visitors: Rows of the visitors that it changed.
    """

    watermark_ms: int | None
    books: Books
    seen: Entries
    forget_before_ms: int
    sessions: SessionsDelta = field(default_factory=SessionsDelta.none, repr=False)
    visitors: Rows = field(default_factory=no_rows, repr=False)

    def with_rejects(self, count: int) -> "StateDelta":
        """The same, with *count* records more that were consumed and refused before they could be enriched."""
        return replace(self, books=self.books + Books(consumed=count, rejects=count))


@dataclass(frozen=True, eq=False)
class State:
    """Memory of one partition; a value: :meth:`applied` returns another one and shares all that did not change.

    Attributes:
        watermark_ms: Greatest event time seen; None at the start.
        seq: Batches applied so far.
        books: Counts since the partition's first record.
        seen: Events within the horizon of dedup (older ones may linger and are never asked for).
        sessions: Open sessions; their number is its length.
        visitors: What is remembered of behaviour, where bots are told from people.
    """

    watermark_ms: int | None = None
    seq: int = 0
    books: Books = Books()
    seen: Seen = field(default_factory=Seen)
    sessions: OpenSessions = field(default_factory=OpenSessions, repr=False)
    visitors: Visitors = field(default_factory=Visitors, repr=False)

    def applied(self, delta: StateDelta) -> "State":
        """The state after the batch that *delta* came from."""
        return State(
            watermark_ms=delta.watermark_ms,
            seq=self.seq + 1,
            books=self.books + delta.books,
            seen=self.seen.plus(delta.seen, delta.forget_before_ms),
            sessions=self.sessions.plus(delta.sessions),
            visitors=self.visitors.plus(delta.visitors, delta.forget_before_ms),
        )

    def bucket(self, index: int, count: int, since_ms: int) -> tuple[Entries, Pieces, Rows]:
        """What falls into bucket *index* of *count*: the live part of the memory of dedup, the open sessions,
        and the visitors that are remembered.

        Buckets are equal ranges of the key, so the union of all is the whole state.

        Args:
            index: From 0 to *count* - 1.
            count: Number of buckets, 1 or more.
            since_ms: Entries with an older event time are left out; a delta's ``forget_before_ms``.
        """
        return (
            self.seen.bucket(index, count, since_ms),
            self.sessions.bucket(index, count),
            self.visitors.bucket(index, count, since_ms),
        )

    @classmethod
    def restored(
        cls,
        watermark_ms: int | None,
        seq: int,
        books: Books,
        parts: Iterable[Entries],
        sessions: Sequence[tuple[int, Run]] = (),
        visitors: Sequence[tuple[int, Rows]] = (),
    ) -> "State":
        """The state that was stored in pieces.

        Args:
            watermark_ms: Of the newest record.
            seq: Of the newest record.
            books: Of the newest record.
            parts: Entries of every bucket and delta that is left, in any order; entries may repeat, and ones of
                before the horizon do no harm.
            sessions: Pieces of buckets and deltas with a rank that tells newer from older ones; of each party the
                newest counts, so none may be missing.
            visitors: Rows of buckets and deltas, in the same way.
        """
        return cls(watermark_ms, seq, books, Seen.of(parts), OpenSessions.restored(sessions),
                   Visitors.restored(visitors))  # fmt: skip
