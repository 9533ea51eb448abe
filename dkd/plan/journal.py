"""Records of a site's journal become what was deployed last and how far it got; and what happens becomes records.

The journal is a compacted topic: of each key only the last record counts. It holds history and ownership; the truth
about the systems is always the live systems.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

from dkd.plan.step import effect
from dkd.systems.change import Change

Records = Mapping[str, Any]
"""Key to JSON value; None deletes."""

StepState = Literal["started", "done", "failed"]

_LOCK, _DEPLOY, _PRIVACY, _RUNNING = "lock", "deploy", "privacy", "running"
_STEP, _APPLIED, _PAST = "step/", "applied/", "past/"
_KEPT = 20
"""Deploys that are remembered, the last one among them."""


class Record(NamedTuple):
    """One record of the topic, in the topic's order; *value* is None for a deleted key."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True)
class Lock:
    """Who may write.

    Attributes:
        id: Of the deploy.
        operation: ``deploy`` or ``destroy``.
        who: User and host, for people.
        process: Machine and process, by which the holder's end is seen from its own machine.
        version: Of dkd.
        created: When, ISO 8601.
        renewed: Grows while the holder lives.
    """

    id: str
    operation: str
    who: str
    process: str
    version: str
    created: str
    renewed: int = 0


@dataclass(frozen=True)
class Deploy:
    """One deploy, or the destroying of what deploys have made.

    Attributes:
        id: Its id.
        target: Name of the target.
        model: Digest of the model.
        who: User and host, for people.
        version: Of dkd.
        started: When, ISO 8601.
        steps: Addresses of its steps, in order.
        finalised: When it came to its end; empty while it has not.
        operation: ``deploy`` or ``destroy``.
    """

    id: str
    target: str
    model: str
    who: str
    version: str
    started: str
    steps: tuple[str, ...]
    finalised: str = ""
    operation: str = "deploy"


@dataclass(frozen=True)
class StepRecord:
    """One step of the last deploy; *effect* is the class of what it does to data."""

    deploy: str
    seq: int
    address: str
    action: str
    state: StepState
    at: str
    effect: str = ""


@dataclass(frozen=True)
class Journal:
    """What the journal says.

    Attributes:
        lock: Who may write; None when nobody does.
        deploy: The last one; None before the first.
        steps: Of the last deploy, those that were begun.
        applied: Each artefact by address as the last deploy left it, sealed.
        privacy: How much the deployed model keeps of each personal value, by address.
        running: Digest of what collectors and enrichers were last seen to run.
        past: Deploys before the last one, the oldest first.
    """

    lock: Lock | None = None
    deploy: Deploy | None = None
    steps: tuple[StepRecord, ...] = ()
    applied: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None
    running: str = ""
    past: tuple[Deploy, ...] = ()

    @property
    def unfinished(self) -> str:
        """What did not come to its end, such as ``deploy 1a2b3c4d``; empty where nothing is left half done."""
        return f"{self.deploy.operation} {self.deploy.id}" if self.deploy and not self.deploy.finalised else ""

    @property
    def open_steps(self) -> tuple[StepRecord, ...]:
        """Steps of an unfinished deploy that were begun and not seen to be done."""
        return tuple(step for step in self.steps if step.state != "done") if self.unfinished else ()

    def made(self) -> tuple[str, ...]:
        """Addresses of what may be there by dkd's hand, also where its last work was stopped half-way."""
        begun = [step.address for step in self.open_steps if step.action != "delete"]
        doomed = self.left() if self.deploy and self.deploy.operation == "destroy" else ()
        known = dict.fromkeys((*(self.applied or {}), *begun, *doomed))
        # A service that was waited for is nobody's to remove.
        return tuple(address for address in known if not address.startswith("dkd/"))

    def left(self) -> tuple[str, ...]:
        """Addresses of an unfinished deploy's steps that are not done."""
        if not self.deploy or not self.unfinished:
            return ()
        done = {step.address for step in self.steps if step.state == "done"}
        return tuple(address for address in self.deploy.steps if address not in done)


