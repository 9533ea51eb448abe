"""A visitor and a moment → the events of one visit: a walk through the site, by the persona's habits."""

from typing import NamedTuple
from urllib.parse import quote_plus

from dkd.simulate.dice import Dice
from dkd.simulate.incident import DAY_MS, Incident, incident_of
from dkd.simulate.plot import Plot
from dkd.simulate.values import Scene, values
from dkd.simulate.visitor import Visitor
from dkd.simulate.world import ARRIVALS, CATEGORIES, POPULARITY, PRODUCTS, ROBOTS, SEARCHES, Robot

LONGEST_MS = 2 * 3_600_000
"""No visit takes longer; what would come after that is left out."""
_MOST_PAGES = 60
_READING_MS = 20_000
_BEAT_MS = 10_000
_ATTENTIVE = 0.4
"""How often a page that is read for longer than a heartbeat takes shows attention."""
_REST_MS = (31 * 60_000, 60 * 60_000)
_OTHERS, _REGRETS, _JOINS = 0.15, 0.12, 0.5
"""Of all pages: those on which something else happens; of products in a cart: those that are taken out again; of buyers
without an account: those who make one."""


class Happening(NamedTuple):
    """One event of a visit.

    Attributes:
        time_ms: When it happens.
        given: The event.
        failed: Whether the visitor meant to reach the goal here and could not.
    """

    time_ms: int
    given: dict[str, object]
    failed: bool = False


class Walk:
    """One way through the site, page by page; collects what happens."""

    def __init__(self, site: str, plot: Plot, known: dict[str, object], country: str, dice: Dice, time_ms: int) -> None:
        self._site = f"https://{site.replace('_', '-')}.example"
        self._plot, self._known, self._dice = plot, known, dice
        self.scene = Scene(time_ms, f"{self._site}/", country)
        self._before: str | None = None
        self._pageview_id = ""
        self.made: list[Happening] = []

    def pause(self, typical_ms: int) -> None:
        """Let time pass."""
        self.scene.time_ms += self._dice.pause(typical_ms)

    def read(self) -> None:
        """Let the time pass that a page takes, at times with a sign of attention."""
        attention = "attention" in self._plot.parts and self._dice.chance(_ATTENTIVE)
        before_ms = self.scene.time_ms
        self.pause(_READING_MS)
        after_ms = self.scene.time_ms
        if attention and after_ms - before_ms > _BEAT_MS + 1000:
            self.scene.time_ms = before_ms + _BEAT_MS
            self.play("attention")
            self.scene.time_ms = after_ms

    def arrive(self, path: str, query: str, referrer: str | None) -> None:
        """Open the first page."""
        self._show(f"{self._site}/{path}{'?' if query else ''}{query}", referrer)

    def open(self, path: str, *, failed: bool = False) -> None:
        """Open another page of the site."""
        self._show(f"{self._site}/{path}", self.scene.page_url, failed=failed)

    def play(self, part: str) -> None:
        """The event that plays *part*, where the model has one."""
        if part in self._plot.parts:
            self._emit(self._plot.parts[part])

    def _show(self, url: str, before: str | None, *, failed: bool = False) -> None:
        self.scene.page_url, self._before, self._pageview_id = url, before, f"0:{self._dice.word(12)}"
        others = self._plot.others
        if "page" in self._plot.parts:
            self._emit(self._plot.parts["page"], failed=failed)
        if others and ("page" not in self._plot.parts or self._dice.chance(_OTHERS)):
            self._emit(self._dice.pick(others), failed=failed and "page" not in self._plot.parts)

    def _emit(self, name: str, *, failed: bool = False) -> None:
        self.scene.time_ms += self._dice.between(120, 900)
        given: dict[str, object] = {
            "event": name,
            "event_id": self._dice.word(20),
            "timestamp_ms": self.scene.time_ms,
            **self._known,
            "page_url": self.scene.page_url,
            **({"referrer_url": self._before} if self._before else {}),
            "pageview_id": self._pageview_id,
            **values(self._plot.fields[name], self.scene, self._dice),
        }
        self.made.append(Happening(self.scene.time_ms, given, failed))


