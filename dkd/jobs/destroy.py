"""What deploys have made becomes nothing: supervisors, rules and compaction; with all data, topics and rows too."""

from collections.abc import Callable, Mapping
from functools import partial

from dkd.errors import RefusedError
from dkd.jobs.deploy import Report, Tell, carried_out
from dkd.jobs.live import Systems, journal_topic, systems
from dkd.jobs.lock import Held, acquired
from dkd.jobs.plan import KNOWN_S, places
from dkd.model.schema import Model
from dkd.plan.journal import removed
from dkd.plan.order import Plan
from dkd.plan.step import DATASOURCE, DIVOLTE, SUPERVISOR, TOPIC
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.druid.keeping import COMPACTION, RULES

_ORDER = (DIVOLTE, SUPERVISOR, COMPACTION, RULES, DATASOURCE, TOPIC)
"""Readers before what they read."""


def destroying(model: Model, settings: Settings, *, include_data: bool) -> Plan:
    """What :func:`destroy` would remove: what the site's journal says that deploys have made, and nothing else.

    Args:
        model: The site.
        settings: Where.
        include_data: Whether topics and rows go too.

    Raises:
        RefusedError: DKD718, when no deploy has made anything here.
        DkdError: DKD701 to DKD704, when a system cannot be reached or refuses.
    """
    with systems(model, settings) as found:
        live = found.read()
    steps = [_step(address) for address in live.journal.applied or {}]
    if not steps:
        problem = f"{journal_topic(model)} says that no deploy has made anything here"
        raise RefusedError(
            "DKD718", where=f"target {settings.target}", problem=problem, remedy="choose another --target"
        )
    # One that lost its supervisor to a destroy without data is among them by itself.
    names = dict.fromkeys(step.name for step in steps if step.kind in (SUPERVISOR, DATASOURCE))
    steps = [step for step in steps if step.kind != DATASOURCE] + [_rows(name) for name in names]
    left = {DIVOLTE} if settings.divolte is None else set()
    left |= set() if include_data else {TOPIC, DATASOURCE}
    wanted = [step for step in steps if step.kind not in left]
    order = tuple(sorted(wanted, key=lambda step: _ORDER.index(step.kind)))
    return Plan(model.site, settings.target, places(settings, live), order, cluster=live.cluster)


def destroy(plan: Plan, model: Model, settings: Settings, *, tell: Tell, patience_s: float) -> Report:
    """Remove what *plan* says; with the topics goes the journal, at the very end.

    Raises:
        RefusedError: DKD714, while a deploy runs.
        DkdError, PartlyError: As :func:`dkd.jobs.deploy.carried_out` does.
    """
    topic, all_data = journal_topic(model), any(step.kind in (TOPIC, DATASOURCE) for step in plan.steps)
    reading = frozenset(step.name for step in plan.steps if step.kind == SUPERVISOR)
    with systems(model, settings, KNOWN_S) as found:
        with acquired(settings.kafka, model.site, topic, found.journal, "destroy", patience_s) as held:
            carried_out(plan.steps, partial(_do, found, held, all_data, reading), tell)
        if all_data:
            found.kafka.delete([topic])
    return Report(plan, plan.steps)


def _step(address: str) -> Change:
    system, kind, name = address.split("/", 2)
    risk = "its records are lost" if kind == TOPIC else ""
    return Change(system, kind, name, "delete", "it was made by dkd deploy", risk)


def _rows(name: str) -> Change:
    return Change("druid", DATASOURCE, name, "delete", "its rows", "they are lost")


def _do(found: Systems, held: Held, all_data: bool, reading: frozenset[str], _seq: int, step: Change) -> None:
    if found.now(step) is not None or step.kind == DATASOURCE:
        _remover(found, all_data, reading)[step.kind](step)
    # Rows outlive their supervisor, and a destroy that is stopped here; a later one must know of them.
    left = [_rows(step.name).address] if step.kind == SUPERVISOR else []
    held.write(removed(step.address, left))


def _remover(found: Systems, all_data: bool, reading: frozenset[str]) -> Mapping[str, Callable[[Change], None]]:
    stop = found.overlord.forget if all_data else found.overlord.terminate
    return {
        # The process goes on until its owner stops it: what it writes is in the topics, not in these files.
        DIVOLTE: lambda _: found.divolte.remove() if found.divolte else None,
        SUPERVISOR: lambda step: stop(step.name),
        RULES: found.coordinator.apply,
        COMPACTION: found.coordinator.apply,
        DATASOURCE: lambda step: _drop(found, step.name, forgotten=step.name in reading),
        TOPIC: lambda step: found.kafka.delete([step.name]),
    }


def _drop(found: Systems, name: str, *, forgotten: bool) -> None:
    """Rows go, and with them how far Druid had read, unless the supervisor's own step has seen to that."""
    if not forgotten:
        found.overlord.forget(name)
    found.coordinator.drop(name)
