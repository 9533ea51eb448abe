"""A stream of event ids → whether each was seen a short while ago, in a fixed amount of memory."""

import struct
from array import array
from collections.abc import Callable

import mmh3

from dkd import kernel

_PARTS = struct.Struct(">i4xq")


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
        slot, signature = _place(party_id, session_id, event_id)
        slot %= self._slots
        return bool(self._signatures[slot] == signature), (slot, signature)

    def keep(self, place: tuple[int, int]) -> None:
        """Remember an event at the *place* that :meth:`look` gave."""
        slot, signature = place
        self._signatures[slot] = signature


def plain(party_id: str, session_id: str, event_id: str) -> tuple[int, int]:
    """The number that tells an event's slot, and its signature, where there is no compiled kernel."""
    text = f"{party_id}{session_id}{event_id}".encode("utf-16-le", "surrogatepass")
    slot, signature = _PARTS.unpack(mmh3.mmh3_x64_128_digest(text, 0))
    return slot & 0x7FFFFFFF, signature


def _places() -> Callable[[str, str, str], tuple[int, int]]:
    if not kernel.IS_COMPILED:
        return plain
    from dkd.kernel import repeat

    return lambda *ids: repeat.place(*ids) or plain(*ids)


_place = _places()
