"""What can be chosen on the page: dimensions, stretches of time, grains, zones and saved views."""

from collections.abc import Iterator, Sequence
from typing import Any

from dkd.explore import words
from dkd.explore.plan import MOST_BUCKETS
from dkd.explore.view import Saved, View
from dkd.model.schema import Model
from dkd.query.definition import computed
from dkd.query.dimension import columns, dimensions
from dkd.query.measure import kind_of, parts
from dkd.query.periods import bucket_count
from dkd.query.question import Interval

STRETCHES = (("1h", "Last hour"), ("1d", "Last day"), ("7d", "7 days"), ("30d", "30 days"))

IDENTIFIERS = frozenset({
    "party_id", "party_number", "session_id", "collector_session_id", "pageview_id", "event_id", "received_ms",
    "end_ms", "page_url", "page_query", "referrer_url",
})  # fmt: skip
"""Columns with about as many values as rows: they can be asked for, but a menu is no place for them."""

_ZONES = (
    "UTC", "Europe/London", "Europe/Amsterdam", "Europe/Berlin", "Europe/Helsinki", "America/New_York",
    "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip


def menus(model: Model, view: View | None, saved: Sequence[Saved], span: Interval | None) -> dict[str, Any]:
    """Every menu: lists of a value and its label; a dimension also says how it is computed, nothing for a column."""
    return {
        "dimensions": list(_dimensions(model, view)),
        "stretches": [list(one) for one in STRETCHES],
        "grains": list(_grains(span)),
        "zones": sorted({*_ZONES, *([view.question.zone] if view else [])}, key=lambda zone: (zone != "UTC", zone)),
        "views": [list(one) for one in saved],
        "segments": [],
    }


def _dimensions(model: Model, view: View | None) -> Iterator[list[str]]:
    """What the chosen measure can be asked by: sessions have no product, and events no entry page."""
    counted = parts(model, view.shown) if view else ()
    kinds = [kind for part in counted if (kind := kind_of(model, part.measure))]
    names = [
        name
        for name, column in dimensions(model).items()
        if column.type != "list" and name not in IDENTIFIERS and all(name in columns(model, kind) for kind in kinds)
    ]
    for name in sorted(names, key=lambda name: words.label(name).lower()):
        yield [name, words.label(name), computed(model, name)]


def _grains(span: Interval | None) -> Iterator[list[str]]:
    for grain, name in words.GRAIN_NAMES.items():
        if span is None or bucket_count(span, grain) <= MOST_BUCKETS:
            yield [grain, f"by {name}"]
