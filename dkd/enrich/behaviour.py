"""What visitors do, event by event in the order of the partition, tells some of them to be automated.

| reason | rule |
|---|---|
| ``rate_visitor`` | more than 600 events in a minute |
| ``pages_per_min`` | more than 30 pages in a minute |
| ``burst`` | 20 pages in a row, each another one and a second after the last at most, and nothing done between them |
| ``no_variance`` | 14 pages in a row, each another one, whose distances in time vary by 15 % of their mean at most |
| ``click_before_view`` | a second click of a visitor who is new and has seen no page |

Minutes are those of event time. A reason holds from the event that gave it on, until the party was not seen for the
horizon of dedup. Events with neither agent nor address are a server's, and are not watched.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from dkd import kernel
from dkd.enrich.bots import BIT, Reasons
from dkd.enrich.hashing import hashed
from dkd.enrich.kinds import IS_PAGE, KIND, PAGE
from dkd.enrich.stretches import (
    BEHAVIOUR,
    LIMITS,
    Line,
    Parties,
    Table,
    born_ms,
    parties_of,
)
from dkd.enrich.visitors import Rows, no_rows
from dkd.model.schema import Model


class Watched(NamedTuple):
    """Reasons of each event, and the rows of the visitors that they change, by key, for each partition."""

    reasons: Reasons
    changed: list[Rows]


def watched(events: pl.DataFrame, tables: Sequence[Table], horizon_ms: int, model: Model) -> Watched:
    """Watch a batch; nobody, where the model does not tell bots.

    Args:
        events: Of one partition after the other, in offset order, repeats taken out: ``party_id``,
            ``timestamp_ms``, ``page_url``, ``user_agent``, ``ip``, ``?party``, the hash of the party, ``?kind``, and
            ``?watermark``, the partition's when each came.
        tables: Of each partition.
        horizon_ms: For how long a visitor is remembered.
        model: The site; where it tells of no pages, clicks need none before them.
    """
    reasons = np.zeros(events.height, np.uint16)
    browsers = (events["user_agent"].is_not_null() | events["ip"].is_not_null()).to_numpy()
    if model.enrich.bots is None or not browsers.any():
        return Watched(reasons, [no_rows() for _ in tables])
    if browsers.all():
        mine = events
    else:
        before = np.append(0, np.cumsum(browsers))
        mine = events.filter(pl.Series(browsers))
        tables = [(visitors, int(before[start]), int(before[end])) for visitors, start, end in tables]
    parties = parties_of(mine, tables)
    found, changed = (_compiled if kernel.IS_COMPILED else _plain)(mine, parties, horizon_ms, PAGE in model.events)
    reasons[browsers] = found
    return Watched(reasons, [changed[start:end] for start, end in pairwise(parties.limits)])


def _plain(events: pl.DataFrame, parties: Parties, horizon_ms: int, has_pages: bool) -> tuple[Reasons, Rows]:
    """Reasons of *events*, and the rows of *parties* after them."""
    flags, rows = Line(events, parties, horizon_ms).judged(events, has_pages)
    found = np.empty(events.height, np.uint16)
    found[parties.order] = flags
    return found, rows


def _compiled(events: pl.DataFrame, parties: Parties, horizon_ms: int, has_pages: bool) -> tuple[Reasons, Rows]:
    """The same."""
    from dkd.kernel import behaviour

    kinds, pages, party_ids = events[KIND].to_numpy(), np.zeros(events.height, np.uint64), events["party_id"]
    is_page = (kinds & IS_PAGE) > 0
    pages[is_page] = hashed(events["page_url"].filter(pl.Series(is_page)).fill_null(""))
    found, rows = np.empty(events.height, np.uint16), no_rows(len(parties.keys))
    rows["key"] = parties.keys

    def is_new(place: int, since_ms: int) -> bool:
        made_ms = born_ms(party_ids[place])
        return made_ms is not None and made_ms >= since_ms

    behaviour.watched(
        parties.order, events.height, parties.starts, len(parties.starts), events["timestamp_ms"].to_numpy(),
        events["?watermark"].to_numpy(), kinds, pages, parties.known,
        (horizon_ms, *LIMITS),
        tuple(BIT[name] for name in BEHAVIOUR), has_pages, is_new, found, rows,
    )  # fmt: skip
    return found, rows
