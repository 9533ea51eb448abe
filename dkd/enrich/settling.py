"""The events of one party join its sessions one by one, by the rules as they are written.

A session takes an event that is no more than a gap from one of its own, but none beyond its cap, counted from its first
event, and none that one of the model's splits (:mod:`dkd.enrich.splits`) has begin another. So sessions are what a walk
over the pieces by time gives: a piece goes on with the session before it, unless something parts them.

The first event of a session is final long before its cap is met, as the cap is longer than gap and grace together: an
event that came before it would be late. What the cap cuts is not final as early. An event may close the gap between a
session that is near its cap and a younger one that lies on both sides of it; then the younger one's first part belongs
to the older session and its second part begins another. So a younger session is kept as two pieces, one on each side of
the cap, for as long as the older one is open, and the cut depends on the events alone.

Where an event may part two others, as a campaign does, no cut is known before. Then each event is a piece of its own
until it is final, which is when any that came before it would be late.

The cap of events is another matter: the session that reaches it is closed at once, and which events it holds then
depends on the order in which they came.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Arrival(NamedTuple):
    """One event: its place among the batch's events, what holds when it comes, and what it is alone."""

    place: int
    watermark_ms: int
    offset: int
    id: bytes
    alone: Piece


class Party(NamedTuple):
    """One party's open pieces by time, and its events in offset order."""

    pieces: Sequence[Piece]
    events: Sequence[Arrival]


class Settled(NamedTuple):
    """One party after its events: all pieces, the session of each event by its place, and which opened theirs.

    *origins* tells which piece or event each event's session came from, by the event's place.
    """

    pieces: list[Piece]
    sessions: Mapping[int, bytes]
    openers: list[int]
    origins: Mapping[int, int]


def settled(party: Party, watermark_ms: int, rules: Rules) -> Settled:
    """Place the events of *party*, and close what *watermark_ms* has passed in the end."""
    line = _Line(party.pieces, rules)
    sessions, openers, origins = dict[int, bytes](), list[int](), dict[int, int]()
    for event in party.events:
        line.close(event.watermark_ms)
        sessions[event.place], origins[event.place], is_first = line.add(event)
        if is_first:
            openers.append(event.place)
    line.close(watermark_ms)
    left = (piece for session in line.open for piece in session.pieces)
    return Settled([*line.closed, *left], sessions, openers, origins)


class _Session:
    """Pieces that are one session, by time."""

    __slots__ = ("day", "end_ms", "events", "origin", "pieces", "start_ms")

    def __init__(self, first: Piece) -> None:
        self.pieces = [first]
        self.start_ms, self.end_ms, self.day = first.start_ms, first.end_ms, first.day
        self.events, self.origin = first.events, first.origin

    def take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.end_ms = max(self.end_ms, piece.end_ms)
        self.events += piece.events
        self.origin = min(self.origin, piece.origin)

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


class _Line:
    """The sessions of a party, by time."""

    def __init__(self, pieces: Iterable[Piece], rules: Rules) -> None:
        self._rules = rules
        self.open = list(self._walk(pieces))
        self.closed: list[Piece] = []

    def close(self, watermark_ms: int) -> None:
        """Put the sessions away that no event can reach any more."""
        before_ms, ended = watermark_ms - self._rules.open_ms, 0
        while ended < len(self.open) and self.open[ended].end_ms < before_ms:
            after = self.open[ended + 1].pieces[0] if ended + 1 < len(self.open) else None
            self._put_away(self.open[ended], after)
            ended += 1
        del self.open[:ended]

    def add(self, event: Arrival) -> tuple[bytes, int, bool]:
        """The event's session, which piece or event that came from, and whether the event opened it."""
        fresh = event.alone
        mine = self._placed(fresh)
        known = next((piece for piece in mine.pieces if piece is not fresh), None)
        if known is None:
            fresh.id = event.id
        else:
            known.linked = False
        session_id = (known or fresh).id or b""
        if mine.events >= self._rules.most_events:
            self.open.remove(mine)
            self._put_away(mine, None, "cap_events", event.offset)
            # What lay on both sides of it may be one session now.
            self.open = list(self._walk(piece for session in self.open for piece in session.pieces))
        elif self._rules.splits.by_event:
            self._name(mine.pieces, fresh, event.id)
            self._fold_final(mine.pieces, event.watermark_ms - self._rules.grace_ms)
        else:
            self._fold(mine, event.id)
        return session_id, mine.origin.member, known is None

    def _placed(self, fresh: Piece) -> _Session:
        """The session that takes *fresh*."""
        last = self.open[-1] if self.open else None
        if last is not None and fresh.start_ms <= last.end_ms:
            pieces = sorted([*self._pieces(), fresh], key=lambda piece: (piece.start_ms, piece.tie))
            self.open = list(self._walk(pieces))
            return next(one for one in self.open if any(piece is fresh for piece in one.pieces))
        if last is None or last.parted(fresh, self._rules):
            self.open.append(_Session(fresh))
        else:
            last.take(fresh)
        return self.open[-1]

    @staticmethod
    def _name(pieces: Sequence[Piece], fresh: Piece, event_id: bytes) -> None:
        """*fresh* has an id where it stays a piece; one that comes first takes over that of the session."""
        if fresh.id is None:
            fresh.id, fresh.linked = event_id, True
            if fresh is pieces[0]:
                for piece in (fresh, pieces[1]):
                    piece.linked = not piece.linked
                fresh.id, pieces[1].id = pieces[1].id, fresh.id

    @staticmethod
    def _fold_final(pieces: list[Piece], final_ms: int) -> None:
        """Fold the pieces between which no event can come any more."""
        while len(pieces) > 1 and pieces[1].end_ms < final_ms:
            pieces[:2] = [_folded(pieces[0], pieces[1])]

    def _fold(self, session: _Session, event_id: bytes) -> None:
        """Keep a session that an event has just joined, in pieces that lie on one side of the cap of the oldest."""
        cap_ms = self.open[0].start_ms + self._rules.cap_ms
        kept: list[Piece] = []
        for piece in session.pieces:
            if kept and not kept[-1].end_ms <= cap_ms < piece.start_ms:
                kept[-1] = _folded(kept[-1], piece)
                continue
            kept.append(piece)
        for piece in kept:
            if piece.id is None:
                piece.id, piece.linked = event_id, piece is not kept[0]
        session.pieces = kept

    def _put_away(self, session: _Session, after: Piece | None, closed_by: str = "", offset: int | None = None) -> None:
        whole = session.pieces[0]
        for piece in session.pieces[1:]:
            whole = _folded(whole, piece)
        whole.closed_by = closed_by or (session.parted(after, self._rules) if after else "gap")
        whole.sealed_at = offset
        self.closed.append(whole)

    def _pieces(self) -> Iterator[Piece]:
        return (piece for session in self.open for piece in session.pieces)

    def _walk(self, pieces: Iterable[Piece]) -> Iterator[_Session]:
        """The sessions of *pieces*, which are by time."""
        session: _Session | None = None
        for piece in pieces:
            if session is not None and not session.parted(piece, self._rules):
                session.take(piece)
                continue
            if session is not None:
                yield session
            session = _Session(piece)
        if session is not None:
            yield session


def _folded(first: Piece, second: Piece) -> Piece:
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
