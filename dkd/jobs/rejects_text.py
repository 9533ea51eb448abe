"""A list of rejects → text for people, JSON for programs; never what visitors sent."""

import json

from dkd.jobs.fit import moment
from dkd.jobs.rejects import Listing, as_dict
from dkd.query.rows import Rows
from dkd.query.show import as_table

_COLUMNS = ("reject_id", "received", "stage", "reason", "code", "problem", "replayed")


def listing_text(listing: Listing) -> str:
    """A table, newest first."""
    rows = tuple(
        (
            one.reject_id,
            moment(one.received_ms),
            one.stage,
            one.reason,
            one.code,
            one.problem,
            "yes" if one.reject_id in listing.replayed_ms else "",
        )
        for one in listing.rejects
    )
    table = as_table(Rows(_COLUMNS, ("VARCHAR",) * len(_COLUMNS), rows))
    left = listing.total - len(rows)
    return f"{table}\n{left:,} older ones; --limit shows more, --by reason counts them" if left > 0 else table


def listing_json(listing: Listing) -> str:
    """A list of objects, newest first."""
    told = [as_dict(one, listing.replayed_ms.get(one.reject_id)) for one in listing.rejects]
    return json.dumps(told, indent=2, ensure_ascii=False)
