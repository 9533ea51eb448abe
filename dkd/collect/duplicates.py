"""A stream of event ids → whether each was seen a short while ago, in a fixed amount of memory."""

import struct
from array import array

import mmh3

from dkd import kernel

if kernel.IS_COMPILED:
    from dkd.kernel import repeat

_PARTS = struct.Struct(">i4xq")


def plain(party_id: str, session_id: str, event_id: str) -> tuple[int, int]:
    """The number that tells an event's slot, and its signature, where there is no compiled kernel."""
    text = f"{party_id}{session_id}{event_id}".encode("utf-16-le", "surrogatepass")
    slot, signature = _PARTS.unpack(mmh3.mmh3_x64_128_digest(text, 0))
    return slot & 0x7FFFFFFF, signature


class Duplicates:
    """Divolte's short-term memory: a table of hashes in which every event overwrites its slot.

    It forgets an event when another one falls into its slot, and is empty after a restart: it marks, nothing more.
    What repeats over a longer time is removed by the enricher.
    """

    def __init__(self, slots: int = 1_000_000) -> None:
        """An empty memory of *slots* events, eight bytes each."""
        self._signatures = array("q", bytes(8 * slots))
        self._slots = slots

    def seen(self, party_id: str, session_id: str, event_id: str) -> bool:
        """Whether the event is the last one that fell into its slot; it is remembered either way."""
        repeated, place = self.look(party_id, session_id, event_id)
        self.keep(place)
        return repeated

    def look(self, party_id: str, session_id: str, event_id: str) -> tuple[bool, tuple[int, int]]:
        """Whether the event is the last one that fell into its slot, and what :meth:`keep` remembers it by."""
        place = repeat.place(party_id, session_id, event_id) if kernel.IS_COMPILED else None
        place = place or plain(party_id, session_id, event_id)
        slot = place[0] % self._slots
        return bool(self._signatures[slot] == place[1]), (slot, place[1])

    def keep(self, place: tuple[int, int]) -> None:
        """Remember an event at the *place* that :meth:`look` gave."""
        slot, signature = place
        self._signatures[slot] = signature
