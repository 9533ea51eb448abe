"""Collectors and enrichers tell by which model they work; a deploy waits until they work by the new one."""

import time
from collections.abc import Callable, Sequence

import requests

from dkd.errors import DkdError
from dkd.model.digest import running_digest
from dkd.model.schema import Model
from dkd.settings import Settings
from dkd.systems.change import Change, Difference

PATIENCE_S = 300.0
"""How long whoever starts them again may take."""

_POLL_S, _REQUEST_S, _SAID_S = 1.0, 3.0, 10.0

Progress = Callable[[str], None]


def service_changes(model: Model, settings: Settings, running: str) -> tuple[Change, ...]:
    """Steps for services that work by another model than *model*; *running* is the digest of the one before.

    The local stack's own start anew at the end of its deploys, and before the first deploy none runs.
    """
    wanted = running_digest(model)
    if settings.is_local or not running or running == wanted:
        return ()
    kinds = ["enrichers"] if settings.enrichers else []
    if settings.collector and model.collector.kind == "dkd":
        kinds.append("collectors")
    reason = "they must work by the new model: start them again with it"
    found = (Difference("model", running, wanted),)
    return tuple(
        Change("dkd", kind, model.site, "update", reason, differences=found, wanted={"model": wanted}) for kind in kinds
    )


def wait_for(change: Change, settings: Settings, progress: Progress, patience_s: float = PATIENCE_S) -> None:
    """Wait until every enricher, or the collector, tells the model that *change* wants.

    Raises:
        DkdError: DKD719, when one still works by another model after *patience_s*.
    """
    wanted, began, said = str(change.wanted["model"]), time.monotonic(), 0.0
    while old := _others(change, wanted, settings):
        waited = time.monotonic() - began
        if waited > patience_s:
            problem = f"{', '.join(old)} still works by another model than {wanted} after {waited:.0f} s"
            remedy = "start it again with the new model, then deploy again"
            raise DkdError("DKD719", where=change.address, problem=problem, remedy=remedy)
        if waited >= said:
            said = waited + _SAID_S
            progress(f"waiting for {', '.join(old)} to work by the model {wanted}, {waited:.0f} s")
        time.sleep(_POLL_S)


def _others(change: Change, wanted: str, settings: Settings) -> Sequence[str]:
    """Who works by another model."""
    places = (settings.collector,) if change.kind == "collectors" else settings.enrichers
    told = {place: _told(place) for place in places}
    return [f"{place} ({model or 'no answer'})" for place, model in told.items() if model != wanted]


def _told(place: str) -> str:
    """The digest that a service tells; empty where it tells none."""
    try:
        answer = requests.get(f"{place}/healthz", timeout=_REQUEST_S)
    except requests.RequestException:
        return ""
    lines = [line.split() for line in answer.text.splitlines()] if answer.ok else []
    return next((line[1] for line in lines if len(line) == 2 and line[0] == "model"), "")
