"""The events of one party join its sessions one by one, by the rules as they are written.

A session takes an event that is no more than a gap from one of its own, but none beyond its cap, counted from its first
event. So sessions are what a walk over the pieces by time gives: a piece goes on with the session before it, unless the
silence between them is too long or the session would grow beyond its cap.

The first event of a session is final long before its cap is met, as the cap is longer than gap and grace together: an
event that came before it would be late. What the cap cuts is not final as early. An event may close the gap between a
session that is near its cap and a younger one that lies on both sides of it; then the younger one's first part belongs
to the older session and its second part begins another. So a younger session is kept as two pieces, one on each side of
the cap, for as long as the older one is open, and the cut depends on the events alone.

The cap of events is another matter: the session that reaches it is closed at once, and which events it holds then
depends on the order in which they came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dkd.enrich.rules import Rules


@dataclass(slots=True)
class Piece:
    """Part of a session, or all of it.

    Attributes:
        start_ms, end_ms: Times of its first and last event.
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
    id: bytes | None
    linked: bool
    events: int
    members: list[int]
    merged: list[bytes] = field(default_factory=list)
    closed_by: str = ""
    sealed_at: int | None = None


class Arrival(NamedTuple):
    """One event: its place among the batch's events, its time, and what holds when it comes."""

    place: int
    time_ms: int
    watermark_ms: int
    offset: int
    id: bytes


class Party(NamedTuple):
    """One party's open pieces by time and its events in offset order; *first* is the place of the first event."""

    pieces: Sequence[Piece]
    events: Sequence[Arrival]
    first: int


class Settled(NamedTuple):
    """One party after its events: all pieces, the session of each event by its place, and which opened theirs."""

    pieces: list[Piece]
    sessions: Mapping[int, bytes]
    openers: list[int]


def settled(party: Party, watermark_ms: int, rules: Rules) -> Settled:
    """Place the events of *party*, and close what *watermark_ms* has passed in the end."""
    line = _Line(list(party.pieces), rules)
    sessions, openers = dict[int, bytes](), list[int]()
    for event in party.events:
        line.close(event.watermark_ms)
        session_id, is_first = line.add(event, party.first + event.place)
        sessions[event.place] = session_id
        if is_first:
            openers.append(event.place)
    line.close(watermark_ms)
    return Settled([*line.closed, *line.open], sessions, openers)


class _Line:
    """The pieces of a party, by time."""

    def __init__(self, pieces: list[Piece], rules: Rules) -> None:
        self.open = pieces
        self.closed: list[Piece] = []
        self._rules = rules

    def close(self, watermark_ms: int) -> None:
        """Put the sessions away that no event can reach any more."""
        before_ms = watermark_ms - self._rules.open_ms
        if all(piece.end_ms >= before_ms for piece in self.open):
            return
        sessions = list(self._sessions())
        self.open = []
        for place, session in enumerate(sessions):
            if session[-1].end_ms >= before_ms:
                self.open += session
                continue
            after = sessions[place + 1][0].start_ms if place + 1 < len(sessions) else None
            cut = after is not None and after - session[-1].end_ms <= self._rules.gap_ms
            self._put_away(session, "cap_time" if cut else "gap")

    def add(self, event: Arrival, member: int) -> tuple[bytes, bool]:
        """The event's session, and whether it opened it."""
        fresh = Piece(event.time_ms, event.time_ms, None, False, 1, [member])
        self.open = sorted([*self.open, fresh], key=lambda piece: piece.start_ms)
        cap_ms = self.open[0].start_ms + self._rules.cap_ms
        sessions, mine = list(self._sessions()), next(
            session for session in self._sessions() if any(piece is fresh for piece in session))  # fmt: skip
        known = next((piece for piece in mine if piece is not fresh), None)
        if known is None:
            fresh.id = event.id
        else:
            known.linked = False
        session_id = (known or fresh).id or b""
        self.open = []
        for session in sessions:
            if any(piece is fresh for piece in session):
                self._keep(session, cap_ms, event)
            else:
                self.open += session
        return session_id, known is None

    def _keep(self, session: Sequence[Piece], cap_ms: int, event: Arrival) -> None:
        """Keep a session that an event has just joined, in pieces that lie on one side of the cap of the oldest."""
        if sum(piece.events for piece in session) >= self._rules.most_events:
            self._put_away(session, "cap_events", event.offset)
            return
        kept: list[Piece] = []
        for piece in session:
            if kept and not kept[-1].end_ms <= cap_ms < piece.start_ms:
                kept[-1] = _folded(kept[-1], piece)
                continue
            kept.append(piece)
        for piece in kept:
            if piece.id is None:
                piece.id, piece.linked = event.id, piece is not kept[0]
        self.open += kept

    def _put_away(self, session: Sequence[Piece], closed_by: str, offset: int | None = None) -> None:
        whole = session[0]
        for piece in session[1:]:
            whole = _folded(whole, piece)
        whole.closed_by, whole.sealed_at = closed_by, offset
        self.closed.append(whole)

    def _sessions(self) -> Iterator[list[Piece]]:
        """The pieces of each session."""
        session: list[Piece] = []
        for piece in self.open:
            if session and not self._goes_on(session, piece):
                yield session
                session = []
            session.append(piece)
        if session:
            yield session

    def _goes_on(self, session: Sequence[Piece], piece: Piece) -> bool:
        silence_ms = piece.start_ms - max(one.end_ms for one in session)
        return silence_ms <= self._rules.gap_ms and piece.end_ms - session[0].start_ms <= self._rules.cap_ms


def _folded(first: Piece, second: Piece) -> Piece:
    """One piece of two; the session that starts first gives its id."""
    merged = [*first.merged, *second.merged]
    if first.id is not None and second.id is not None and not second.linked:
        merged.append(second.id)
    return Piece(
        min(first.start_ms, second.start_ms),
        max(first.end_ms, second.end_ms),
        first.id if first.id is not None else second.id,
        first.linked if first.id is not None else second.linked,
        first.events + second.events,
        [*first.members, *second.members],
        merged,
    )
