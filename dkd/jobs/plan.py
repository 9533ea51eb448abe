"""A model and a target become the plan: what must happen to the live systems so that they are as the model says."""

from collections.abc import Mapping
from typing import Any

from dkd.jobs.live import Live, artefacts, changes, systems
from dkd.model.digest import digest as model_digest
from dkd.model.schema import Model
from dkd.plan.journal import Journal
from dkd.plan.order import Plan, ordered, split
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.kafka.client import BOOTSTRAP_S
from dkd.systems.seal import digest
from dkd.systems.table import classify

KNOWN_S = 30.0
"""How long a Kafka that answered a moment ago may take: a machine that starts a whole stack is slow."""


def planned(model: Model, settings: Settings, *, bootstrap_s: float = BOOTSTRAP_S) -> Plan:
    """What must happen so that *settings*' systems are as *model* says; nothing is written.

    Args:
        model: The site.
        settings: Where.
        bootstrap_s: How long Kafka may take to answer.

    Raises:
        DkdError: DKD701 to DKD704, when a system cannot be reached or refuses.
    """
    with systems(model, settings, bootstrap_s) as found:
        return plan_of(model, settings, found.read())


def plan_of(model: Model, settings: Settings, live: Live) -> Plan:
    """The plan for systems that are as *live* says."""
    free, blocked = split(changes(model, settings, live))
    steps = ordered(
        (*free, *_unproved(live.journal, {change.address for change in free})), tightens=_tightens(model, live)
    )
    states = artefacts(model, live, settings.pseudonym_key)
    return Plan(
        model.site,
        settings.target,
        places(settings, live),
        steps,
        blocked,
        live.cluster,
        model_digest(model),
        {address: digest(state) for address, state in states.items()},
        live.journal.unfinished,
    )


def places(settings: Settings, live: Live) -> tuple[str, str]:
    """The systems of a plan, for people."""
    return f"Kafka {settings.kafka.servers}", f"Druid {live.druid} {settings.druid.coordinator}"


def privacy(model: Model) -> dict[str, str]:
    """How much of each personal value *model* keeps, by address."""
    fields = {f"field/{name}/privacy": field.privacy for name, field in model.all_fields.items()}
    return {**fields, "collector/ip": model.collector.ip}


def _tightens(model: Model, live: Live) -> bool:
    before: Mapping[str, Any] = live.journal.privacy or {}
    after = privacy(model)
    return any(
        address in after and classify(f"model/{model.site}/{address}", kept, after[address]) == "needs-order"
        for address, kept in before.items()
        if kept != after.get(address)
    )


def _unproved(journal: Journal, changing: set[str]) -> list[Change]:
    """Steps that an interrupted deploy began, whose artefacts are as wanted now: nobody has seen yet that they work."""
    found = []
    for step in journal.open_steps:
        system, kind, name = step.address.split("/", 2)
        if step.address not in changing and step.action != "delete":
            reason = "an interrupted deploy wrote it and did not see it work"
            found.append(Change(system, kind, name, "verify", reason, began=step.effect))
    return found
