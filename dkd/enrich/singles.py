"""Events become pieces of sessions of one event each: what each of them counts for.

Events of one time are ordered by the hash of party and event id, or of their content where they have no id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.contexts import DEVICE, ORIGIN, Columns
from dkd.enrich.dedup import Keys, Times
from dkd.enrich.hashing import hashed
from dkd.enrich.kinds import IS_CLICK, IS_HEARTBEAT, IS_PAGE
from dkd.enrich.rules import Rules, Values
from dkd.enrich.runs import ROW, Places, Rows
from dkd.enrich.splits import marked
from dkd.model.columns import HASH_BITS, PARTY_NUMBER

PARTY = "?party"
"""The column of an event's :func:`party_keys`."""

_LARGEST_VALUE = 1e14
_MICROS = 1_000_000


@dataclass(frozen=True)
class Arrived:
    """Clean events, those of one partition after the other, in offset order.

    Attributes:
        own: Columns that the event itself brought, ``timestamp_ms``, ``event`` and the model's fields among them.
        offsets: Where each stands in raw.
        watermarks: Of the partition when it came.
        ties: Hash of each event's party and id; 0 where it has no id.
        keys: Hash of each event's party.
        kinds: What each counts as; see :mod:`dkd.enrich.kinds`.
        parties: ``party_id`` of each.
        event_ids: None where it has none.
        shared: What enrichers found, by distinct value.
        whole: All clean columns of the events at some places.
    """

    own: pl.DataFrame
    offsets: NDArray[np.int64]
    watermarks: Times
    ties: Keys
    keys: Keys
    kinds: NDArray[np.uint8]
    parties: Sequence[bytes]
    event_ids: pl.Series
    shared: Columns
    whole: Callable[[Places], pl.DataFrame]

    def kept(self, mask: NDArray[np.bool_]) -> "Arrived":
        """The events that *mask* marks."""
        if mask.all():
            return self
        places, kept = np.flatnonzero(mask), pl.Series(mask)
        return replace(
            self._numbers(mask),
            own=self.own.filter(kept),
            parties=list(compress(self.parties, mask.tolist())),
            event_ids=self.event_ids.filter(kept),
            shared=self.shared.kept(mask),
            whole=lambda some: self.whole(places[some]),
        )

    def part(self, start: int, end: int) -> "Arrived":
        """The events from *start* to before *end*."""
        return replace(
            self._numbers(slice(start, end)),
            own=self.own[start:end],
            parties=self.parties[start:end],
            event_ids=self.event_ids[start:end],
            shared=self.shared.part(start, end),
            whole=lambda some: self.whole(start + some),
        )

    def _numbers(self, places: NDArray[np.bool_] | slice) -> "Arrived":
        names = ("offsets", "watermarks", "ties", "keys", "kinds")
        return replace(self, **{name: getattr(self, name)[places] for name in names})


@dataclass(frozen=True)
class Events:
    """Events that join sessions, in offset order.

    Attributes:
        arrived: None of them late.
        rows: A piece of each event alone.
    """

    arrived: Arrived
    rows: Rows

    @property
    def keys(self) -> Keys:
        """Hash of each event's party."""
        keys: Keys = self.rows["key"]
        return keys


def party_keys(parties: pl.Series) -> Keys:
    """Hash of each party; of ten million, any two have the same one with odds of 1 to 370,000 (their sessions mix)."""
    return hashed(parties)


def party_numbers(keys: Keys) -> pl.Series:
    """What stored rows call their parties by, beside the id: whole numbers that every reader of JSON takes whole.

    Of ten million, any two have the same one with odds of 1 to 180; they count as one visitor.
    """
    return pl.Series(PARTY_NUMBER, (keys & np.uint64((1 << HASH_BITS) - 1)).astype(np.int64))


def rows_of(events: Arrived, rules: Rules) -> Rows:
    """A piece of each of *events*, which are in offset order, alone."""
    shared = events.shared
    told = _Told(
        events.keys, events.own["timestamp_ms"].to_numpy(), _with_ties(events), events.kinds, shared.array("inside"),
        shared.array("bot"), shared.array("page", lambda path: path is not None), events.parties,
    )  # fmt: skip
    rows = (_compiled if kernel.IS_COMPILED else _plain)(told)
    for conversion in rules.conversions:
        _convert(rows, events.own, conversion)
    if rules.splits.by_event:
        marked(rows, events.own["event"].to_list(), events.shared.campaigns, rules.splits)
    return rows


class _Told(NamedTuple):
    """What rows are made of, an entry for each event."""

    keys: Keys
    times: Times
    ties: Keys
    kinds: NDArray[np.uint8]
    inside: NDArray[np.int64]
    bot: NDArray[np.int64]
    has_path: NDArray[np.bool_]
    parties: Sequence[bytes]


def _compiled(told: _Told) -> Rows:
    from dkd.kernel import sessions

    rows = np.empty(len(told.keys), ROW)
    times, inside, bot = (np.ascontiguousarray(one, np.int64) for one in (told.times, told.inside, told.bot))
    keys, ties, kinds, has_path = map(np.ascontiguousarray, (told.keys, told.ties, told.kinds, told.has_path))
    sessions.alone(len(rows), keys, ties, times, inside, bot, kinds, has_path, list(told.parties), rows)
    return rows


def _plain(told: _Told) -> Rows:
    rows = np.zeros(len(told.keys), ROW)
    rows["key"] = told.keys
    rows["party_bytes"] = np.fromiter(map(len, told.parties), np.uint32, len(rows))
    rows["start_ms"] = rows["end_ms"] = rows["origin_ms"] = told.times
    rows["first_tie"] = rows["origin_tie"] = told.ties
    rows["events"] = 1
    rows["inside"], rows["bot"] = told.inside, told.bot
    for column, bit in (("pageviews", IS_PAGE), ("clicks", IS_CLICK), ("heartbeats", IS_HEARTBEAT)):
        rows[column] = (told.kinds & bit) > 0
    rows["pages"] = has_page = (rows["pageviews"] > 0) & told.has_path
    rows["last_page_ms"][has_page], rows["last_page_tie"][has_page] = told.times[has_page], told.ties[has_page]
    return rows


def _with_ties(events: Arrived) -> Keys:
    nameless = np.flatnonzero(events.ties == 0)
    if not len(nameless):
        return events.ties
    columns = ("event", "page_path", *ORIGIN, *DEVICE)
    whole = events.whole(nameless)
    texts = whole.select(pl.struct(columns).struct.json_encode()).to_series().cast(pl.Binary).to_list()
    found = events.ties.copy()
    found[nameless] = np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, len(texts))
    return found


def _convert(rows: Rows, own: pl.DataFrame, conversion: Values) -> None:
    is_one = (own["event"] == conversion.event).to_numpy()
    rows["conversions"] += is_one
    if conversion.column is None or not own[conversion.column].dtype.is_numeric():
        return  # a pseudonym is no number any more
    values = own[conversion.column].cast(pl.Float64).fill_null(0.0).to_numpy()
    values = np.clip(np.where(np.isfinite(values) & is_one, values, 0.0), -_LARGEST_VALUE, _LARGEST_VALUE)
    # Whole numbers: a sum of floats would depend on the order in which it is made.
    units = np.floor(values)
    rows["units"] += units.astype(np.int64)
    rows["micros"] += np.rint((values - units) * _MICROS).astype(np.int64)


def value_of(units: int, micros: int) -> float:
    """The sum of values that was kept as whole numbers."""
    return (units * _MICROS + micros) / _MICROS
