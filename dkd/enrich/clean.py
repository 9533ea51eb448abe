"""Events that are kept become clean events: columns, and JSON made of what they share and what each brought itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.contexts import ORIGIN, Columns, unpacked
from dkd.enrich.encode import members, whole
from dkd.enrich.lines import Part, lines, parts_of, shared
from dkd.enrich.sessions import Sessionized, hexadecimal
from dkd.enrich.setup import Setup, cleaned, protected, stepped
from dkd.model.enrichers import SESSION_ORIGIN

Places = NDArray[np.intp]

_OF_SESSIONS = ("session_id", "first_in_session", *SESSION_ORIGIN)


@dataclass(frozen=True)
class Kept:
    """Events that are neither refused nor repeats.

    Attributes:
        events: Columns of raw, their time, and ``is_late``.
        shared: What enrichers found.
        setup: Of the site.
    """

    events: pl.DataFrame
    shared: Columns
    setup: Setup

    @classmethod
    def of(cls, events: pl.DataFrame, setup: Setup) -> "Kept":
        """*events*, enriched."""
        return cls(events, setup.memory.columns(events, partial(_asked, setup)), setup)

    def kept(self, mask: NDArray[np.bool_]) -> "Kept":
        """Those that *mask* marks."""
        if mask.all():
            return self
        return replace(self, events=self.events.filter(pl.Series(mask)), shared=self.shared.kept(mask))

    @property
    def are_bots(self) -> NDArray[np.bool_]:
        """Which are automated."""
        return self.shared.array("is_bot", bool)

    def own(self) -> pl.DataFrame:
        """Clean columns that each event brought itself, but for those of its session."""
        plan = self.setup.memory.plan
        names = [name for place, span in plan.spans if place < 0 for name in span if name not in _OF_SESSIONS]
        added = stepped(self.events, self.setup, plan.apart)
        return cleaned(added, self.setup, names)

    def encoded(self, own: pl.DataFrame, sessions: Sequence[pl.Series]) -> list[bytes]:
        """Each event as JSON, as ``encode`` gives it of :meth:`whole`.

        Args:
            own: Of :meth:`own`.
            sessions: Of :func:`columns_of`.
        """
        memory, schema = self.setup.memory, self.setup.clean_schema
        own = own.with_columns(sessions)
        if kernel.IS_COMPILED:
            return lines(self._parts(own), own.height)
        parts: list[pl.Series] = []
        for place, span in memory.plan.spans:
            if place >= 0:
                parts.append(self.shared.series(("json", span)))
            elif parts and (span[0] in SESSION_ORIGIN or all(schema[name] in (pl.Int64, pl.Boolean) for name in span)):
                parts.append(memory.numbers(own.select(span)))
            else:
                parts.append(members(own.select(span), "," if parts else "{"))
        return whole(parts)

    def _parts(self, own: pl.DataFrame) -> list[Part]:
        """Of the events' JSON."""
        found: list[Part] = []
        for place, span in self.setup.memory.plan.spans:
            if place >= 0:
                found.append(shared(*self.shared.coded(("json", span))))
            else:
                found += parts_of(map(own.get_column, span))
        return found

    def whole(self, places: Places | slice) -> pl.DataFrame:
        """All clean columns of the events at *places*, but for those of their sessions, which are null."""
        return cleaned(stepped(self.events[places], self.setup), self.setup)


def columns_of(found: Sequence[Sessionized], setup: Setup) -> list[pl.Series]:
    """What sessions say of their events, those of one lane after the other."""
    ids, is_first, in_time = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("ids", "is_first", "in_time")
    )
    is_there = pl.Series(in_time)
    columns = [
        hexadecimal(ids, in_time).alias("session_id"),
        pl.select(pl.when(is_there).then(pl.Series(is_first))).to_series().alias("first_in_session"),
    ]
    if setup.sessions is not None and setup.sessions.has_origin:
        origins = [text for one in found for text in one.origins]
        known: dict[bytes | None, list[str | None]] = {text: unpacked(text) for text in {*origins} if text}
        known[None] = [None] * len(ORIGIN)
        places = ((name, ORIGIN.index(name.removeprefix("session_"))) for name in SESSION_ORIGIN)
        columns += (pl.Series(name, [known[text][place] for text in origins], pl.String) for name, place in places)
    return columns


def _asked(setup: Setup, frame: pl.DataFrame, entries: Sequence[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    found = stepped(frame, setup, entries)
    # The model's own fields are shown with their event, and their pseudonyms may need columns that are not here.
    return found, protected(found.drop(setup.model.all_fields, strict=False), setup)
