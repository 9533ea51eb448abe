"""Events that are kept become clean events: columns, and JSON made of what they share and what each brought itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.contexts import Columns
from dkd.enrich.encode import members, whole
from dkd.enrich.setup import Setup, cleaned, stepped

Places = NDArray[np.intp]

_OF_SESSIONS = ("session_id", "first_in_session")


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

    def encoded(self, own: pl.DataFrame, ids: Sequence[str | None], is_first: Sequence[bool | None]) -> list[bytes]:
        """Each event as JSON, as ``encode`` gives it of :meth:`whole`.

        Args:
            own: Of :meth:`own`.
            ids: Session of each event.
            is_first: Whether it opened its session.
        """
        memory, schema = self.setup.memory, self.setup.clean_schema
        sessions = zip(_OF_SESSIONS, (ids, is_first), strict=True)
        own = own.with_columns(pl.Series(name, values, schema[name]) for name, values in sessions)
        parts: list[pl.Series] = []
        for place, span in memory.plan.spans:
            if place >= 0:
                parts.append(self.shared.series(("json", span)))
            elif parts and all(schema[name] in (pl.Int64, pl.Boolean) for name in span):
                parts.append(memory.numbers(own.select(span)))
            else:
                parts.append(members(own.select(span), "," if parts else "{"))
        return whole(parts)

    def whole(self, places: Places | slice) -> pl.DataFrame:
        """All clean columns of the events at *places*, but for those of their sessions, which are null."""
        return cleaned(stepped(self.events[places], self.setup), self.setup)


def _asked(setup: Setup, frame: pl.DataFrame, entries: Sequence[int]) -> pl.DataFrame:
    return stepped(frame, setup, entries)