def visit(seed: int, site: str, plot: Plot, visitor: Visitor, dice: Dice, start_ms: int) -> Walk:
    """The visit that *visitor* begins at *start_ms*; its walk can be gone on with."""
    persona, walk = visitor.persona, Walk(site, plot, visitor.known, visitor.country.code, dice, start_ms)
    if persona.name == "customer":
        walk.scene.user = visitor.user
    _land(walk, dice)
    if walk.scene.user and "login" in plot.parts:
        walk.pause(8_000)
        walk.play("login")
    rests = dice.chance(persona.rest)
    for page in range(_MOST_PAGES):
        if not dice.chance(persona.stay):
            break
        walk.read()
        if rests and page == 2:
            walk.scene.time_ms += dice.between(*_REST_MS)
        dice.weighted((_category, _product, _search), persona.steps)(walk, dice)
        if plot.sells and dice.chance(persona.cart):
            _add(walk, dice)
            if "removal" in plot.parts and dice.chance(_REGRETS):
                _remove(walk)
    if dice.chance(persona.buy) and (walk.scene.cart_cents or not plot.sells):
        incident = incident_of(seed, walk.scene.time_ms // DAY_MS)
        _finish(walk, plot, visitor, dice, incident)
    return walk


def robot_run(site: str, plot: Plot, dice: Dice, start_ms: int, party: str) -> tuple[Robot, Walk]:
    """The pages that an automated visitor calls, beginning at *start_ms*."""
    robot = dice.weighted(ROBOTS, [one.share for one in ROBOTS])
    agent = dice.pick(robot.agents)
    known: dict[str, object] = {
        "party_id": party,
        "ip": f"{dice.pick(robot.networks)}.{dice.between(1, 254)}",
        **({"user_agent": agent} if agent else {}),
        **({"viewport_width": 1280, "viewport_height": 720} if robot.kind in ("headless", "hidden") else {}),
    }
    walk = Walk(site, plot, known, "US", dice, start_ms)
    walk.arrive("", "", None)
    place = dice.between(0, len(PRODUCTS) - 1)
    for page in range(1, dice.between(*robot.pages)):
        due_ms = start_ms + page * robot.pause_ms
        walk.scene.time_ms = due_ms if robot.is_even else walk.scene.time_ms + dice.pause(robot.pause_ms)
        product = PRODUCTS[(place + page) % len(PRODUCTS)]
        walk.scene.product = product
        walk.open(f"{product.category}/{product.name}")
    return robot, walk


def _land(walk: Walk, dice: Dice) -> None:
    arrival = dice.weighted(ARRIVALS, [one.share for one in ARRIVALS])
    path = dice.weighted(("", dice.pick(CATEGORIES)), (55, 45))
    walk.arrive(path, arrival.query, arrival.referrer)


def _category(walk: Walk, dice: Dice) -> None:
    walk.open(dice.pick(CATEGORIES))


def _search(walk: Walk, dice: Dice) -> None:
    walk.scene.words = dice.pick(SEARCHES)
    walk.open(f"search?q={quote_plus(walk.scene.words)}")
    walk.play("search")


def _product(walk: Walk, dice: Dice) -> None:
    product = walk.scene.product = dice.weighted(PRODUCTS, POPULARITY)
    walk.open(f"{product.category}/{product.name}")
    walk.play("product")


def _add(walk: Walk, dice: Dice) -> None:
    walk.pause(6_000)
    walk.scene.quantity = dice.weighted((1, 2, 3), (88, 10, 2))
    walk.scene.cart_cents += walk.scene.quantity * walk.scene.product.price_cents
    walk.play("cart")


def _remove(walk: Walk) -> None:
    walk.pause(6_000)
    walk.scene.cart_cents -= walk.scene.quantity * walk.scene.product.price_cents
    walk.play("removal")


def _finish(walk: Walk, plot: Plot, visitor: Visitor, dice: Dice, incident: Incident) -> None:
    """Pay, or sign up; while something is broken it ends on an error page."""
    door = "checkout" if plot.sells else "join"
    walk.pause(_READING_MS)
    walk.open(door)
    walk.play("checkout")
    walk.pause(30_000)
    if incident.hits(walk.scene.time_ms, visitor.country.code, visitor.browser.family):
        walk.open(f"{door}/error", failed=True)
        return
    known, walk.scene.user = walk.scene.user, visitor.user
    if known is None and "account" in plot.parts and dice.chance(_JOINS):
        walk.play("account")
    walk.scene.order = f"o-{dice.word(8)}"
    walk.open(f"{door}/thanks")
    walk.play("goal")
