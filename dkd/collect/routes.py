"""A model and a target → the collector's routes, and each request's way to one of them."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from dkd.collect.address import Proxies
from dkd.collect.batch import Batch
from dkd.collect.duplicates import Duplicates
from dkd.collect.events import Events
from dkd.collect.jsonsource import JsonRoute
from dkd.collect.layout import Layout
from dkd.collect.message import DIVOLTE, MALFORMED, NOT_FOUND, TEXT, Answer, Outcome, Request, answer
from dkd.collect.pixel import Pixel
from dkd.collect.salt import Salts
from dkd.collect.senders import Origins, Senders
from dkd.collect.tag import Tag
from dkd.collect.target import MalformedTarget, canonical_path, is_sound, split
from dkd.collect.visitors import visitors
from dkd.collect.weblog import log_shape
from dkd.model.digest import running_digest
from dkd.model.schema import Model
from dkd.settings import Settings

Handle = Callable[[Request], Answer | Outcome]

_PONG = answer(HTTPStatus.OK, (*DIVOLTE, *TEXT), b"pong")
_NO_PONG = answer(HTTPStatus.SERVICE_UNAVAILABLE, (*DIVOLTE, *TEXT), b"No p*ng for you, shutting down")
_MOST_HOSTS = 1


class Routes:
    """The collector's routes by path."""

    def __init__(self, handlers: Mapping[str, Handle], proxies: Proxies) -> None:
        """Answer with *handlers*; a request through one of *proxies* is of whoever sent it there."""
        self._handlers, self._proxies = handlers, proxies
        self._as_sent = {path.encode(): handle for path, handle in handlers.items()}

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer to *request*; some wait for their messages."""
        if not is_sound(request.target):
            return MALFORMED
        try:
            handle = self._as_sent.get(request.target.partition(b"?")[0]) or self._spelled_otherwise(request.target)
        except MalformedTarget:
            return MALFORMED
        names = [name for name, _ in request.headers]
        if names.count(b"host") > _MOST_HOSTS or not self._proxies.is_believed(request, names):
            return MALFORMED
        return handle(self._proxies.visitor(request, names)) if handle else NOT_FOUND

    def _spelled_otherwise(self, target: bytes) -> Handle | None:
        path = split(target).path
        return self._handlers.get(path) or self._handlers.get(canonical_path(path))


class Kept(NamedTuple):
    """What outlives the routes of one model.

    Attributes:
        salts: The secrets of days.
        duplicates: The memory of repeats.
        processes: How many collectors share the port, and with it the rate of a network.
        is_stopping: Whether whoever balances loads should look elsewhere.
    """

    salts: Salts
    duplicates: Duplicates
    processes: int = 1
    is_stopping: Callable[[], bool] = lambda: False


def routes(model: Model, settings: Settings, kept: Kept | None = None) -> Routes:
    """The routes of *model*'s collector at the target of *settings*.

    ``/divolte.js`` is dkd's tag too, so that pages that include Divolte's go on working.

    Args:
        model: The site.
        settings: Its target.
        kept: From the routes before; None for the first ones.
    """
    kept = kept or Kept(Salts(), Duplicates())
    said, layout, duplicates = model.collector, Layout(model), kept.duplicates
    known = visitors(model, kept.salts, kept.processes)
    topics = model.topic("raw"), model.topic("rejects")
    batch = Batch(
        Events(topics[0], layout, known, duplicates),
        topics[1],
        Senders(settings.sender_keys.values(), settings.is_local),
        Origins(said.origins, settings.is_local, known.cookies.is_on),
        log_shape(model, settings.pseudonym_key),
        known,
    )
    health = answer(HTTPStatus.OK, TEXT, f"ok\nmodel {running_digest(model)}\n".encode())
    folder, tag = said.event_path.rpartition("/")[0], Tag(said)
    handlers: dict[str, Handle] = {
        said.event_path: Pixel(layout, topics, known, duplicates),
        f"{folder}/collect": batch,
        f"{folder}/dkd.js": tag,
        f"{folder}/divolte.js": tag,
        f"{folder}/{tag.name}": tag.kept,
        "/collect": batch,
        "/ping": lambda _request: _NO_PONG if kept.is_stopping() else _PONG,
        "/healthz": lambda _request: health,
    }
    if said.json_source:
        source = said.json_source
        handlers[source.path] = JsonRoute(source, layout, topics, known, duplicates)
    return Routes(handlers, Proxies(said.proxies))
