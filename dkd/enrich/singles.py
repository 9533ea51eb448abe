"""Events become pieces of sessions of one event each: what each of them counts for.

Events of one time are ordered by the hash of party and event id, or of their content where they have no id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.contexts import DEVICE, ORIGIN, Columns
from dkd.enrich.dedup import Keys, Times
from dkd.enrich.rules import HEARTBEAT, Rules, Values
from dkd.enrich.runs import ROW, Places, Rows
from dkd.enrich.splits import marked
from dkd.model.columns import HASH_BITS, PARTY_HASH

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
    parties: Sequence[bytes]
    event_ids: pl.Series
    shared: Columns
    whole: Callable[[Places], pl.DataFrame]

    def kept(self, mask: NDArray[np.bool_]) -> "Arrived":
        """The events that *mask* marks."""
        if mask.all():
            return self
        places, kept = np.flatnonzero(mask), pl.Series(mask)
        return Arrived(
            self.own.filter(kept), self.offsets[mask], self.watermarks[mask], self.ties[mask], self.keys[mask],
            list(compress(self.parties, mask.tolist())), self.event_ids.filter(kept), self.shared.kept(mask),
            lambda some: self.whole(places[some]),
        )  # fmt: skip

    def part(self, start: int, end: int) -> "Arrived":
        """The events from *start* to before *end*."""
        return Arrived(
            self.own[start:end], self.offsets[start:end], self.watermarks[start:end], self.ties[start:end],
            self.keys[start:end], self.parties[start:end], self.event_ids[start:end], self.shared.part(start, end),
            lambda some: self.whole(start + some),
        )  # fmt: skip


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
    found = parties.cast(pl.Binary).to_list()
    return np.fromiter(map(xxhash.xxh3_64_intdigest, found), np.uint64, len(found))


def party_numbers(keys: Keys) -> pl.Series:
    """What stored rows call their parties by, beside the id: whole numbers that every reader of JSON takes whole.

    Of ten million, any two have the same one with odds of 1 to 180; they count as one visitor.
    """
    return pl.Series(PARTY_HASH, (keys & np.uint64((1 << HASH_BITS) - 1)).astype(np.int64))


def is_click(name: str) -> bool:
    """Whether an event of that name counts as a click: it is called ``click``, or something that ends so."""
    return name == "click" or name.endswith("_click")


def rows_of(events: Arrived, rules: Rules) -> Rows:
    """A piece of each of *events*, which are in offset order, alone."""
    rows, event, shared = np.zeros(len(events.parties), ROW), events.own["event"], events.shared
    rows["key"] = events.keys
    rows["party_bytes"] = np.fromiter(map(len, events.parties), np.uint32, len(rows))
    rows["start_ms"] = rows["end_ms"] = rows["origin_ms"] = events.own["timestamp_ms"].to_numpy()
    rows["first_tie"] = rows["origin_tie"] = _with_ties(events)
    rows["events"] = 1
    rows["inside"], rows["bot"] = shared.array("inside"), shared.array("bot")
    has_path = shared.array("page", lambda path: path is not None)
    names = dict.fromkeys(event.to_list())
    codes = np.fromiter(map({name: code for code, name in enumerate(names)}.__getitem__, event.to_list()), np.intp)
    kinds = (("pageviews", "page_view".__eq__), ("clicks", is_click), ("heartbeats", HEARTBEAT.__eq__))
    for column, is_one in kinds:
        rows[column] = np.array([is_one(name) for name in names], bool)[codes] if names else 0
    rows["pages"] = has_page = (rows["pageviews"] > 0) & has_path
    rows["last_page_ms"][has_page], rows["last_page_tie"][has_page] = (
        rows["start_ms"][has_page], rows["first_tie"][has_page])  # fmt: skip
    for conversion in rules.conversions:
        _convert(rows, events.own, conversion)
    if rules.splits.by_event:
        marked(rows, event.to_list(), events.shared.campaigns, rules.splits)
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
