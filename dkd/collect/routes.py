"""A model and a target → the collector's routes, and each request's way to one of them."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from dkd.collect.address import Addresses
from dkd.collect.batch import Batch
from dkd.collect.duplicates import Duplicates
from dkd.collect.events import Events
from dkd.collect.layout import Layout
from dkd.collect.message import DIVOLTE, MALFORMED, NOT_FOUND, TEXT, Answer, Outcome, Request, answer
from dkd.collect.pixel import Pixel
from dkd.collect.senders import Origins, Senders
from dkd.collect.tag import Tag
from dkd.collect.target import MalformedTarget, canonical_path, split
from dkd.collect.weblog import log_shape
from dkd.model.digest import running_digest
from dkd.model.schema import Model
from dkd.settings import Settings

Handle = Callable[[Request], Answer | Outcome]

_PONG = answer(HTTPStatus.OK, (*DIVOLTE, *TEXT), b"pong")
_MOST_HOSTS = 1


class Routes:
    """The collector's routes by path."""

    def __init__(self, handlers: Mapping[str, Handle]) -> None:
        """Answer with *handlers*."""
        self._handlers = handlers

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer to *request*; some wait for their messages."""
        try:
            path = split(request.target).path
            handle = self._handlers.get(path) or self._handlers.get(canonical_path(path))
        except MalformedTarget:
            return MALFORMED
        if sum(name == b"host" for name, _ in request.headers) > _MOST_HOSTS:
            return MALFORMED
        return handle(request) if handle else NOT_FOUND


def routes(model: Model, settings: Settings) -> Routes:
    """The routes of *model*'s collector at the target of *settings*.

    ``/divolte.js`` is dkd's tag too, so that pages that include Divolte's go on working.
    """
    layout = Layout(model)
    addresses = Addresses(model.collector.ip, settings.pseudonym_key)
    duplicates = Duplicates()
    raw, rejects = model.topic("raw"), model.topic("rejects")
    tag = Tag(model.collector.cookie_domain)
    batch = Batch(
        Events(raw, layout, addresses, duplicates),
        rejects,
        Senders(settings.sender_keys.values(), settings.is_local),
        Origins(model.collector.origins, settings.is_local),
        log_shape(model, settings.pseudonym_key),
    )
    health = answer(HTTPStatus.OK, TEXT, f"ok\nmodel {running_digest(model)}\n".encode())
    return Routes(
        {
            "/csc-event": Pixel(layout, (raw, rejects), addresses, duplicates),
            "/collect": batch,
            "/dkd.js": tag,
            "/divolte.js": tag,
            "/ping": lambda _request: _PONG,
            "/healthz": lambda _request: health,
        }
    )
