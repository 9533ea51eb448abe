"""A field of any model, and what is going on at the moment → a plausible value, by the field's name and type."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dkd.model.schema import Field
from dkd.simulate.dice import Dice
from dkd.simulate.world import CATEGORIES, PRODUCTS, SEARCHES, Product

Value = str | int | float | bool | list[str]

_GIVEN = 0.9
"""How often a field is filled that need not be."""
_DAY_MS = 86_400_000


@dataclass
class Scene:
    """What a visitor does at the moment.

    Attributes:
        time_ms: When.
        page_url: Where.
        country: Two letters.
        user: The account; None while nobody is logged in.
        product: What is looked at.
        quantity: How many of it.
        cart_cents: What is in the cart.
        words: What was searched for.
        order: The order that is placed.
    """

    time_ms: int
    page_url: str
    country: str
    user: str | None = None
    product: Product = PRODUCTS[0]
    quantity: int = 1
    cart_cents: int = 0
    words: str = SEARCHES[0]
    order: str = ""


def values(fields: Mapping[str, Field], scene: Scene, dice: Dice) -> dict[str, Value]:
    """A value for each field that this event happens to fill; all that it must carry are there."""
    found: dict[str, Value] = {}
    for name, field in fields.items():
        value = _value(name, field, scene, dice)
        if value is not None and (field.required or _is_known(name) or dice.chance(_GIVEN)):
            found[name] = value
    return found


def _is_known(name: str) -> bool:
    """Whether the scene has just this value; then it is never left out."""
    return bool(_words(name) & (_PRODUCT | _ORDER | _USER | _MONEY | _QUANTITY | _QUERY))


_MONEY = frozenset(("price", "revenue", "amount", "total", "value", "cost", "sum"))
_QUANTITY = frozenset(("quantity", "qty", "items"))
_PRODUCT = frozenset(("product", "sku", "article", "item"))
_ORDER = frozenset(("order", "transaction", "booking", "invoice"))
_USER = frozenset(("user", "customer", "account", "member", "login"))
_QUERY = frozenset(("query", "search", "term", "keyword", "q"))
_ADDRESS = frozenset(("url", "link", "href", "target"))
_FILES = ("catalogue.pdf", "size-guide.pdf", "terms.pdf", "press-kit.zip")
_ELEMENTS = ("menu", "teaser", "more", "contact", "hero")
_TAGS = ("a", "button")
_LANGUAGES = {"NL": "nl", "BE": "nl", "DE": "de", "FR": "fr", "ES": "es", "IT": "it", "PL": "pl", "SE": "sv"}
_FORMS = ("newsletter", "contact", "review")
_FORM_FIELDS = (("email",), ("name", "email", "message"), ("stars", "text"))
_CAPTIONS = ("Add to cart", "Menu", "Read more", "Size guide", "Next")
_DEPTHS = (25, 50, 75, 90, 100)
_WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")


def _words(name: str) -> frozenset[str]:
    return frozenset(name.split("_"))


def _value(name: str, field: Field, scene: Scene, dice: Dice) -> Value | None:
    if field.type == "enum":
        # The first ones are the common ones, as people write them down.
        return dice.weighted(field.values, [1 / seq for seq in range(1, len(field.values) + 1)])
    if field.type == "boolean":
        return dice.chance(0.3)
    if field.type == "timestamp":
        return scene.time_ms - dice.between(0, _DAY_MS)
    if field.type == "list" and "form" in _words(name):
        return list(dice.pick(_FORM_FIELDS))
    if field.type == "list":
        return [dice.pick(CATEGORIES) for _ in range(dice.between(1, 3))]
    if field.type == "string":
        text = _text(_words(name), scene, dice)
        return scene.user or dice.word(8) if text is None and field.required else text
    return _number(_words(name), field.type, scene, dice)


def _text(words: frozenset[str], scene: Scene, dice: Dice) -> str | None:
    """A text for a field of these *words*; None where the visitor is not known by name."""
    if words & _USER:
        return scene.user
    if "email" in words:
        return scene.user and f"{scene.user}@example.com"
    for known, text in (
        (_ORDER, scene.order or f"o-{dice.word(8)}"),
        (_QUERY, scene.words),
        (frozenset(("category", "section", "group")), scene.product.category),
        (_PRODUCT, scene.product.name),
        (frozenset(("currency",)), "EUR"),
        (frozenset(("country",)), scene.country),
        (frozenset(("language", "locale", "lang")), _LANGUAGES.get(scene.country, "en")),
        (frozenset(("caption", "text")), dice.pick(_CAPTIONS)),
        (frozenset(("form",)), dice.pick(_FORMS)),
        (frozenset(("path",)), _path(scene, words)),
        (frozenset(("method",)), dice.pick(("email", "google", "apple"))),
        (_ADDRESS, scene.page_url),
        (frozenset(("file", "document", "download")), dice.pick(_FILES)),
        (frozenset(("tag",)), dice.pick(_TAGS)),
        (frozenset(("element", "button", "selector")), dice.pick(_ELEMENTS)),
    ):
        if words & known:
            return text
    return dice.pick(_WORDS)


def _path(scene: Scene, words: frozenset[str]) -> str:
    return f"/{scene.product.category}" if "from" in words else urlsplit(scene.page_url).path


def _number(words: frozenset[str], kind: str, scene: Scene, dice: Dice) -> int | float:
    if words & _QUANTITY:
        return scene.quantity
    if "depth" in words:
        return dice.pick(_DEPTHS)
    if words & _MONEY:
        cents = scene.cart_cents if scene.order or "cart" in words else scene.product.price_cents
        return cents // 100 if kind in ("int", "long") else cents / 100
    return dice.between(0, 100) if kind in ("int", "long") else dice.between(0, 1000) / 10
