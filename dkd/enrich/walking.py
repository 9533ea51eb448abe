"""Pieces of sessions, the sessions that a walk over them gives, and what parts one from the next."""

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dkd.enrich.rules import Rules
from dkd.enrich.splits import CAMPAIGN, EVENT


class Origin(NamedTuple):
    """Where a session came from: the least of its events' origins counts.

    Attributes:
        inside: 0 for an event that came from outside, 1 for others.
        time_ms: Of the event.
        tie: What orders events of one time.
        member: Place of the piece or event.
        campaign: Hash of its campaign; 0 for none.
    """

    inside: int
    time_ms: int
    tie: int
    member: int
    campaign: int


@dataclass(slots=True)
class Piece:
    """Part of a session, or all of it.

    Attributes:
        start_ms, end_ms: Times of its first and last event.
        tie: What orders its first event among those of one time.
        origin: Of its events.
        mark: Whether its first event may begin a session; bits of :mod:`dkd.enrich.splits`.
        day: On which its events lie.
        id: Of the session that it begins, or would begin; None for an event that is being placed.
        linked: Whether no event was ever given this id, as the piece goes on with the session before it.
        events: Number of events.
        members: Places of the pieces and events that it is made of.
        merged: Ids of sessions that it joined to its own.
        closed_by: Why the session ended; empty while it is open.
        sealed_at: Offset of the event that filled it.
    """

    start_ms: int
    end_ms: int
    tie: int
    origin: Origin
    mark: int
    day: int
    id: bytes | None
    linked: bool
    events: int
    members: list[int]
    merged: list[bytes] = field(default_factory=list)
    closed_by: str = ""
    sealed_at: int | None = None


def order(piece: Piece) -> tuple[int, int]:
    """By time, and as events of one time follow each other."""
    return piece.start_ms, piece.tie


class Session:
    """Pieces that are one session, by time."""

    __slots__ = ("day", "end_ms", "events", "has_campaign", "origin", "pieces", "start_ms")

    def __init__(self, first: Piece) -> None:
        self.pieces = [first]
        self.start_ms, self.end_ms, self.day = first.start_ms, first.end_ms, first.day
        self.events, self.origin = first.events, first.origin
        self.has_campaign = bool(first.mark & CAMPAIGN)

    def take(self, piece: Piece) -> None:
        """Have *piece* among the others."""
        insort(self.pieces, piece, key=order)
        self.start_ms, self.end_ms = min(self.start_ms, piece.start_ms), max(self.end_ms, piece.end_ms)
        self.has_campaign |= bool(piece.mark & CAMPAIGN)
        self.events += piece.events
        self.origin = min(self.origin, piece.origin)

    def holds(self, fresh: Piece) -> bool:
        """Whether *fresh* lies between two of its pieces, and parts none of them."""
        is_between = fresh.start_ms <= self.end_ms and fresh.day == self.day
        own = fresh.mark == CAMPAIGN and not self.origin.inside and self.origin.campaign == fresh.origin.campaign
        return is_between and (not fresh.mark or own) and self.origin < fresh.origin

    def follows(self, fresh: Piece, rules: Rules) -> bool:
        """Whether it goes on with *fresh*, which is before all, as the one session that it was, and with the origin
        that may part it from the next.
        """
        same = not rules.splits.campaign or self.origin < fresh.origin
        known = not self.has_campaign or fresh.origin.inside > 0 or fresh.origin.campaign == self.origin.campaign
        is_short = self.end_ms - fresh.start_ms <= rules.cap_ms
        return same and known and is_short and not Session(fresh).parted(self.pieces[0], rules)

    def parted(self, piece: Piece, rules: Rules) -> str:
        """Why *piece*, which begins later, is another session; empty where it is not."""
        if piece.start_ms - self.end_ms > rules.gap_ms:
            return "gap"
        if piece.day != self.day:
            return "midnight"
        if piece.mark & EVENT:
            return "event"
        # A session that nothing outside led to takes the campaign as its own.
        if piece.mark & CAMPAIGN and not self.origin.inside and self.origin.campaign != piece.origin.campaign:
            return "campaign"
        return "cap_time" if piece.end_ms - self.start_ms > rules.cap_ms else ""


def walked(pieces: Iterable[Piece], rules: Rules) -> Iterator[Session]:
    """The sessions of *pieces*, which are by time."""
    session: Session | None = None
    for piece in pieces:
        if session is not None and not session.parted(piece, rules):
            session.take(piece)
            continue
        if session is not None:
            yield session
        session = Session(piece)
    if session is not None:
        yield session


def folded(first: Piece, second: Piece) -> Piece:
    """One piece of two; the session that starts first gives its id."""
    merged = [*first.merged, *second.merged]
    if first.id is not None and second.id is not None and not second.linked:
        merged.append(second.id)
    return Piece(
        min(first.start_ms, second.start_ms),
        max(first.end_ms, second.end_ms),
        first.tie,
        min(first.origin, second.origin),
        first.mark,
        first.day,
        first.id if first.id is not None else second.id,
        first.linked if first.id is not None else second.linked,
        first.events + second.events,
        [*first.members, *second.members],
        merged,
    )
