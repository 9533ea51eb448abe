"""A model's events → the parts they play in a visit: who sees which of them when."""

from collections.abc import Mapping
from dataclasses import dataclass

from dkd.enrich.bots import AUTOMATED
from dkd.model.schema import Field, Model

_NAMES = {
    "page": ("page_view", "pageview", "view", "page"),
    "search": ("search", "site_search"),
    "product": ("product_view", "view_item", "view_product", "item_view", "detail_view"),
    "cart": ("add_to_cart", "add_item", "basket_add", "cart_add"),
    "removal": ("remove_from_cart", "remove_item", "basket_remove", "cart_remove"),
    "checkout": ("begin_checkout", "checkout_started", "checkout"),
    "login": ("login", "log_in", "sign_in"),
    "attention": ("heartbeat",),
    "goal": ("purchase", "order", "checkout_completed", "transaction", "sign_up", "signup", "register", "lead"),
    "account": ("sign_up", "signup", "register"),
}
_SOLD = frozenset(("purchase", "order", "checkout_completed", "transaction"))


@dataclass(frozen=True)
class Plot:
    """Which event of the model plays which part.

    Attributes:
        parts: Name of the event for each of page, search, product, cart, removal, checkout, login, attention, goal and
            account, where the model has one; an account is made on the way to a goal that is not that.
        others: Events that play none of these; they happen now and then on a page.
        fields: Fields of each event, the shared ones among them.
        sells: Whether the goal is a purchase, so that it needs a cart.
    """

    parts: dict[str, str]
    others: tuple[str, ...]
    fields: dict[str, dict[str, Field]]
    sells: bool


def plot_of(model: Model) -> Plot:
    """The parts that the events of *model* play, by their names; where none is a goal, the first conversion is."""
    parts = {
        part: next(name for name in names if name in model.events)
        for part, names in _NAMES.items()
        if any(name in model.events for name in names)
    }
    conversions = model.enrich.timing.conversions
    if conversions and conversions[0].event not in parts.values():
        parts["goal"] = conversions[0].event
    if parts.get("account") == parts.get("goal"):
        parts.pop("account", None)
    return Plot(
        parts=parts,
        others=tuple(name for name in model.events if name not in parts.values()),
        fields={name: _filled(model, event.fields) for name, event in model.events.items()},
        sells="cart" in parts or parts.get("goal") in _SOLD,
    )


def _filled(model: Model, own: Mapping[str, Field]) -> dict[str, Field]:
    """Fields of an event that visits fill; what a browser says of itself is not theirs to make up."""
    return {name: field for name, field in {**model.fields, **own}.items() if name != AUTOMATED}
