"""A model's files that change → the routes of the new model in the place of the old ones, between two requests."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dkd.collect.message import Answer, Outcome, Request
from dkd.collect.routes import Handle
from dkd.errors import DkdError
from dkd.model.digest import running_digest
from dkd.model.schema import Model
from dkd.settings import Settings

Stamp = frozenset[tuple[str, int, int]]

_LOOK_S = 1.0


class Opened(NamedTuple):
    """A model, and where its target is."""

    model: Model
    settings: Settings


class Current:
    """The routes that count just now."""

    def __init__(self, handle: Handle) -> None:
        """Begin with *handle*."""
        self.handle = handle

    def __call__(self, request: Request) -> Answer | Outcome:
        """What they answer."""
        return self.handle(request)


class Renewal:
    """Looks at the model's files each second; requests that are under way keep the answers that they got."""

    def __init__(
        self,
        current: Current,
        model: Model,
        watched: tuple[Path, Callable[[], Opened]],
        make: Callable[[Model, Settings], Handle],
        say: Callable[[str], None],
    ) -> None:
        """Renew *current*, which works by *model*.

        Args:
            current: Whose routes are replaced.
            model: What they were made of.
            watched: The model's file, and what reads it; raises DkdError where it is no model.
            make: Makes routes.
            say: Takes one line of text for people.
        """
        self._current, self._model, self._make, self._say = current, model, make, say
        self._file, self._reopen = watched

    async def follow(self) -> None:
        """Go on until cancelled."""
        known: Stamp | None = None
        before = self._stamp()
        while True:
            await asyncio.sleep(_LOOK_S)
            now = self._stamp()
            # A file that is being written is left alone until it stays as it is: half a model may be one too.
            if now == before and now != known:
                known = now
                await asyncio.to_thread(self._renew)
            before = now

    def _renew(self) -> None:
        old = running_digest(self._model)
        try:
            model, settings = self._reopen()
            new = running_digest(model)
            if new == old:
                return
            self._require_same_site(model)
            self._current.handle = self._make(model, settings)
        except (DkdError, OSError) as error:
            self._say(f"the changed model is refused, and model {old} stays: {' '.join(str(error).split())}")
            return
        self._model = model
        self._say(f"the model has changed: {new} counts from now on, {old} no more")

    def _require_same_site(self, model: Model) -> None:
        if model.site != self._model.site:
            raise DkdError(
                "DKD470",
                where=f"site {model.site}",
                problem=f"this collector's site is {self._model.site}",
                remedy="start another collector for another site",
            )

    def _stamp(self) -> Stamp:
        """What tells that a file has changed."""
        found = []
        for file in (self._file, *(self._file.parent / name for name in self._model.include)):
            with suppress(OSError):
                about = file.stat()
                found.append((str(file), about.st_mtime_ns, about.st_size))
        return frozenset(found)
