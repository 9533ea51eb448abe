"""A site's journal → a section of the status: what was deployed last, by whom, and what is left of it."""

from dkd.errors import DkdError
from dkd.jobs.live import journal_topic
from dkd.jobs.lock import is_dead
from dkd.jobs.status import Section
from dkd.model.schema import Model
from dkd.model.words import counted
from dkd.plan.journal import Deploy, Journal, Record, folded
from dkd.settings import Settings
from dkd.systems.kafka.client import committed, connected


def deploy_section(model: Model, settings: Settings) -> Section:
    """The section ``deploy`` of *model* at the target of *settings*; says so where Kafka does not answer."""
    try:
        return section(read_journal(model, settings))
    except DkdError as error:
        return Section("deploy", (f"deploy: not known, {error}",), {"unknown": error.problems[0].as_dict()})


def read_journal(model: Model, settings: Settings) -> Journal:
    """What the site's journal says; nothing where there is none.

    Raises:
        DkdError: DKD701 or DKD702, when Kafka does not answer.
    """
    topic = journal_topic(model)
    with connected(settings.kafka) as kafka:
        if topic not in kafka.read([topic]):
            return Journal()
    return folded(Record(*one) for one in committed(settings.kafka, topic))


def section(journal: Journal) -> Section:
    """*journal* for people and programs; not well while something is half done and nobody works on it."""
    deploy = journal.deploy
    lock = journal.lock if journal.lock and not is_dead(journal.lock) else None
    if deploy is None:
        return Section("deploy", ("deploy: none yet",), None)
    steps = [{"address": step.address, "action": step.action, "state": step.state} for step in journal.steps]
    values = {
        **_as_dict(deploy),
        "lock": lock.who if lock else "",
        "steps": steps,
        "open": list(journal.left()),
        "history": [_as_dict(one) for one in reversed(journal.past)],
    }
    if deploy.finalised:
        did = counted(len(deploy.steps), "step")
        line = f"{deploy.operation} {deploy.id}: model {deploy.model}, {did}, by {deploy.who}, {deploy.finalised}"
        return Section("deploy", ("", line), values)
    left = ", ".join(journal.left()) or "its end"
    state = f"{lock.who} is at it" if lock else f"nobody is at it; {_command(deploy)} goes on"
    line = f"{journal.unfinished} by {deploy.who}, begun {deploy.started}, is not done: {left} to do; {state}"
    return Section("deploy", ("", line), values, ok=lock is not None)


def _as_dict(deploy: Deploy) -> dict[str, object]:
    return {
        "id": deploy.id,
        "operation": deploy.operation,
        "target": deploy.target,
        "model": deploy.model,
        "who": deploy.who,
        "started": deploy.started,
        "finalised": deploy.finalised,
        "steps": len(deploy.steps),
    }


def _command(deploy: Deploy) -> str:
    """What goes on where *deploy* was stopped."""
    all_data = any(address.startswith("kafka/topic/") for address in deploy.steps)
    return f"dkd {deploy.operation}{' --include-data' if deploy.operation == 'destroy' and all_data else ''}"
