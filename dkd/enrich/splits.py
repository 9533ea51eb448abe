"""Events are marked that may begin a session of their own, and get the day on which they lie."""

import json
from collections.abc import Sequence

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.dedup import Times
from dkd.enrich.rules import Splits
from dkd.enrich.runs import Rows
from dkd.errors import UsageError

EVENT, CAMPAIGN = 1, 2
"""Bits of a mark: an event of a kind that begins a session, and a pageview by a campaign."""

_SAME_CAMPAIGN = 3
"""Source, medium and campaign, of the utm columns in their order; another term or content is no other campaign."""


def marked(rows: Rows, names: Sequence[str], campaigns: Sequence[bytes], splits: Splits) -> None:
    """Set ``mark`` and ``campaign`` of the *rows* of single events.

    Args:
        rows: ``pageviews`` is set.
        names: Of the events.
        campaigns: Each event's utm columns, as members of a JSON array.
        splits: Of the model.
    """
    if splits.campaign:
        codes = {text: _code(text) for text in dict.fromkeys(campaigns)}
        rows["campaign"] = np.fromiter(map(codes.__getitem__, campaigns), np.uint32, len(rows))
        rows["mark"] = np.where((rows["campaign"] > 0) & (rows["pageviews"] > 0), CAMPAIGN, 0)
    if splits.events:
        rows["mark"] |= np.fromiter((EVENT * (name in splits.events) for name in names), np.uint32, len(rows))


def _code(text: bytes) -> int:
    """A number for a campaign; 0 where nothing names its source.

    Of 32 bits: two campaigns that meet in a session have the same one, and part nothing, with odds of 1 to 4 * 10^9.
    """
    named = json.loads(b"[" + text + b"]")[:_SAME_CAMPAIGN]
    return xxhash.xxh3_64_intdigest(json.dumps(named).encode()) % (2**32 - 1) + 1 if named[0] is not None else 0


def days(times: Times, splits: Splits) -> NDArray[np.int64]:
    """The local date of each time as a number; the same for all where midnight parts nothing.

    However long a day is, it ends where the clock of its zone says so.
    """
    if splits.zone is None:
        return np.zeros(len(times), np.int64)
    local = pl.Series(times).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(splits.zone)
    return local.dt.date().cast(pl.Int64).to_numpy()


def require_zone(splits: Splits, site: str) -> None:
    """Return when the zone of *splits* is one that can be computed with.

    Raises:
        UsageError: DKD709, for one that only this machine's own list has.
    """
    try:
        days(np.zeros(1, np.int64), splits)
    except pl.exceptions.PolarsError as error:
        problem, remedy = f"sessions cannot be parted at the midnights of {splits.zone!r}", "write an IANA name"
        raise UsageError("DKD709", where=site, problem=problem, remedy=remedy) from error
