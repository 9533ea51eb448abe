"""A dashboard in the bar's time and filters → its tiles, each a page of its own without what stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dkd.explore.dashboard import Dashboard, Tile, merged
from dkd.explore.page import Found, page
from dkd.explore.plan import Plan, planned
from dkd.explore.state import nothing
from dkd.explore.view import BEHAVIOURS, View, as_link, fitted
from dkd.model.schema import Model

Json = dict[str, Any]
_SHOWN = ("state", "compares", "cards", "chart", "picture", "marks", "sources")


@dataclass(frozen=True)
class Laid:
    """One tile before its answers.

    Attributes:
        tile: Of the file.
        view: Its view in the bar's time and filters; None where none of it can be asked so.
        plan: Its questions.
        dropped: What of it was left out.
    """

    tile: Tile
    view: View | None
    plan: Plan | None
    dropped: tuple[str, ...]


def laid(model: Model, board: Dashboard, bar: View, end: datetime) -> list[Laid]:
    """The tiles of *board* in the time and with the filters of *bar*, up to *end*."""
    found = []
    for tile in board.tiles:
        fits = fitted(merged(bar, tile.view), model)
        plan = planned(model, fits.view, end) if fits.view is not None else None
        found.append(Laid(tile, fits.view, plan, fits.dropped))
    return found


def drawn(model: Model, tiles: Sequence[Laid], found: Sequence[Found | None]) -> list[Json]:
    """Each tile as the page draws it, with its answers in *found*."""
    return [_drawn(model, one, answers) for one, answers in zip(tiles, found, strict=True)]


def _drawn(model: Model, one: Laid, found: Found | None) -> Json:
    bare: Json = {"title": one.tile.title, "width": one.tile.width, "link": "", "dropped": list(one.dropped)}
    if one.view is None or one.plan is None or found is None:
        return bare | {"state": nothing("None of this tile can be shown.", has_filters=False), "cards": []}
    name = next((name for name in BEHAVIOURS if getattr(one.view, name) is not None), None)
    if name is not None:
        # A tile draws no behaviour, and the view's measures alone would pass for it.
        bare["dropped"].append(f"Open it for its {name}.")
        return bare | {"link": as_link(one.view), "state": None, "cards": []}
    whole = page(model, one.view, one.plan, found)
    return bare | {"link": as_link(one.view), "view": whole["view"]} | {name: whole[name] for name in _SHOWN}
