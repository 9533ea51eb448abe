"""The events of one party join its sessions one by one, by the rules as they are written.

A session takes an event that is no more than a gap from one of its own, but none beyond its cap, counted from its first
event, and none that one of the model's splits has begin another. So sessions are what a walk over the pieces by time
gives (:mod:`dkd.enrich.walking`): a piece goes on with the session before it, unless something parts them.

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

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dkd.enrich.rules import Rules
from dkd.enrich.walking import Piece, Session, folded, order, walked


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


class _Line:
    """The sessions of a party, by time."""

    def __init__(self, pieces: Iterable[Piece], rules: Rules) -> None:
        self._rules = rules
        self.open = list(walked(pieces, self._rules))
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
            self.open = list(walked(self._pieces(), self._rules))
        elif self._rules.splits.by_event:
            self._name(mine.pieces, fresh, event.id)
            self._fold_final(mine.pieces, event.watermark_ms - self._rules.grace_ms)
        else:
            self._fold(mine, event.id)
        return session_id, mine.origin.member, known is None

    def _placed(self, fresh: Piece) -> Session:
        """The session that takes *fresh*; others change only where it joins or parts them."""
        last = self.open[-1] if self.open else None
        if last is None or fresh.start_ms > last.end_ms:
            if last is None or last.parted(fresh, self._rules):
                self.open.append(Session(fresh))
            else:
                last.take(fresh)
            return self.open[-1]
        place = bisect_right(self.open, order(fresh), key=lambda session: order(session.pieces[0])) - 1
        mine = self.open[max(place, 0)]
        if mine.holds(fresh) if place >= 0 else self.open[0].follows(fresh, self._rules):
            mine.take(fresh)
            return mine
        return self._walked_again(max(place, 0), fresh)

    def _walked_again(self, begin: int, fresh: Piece) -> Session:
        """Place *fresh* among the pieces of session *begin*, and go on from there until a session begins as before."""
        found, end = list(walked(sorted([*self.open[begin].pieces, fresh], key=order), self._rules)), begin + 1
        while end < len(self.open) and not found[-1].parted(self.open[end].pieces[0], self._rules):
            found += walked([*found.pop().pieces, *self.open[end].pieces], self._rules)
            end += 1
        self.open[begin:end] = found
        return next(one for one in found if any(piece is fresh for piece in one.pieces))

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
            pieces[:2] = [folded(pieces[0], pieces[1])]

    def _fold(self, session: Session, event_id: bytes) -> None:
        """Keep a session that an event has just joined, in pieces that lie on one side of the cap of the oldest."""
        cap_ms = self.open[0].start_ms + self._rules.cap_ms
        kept: list[Piece] = []
        for piece in session.pieces:
            if kept and not kept[-1].end_ms <= cap_ms < piece.start_ms:
                kept[-1] = folded(kept[-1], piece)
                continue
            kept.append(piece)
        for piece in kept:
            if piece.id is None:
                piece.id, piece.linked = event_id, piece is not kept[0]
        session.pieces = kept

    def _put_away(self, session: Session, after: Piece | None, closed_by: str = "", offset: int | None = None) -> None:
        whole = session.pieces[0]
        for piece in session.pieces[1:]:
            whole = folded(whole, piece)
        whole.closed_by = closed_by or (session.parted(after, self._rules) if after else "gap")
        whole.sealed_at = offset
        self.closed.append(whole)

    def _pieces(self) -> Iterator[Piece]:
        return (piece for session in self.open for piece in session.pieces)
