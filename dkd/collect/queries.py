"""A query of Divolte's tag → what its event says of itself, or the first thing that is wrong with it."""

from dkd import kernel
from dkd.collect import base36
from dkd.collect.checksum import is_intact
from dkd.collect.ids import canonical
from dkd.collect.layout import Layout, Record
from dkd.collect.target import parameters
from dkd.collect.values import BadValue

_MANDATORY = ("p", "s", "v", "e", "c", "n", "f")
_TEXTS = {"v": "pageViewId", "e": "eventId", "l": "location", "r": "referer", "t": "eventType"}
_SIZES = {"w": "viewportPixelWidth", "h": "viewportPixelHeight", "i": "screenPixelWidth", "j": "screenPixelHeight"}
_OTHERS = {"p": "partyId", "s": "sessionId", "c": "clientTimestamp", "f": "firstInSession"}


Told = tuple[Record, str | None, int | None]
"""What an event says of itself: a record with the fields that the query gives (no name where it gives none), its own
parameters in mincode, and how many pixels of the screen are one of the page."""


class Queries:
    """Reads queries into records of one layout, compiled where that is as good as the plain form."""

    def __init__(self, layout: Layout) -> None:
        """Fill records of *layout*."""
        self._slot, self._size = layout.slot, layout.size
        self._compiled = None
        if kernel.IS_COMPILED:
            from dkd.kernel import tag

            slots = {letter: self._slot[name] for letter, name in (_TEXTS | _SIZES | _OTHERS).items()}
            self._compiled = tag.Queries(self._size, self._slot["detectedCorruption"], slots).read

    def read(self, query: bytes) -> Told | BadValue:
        """What the event of *query* says, none of whose bytes must be escaped.

        Raises:
            MalformedTarget: As :func:`dkd.collect.target.parameters` does.
        """
        found = self._compiled(query) if self._compiled else None
        return self.plain(query) if found is None else found

    def plain(self, query: bytes) -> Told | BadValue:
        """The same where there is no compiled kernel, or the query is no usual one."""
        given = parameters(query.decode("ascii"))
        first = {name: values[0] for name, values in given.items()}
        slot = self._slot
        record: Record = [None] * self._size
        try:
            found = _identified(first)
        except BadValue as bad:
            return bad
        record[slot["partyId"]], record[slot["sessionId"]], record[slot["clientTimestamp"]] = found
        record[slot["detectedCorruption"]] = not is_intact(given)
        record[slot["firstInSession"]] = first["f"] == "t"
        for name, field in _TEXTS.items():
            if name in first:
                record[slot[field]] = first[name]
        for name, field in _SIZES.items():
            if name in first:
                record[slot[field]] = base36.read(first[name], 32)
        return record, first.get("u"), base36.read(first["k"], 32) if "k" in first else None


def _identified(first: dict[str, str]) -> tuple[str, str, int]:
    """Party, session and client time of an event that Divolte would not drop."""
    for name in _MANDATORY:
        if name not in first:
            remedy = "send all of p, s, v, e, c, n and f"
            raise BadValue("missing_field", f"parameter {name} is missing", remedy, name)
    party_id, session_id = canonical(first["p"]), canonical(first["s"])
    if party_id is None:
        raise BadValue("bad_party", f"{first['p'][:60]!r} is no party id", "send 0:<base 36 ms>:<unique>", "p")
    if session_id is None:
        raise BadValue("bad_session", f"{first['s'][:60]!r} is no session id", "send 0:<base 36 ms>:<unique>", "s")
    client_ms = base36.read(first["c"])
    if client_ms is None:
        raise BadValue("bad_time", f"{first['c'][:60]!r} is no time", "send milliseconds since 1970 in base 36", "c")
    return party_id, session_id, client_ms