def folded(records: Iterable[Record]) -> Journal:
    """What *records* say, the last one of each key; a record that is no JSON of ours is passed over."""
    last: dict[str, Any] = {}
    for record in records:
        last[record.key.decode(errors="replace")] = _value(record.value)
    found = {key: value for key, value in last.items() if value is not None}
    deploy = _deploy(found.get(_DEPLOY))
    steps = [StepRecord(**value) for key, value in found.items() if key.startswith(_STEP)]
    past = [one for key, value in found.items() if key.startswith(_PAST) and (one := _deploy(value))]
    ours = [step for step in steps if deploy and step.deploy == deploy.id]
    return Journal(
        Lock(**found[_LOCK]) if _LOCK in found else None,
        deploy,
        tuple(sorted(ours, key=lambda step: step.seq)),
        {key.removeprefix(_APPLIED): value for key, value in found.items() if key.startswith(_APPLIED)},
        found.get(_PRIVACY, {}),
        str(found.get(_RUNNING, "")),
        tuple(sorted(past, key=lambda one: (one.started, one.id))),
    )


def locked(lock: Lock) -> Records:
    """That *lock* is held."""
    return {_LOCK: asdict(lock)}


def released() -> Records:
    """That nobody writes."""
    return {_LOCK: None}


def began(deploy: Deploy, before: Journal) -> Records:
    """That *deploy* has begun; the steps of the one before it are forgotten, and so are deploys of long ago."""
    old: dict[str, Any] = {f"{_STEP}{step.seq}": None for step in before.steps}
    if before.deploy:
        old[f"{_PAST}{before.deploy.id}"] = _as_value(before.deploy)
    surplus = len(before.past) + (before.deploy is not None) + 1 - _KEPT
    old |= {f"{_PAST}{one.id}": None for one in before.past[: max(surplus, 0)]}
    return {**old, _DEPLOY: _as_value(deploy)}


def stepped(deploy: Deploy, seq: int, step: Change, state: StepState, at: str, applied: Any = None) -> Records:
    """That a step has come to *state*; once it is done, what the artefact then was is *applied*."""
    record = {f"{_STEP}{seq}": asdict(StepRecord(deploy.id, seq, step.address, step.action, state, at, effect(step)))}
    return record if state != "done" else {**record, f"{_APPLIED}{step.address}": applied}


def ended(deploy: Deploy, at: str, news: Records, privacy: Mapping[str, str], running: str) -> Records:
    """That *deploy* has come to its end, and nobody writes any more.

    Args:
        deploy: The deploy.
        at: When.
        news: By address, artefacts whose applied form is not in the journal yet.
        privacy: Of the model.
        running: Digest of what collectors and enrichers run.
    """
    applied = {f"{_APPLIED}{address}": value for address, value in news.items()}
    return {**applied, _PRIVACY: dict(privacy), _RUNNING: running, **finished(deploy, at)}


def finished(deploy: Deploy, at: str) -> Records:
    """That *deploy* has come to its end, and nobody writes any more; what it did to artefacts is told already."""
    return {_DEPLOY: _as_value(replace(deploy, finalised=at)), _LOCK: None}


def removed(address: str, left: Sequence[str] = ()) -> Records:
    """That an artefact is gone, by a deploy's own hand, and that what it made, at addresses *left*, is still there."""
    return {f"{_APPLIED}{address}": None, **{f"{_APPLIED}{one}": True for one in left}}


def encoded(records: Records) -> Sequence[Record]:
    """*records* as they are written."""
    return [
        Record(key.encode(), None if value is None else json.dumps(value, sort_keys=True).encode())
        for key, value in records.items()
    ]


def _value(value: bytes | None) -> Any:
    try:
        return None if value is None else json.loads(value)
    except ValueError:
        return None


def _as_value(deploy: Deploy) -> Mapping[str, Any]:
    return {**asdict(deploy), "steps": list(deploy.steps)}


def _deploy(value: Any) -> Deploy | None:
    return None if value is None else Deploy(**{**value, "steps": tuple(value["steps"])})
