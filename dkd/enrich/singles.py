"""Events become pieces of sessions of one event each: what each of them counts for.

Events of one time are ordered by the hash of party and event id, or of their content where they have no id.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.bots import bits_of
from dkd.enrich.dedup import Keys, Times
from dkd.enrich.distinct import number_by_text
from dkd.enrich.rules import HEARTBEAT, Values
from dkd.enrich.runs import ROW, Places, Rows

ORIGIN = ("referrer_url", "referrer_medium", "referrer_source", "utm_source", "utm_medium", "utm_campaign", "utm_term",
          "utm_content", "channel")  # fmt: skip
DEVICE = ("browser", "browser_version", "os", "os_version", "device_type", "country", "city")

_LARGEST_VALUE = 1e14
_MICROS = 1_000_000


@dataclass(frozen=True)
class Events:
    """Events that join sessions, in offset order.

    Attributes:
        frame: Their clean columns.
        offsets: Where each stands in raw.
        watermarks: Of the partition when it came.
        rows: A piece of each event alone.
    """

    frame: pl.DataFrame
    offsets: NDArray[np.int64]
    watermarks: Times
    rows: Rows

    @property
    def keys(self) -> Keys:
        """Hash of each event's party."""
        keys: Keys = self.rows["key"]
        return keys


def is_click(name: str) -> bool:
    """Whether an event of that name counts as a click: it is called ``click``, or something that ends so."""
    return name == "click" or name.endswith("_click")


def rows_of(frame: pl.DataFrame, ties: Keys, conversions: Sequence[Values]) -> Rows:
    """A piece of each event of *frame* alone.

    Args:
        frame: Clean events.
        ties: Orders events of one time; 0 where the event has no id.
        conversions: Which events count as conversions.
    """
    rows, event = np.zeros(frame.height, ROW), frame["event"]
    parties = frame["party_id"].cast(pl.Binary)
    digest = xxhash.xxh3_64_intdigest
    rows["key"] = np.fromiter((digest(party) for party in parties.to_list()), np.uint64, frame.height)
    rows["party_bytes"] = parties.bin.size().to_numpy()
    rows["start_ms"] = rows["end_ms"] = rows["origin_ms"] = frame["timestamp_ms"].to_numpy()
    rows["first_tie"] = rows["origin_tie"] = _with_ties(frame, ties)
    rows["events"] = 1
    rows["pageviews"] = is_pageview = (event == "page_view").to_numpy()
    clicks = [name for name in event.unique().to_list() if is_click(name)]
    rows["clicks"] = event.is_in(clicks).to_numpy()
    rows["heartbeats"] = (event == HEARTBEAT).to_numpy()
    rows["pages"] = has_page = is_pageview & frame["page_path"].is_not_null().to_numpy()
    rows["last_page_ms"][has_page], rows["last_page_tie"][has_page] = (
        rows["start_ms"][has_page], rows["first_tie"][has_page])  # fmt: skip
    rows["bot"] = number_by_text(frame["bot_reason"], bits_of)
    outside = (pl.col("referrer_medium") != "internal").fill_null(False) | pl.col("utm_source").is_not_null()
    rows["inside"] = frame.select(~outside).to_series().to_numpy()
    for conversion in conversions:
        _convert(rows, frame, conversion)
    return rows


def _with_ties(frame: pl.DataFrame, ties: Keys) -> Keys:
    nameless = np.flatnonzero(ties == 0)
    if not len(nameless):
        return ties
    columns = ("event", "page_path", *ORIGIN, *DEVICE)
    texts = frame[nameless].select(pl.struct(columns).struct.json_encode()).to_series().cast(pl.Binary).to_list()
    found = ties.copy()
    found[nameless] = np.fromiter((xxhash.xxh3_64_intdigest(text) for text in texts), np.uint64, len(texts))
    return found


def _convert(rows: Rows, frame: pl.DataFrame, conversion: Values) -> None:
    is_one = (frame["event"] == conversion.event).to_numpy()
    rows["conversions"] += is_one
    if conversion.column is None or not frame[conversion.column].dtype.is_numeric():
        return  # a pseudonym is no number any more
    values = frame[conversion.column].cast(pl.Float64).fill_null(0.0).to_numpy()
    values = np.clip(np.where(np.isfinite(values) & is_one, values, 0.0), -_LARGEST_VALUE, _LARGEST_VALUE)
    # Whole numbers: a sum of floats would depend on the order in which it is made.
    units = np.floor(values)
    rows["units"] += units.astype(np.int64)
    rows["micros"] += np.rint((values - units) * _MICROS).astype(np.int64)


def value_of(units: int, micros: int) -> float:
    """The sum of values that was kept as whole numbers."""
    return (units * _MICROS + micros) / _MICROS


def payloads(frame: pl.DataFrame, places: Places, columns: Sequence[str]) -> list[bytes]:
    """The texts of *columns* of the rows at *places*, as JSON arrays."""
    chosen = frame.select(columns)[places].select(pl.struct(pl.concat_list(columns).alias("v")).struct.json_encode())
    return [text[len('{"v":') : -1] for text in chosen.to_series().cast(pl.Binary).to_list()]
