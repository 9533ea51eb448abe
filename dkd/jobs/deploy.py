"""A model and a target become the live topics and supervisors: read, compare, order, apply, prove."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from dkd.errors import DkdError, PartlyError, Problem, RefusedError
from dkd.model.schema import Model
from dkd.plan.order import Plan, ordered, split
from dkd.plan.show import changed
from dkd.settings import KafkaSettings, Settings
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.live import supervisor_changes
from dkd.systems.druid.render import supervisors
from dkd.systems.kafka.client import BOOTSTRAP_S, connected
from dkd.systems.kafka.live import topic_changes
from dkd.systems.kafka.render import topics

Progress = Callable[[str], None]
Apply = Callable[[Change], None]

KNOWN_S = 30.0
"""How long a Kafka that answered a moment ago may take: a machine that starts a whole stack is slow."""

SYSTEMS = ("kafka", "druid")
"""In the order of their steps: a supervisor needs its topic, and must not make it itself."""


@dataclass(frozen=True)
class Report:
    """What a deploy did: the steps, in the order in which they were carried out."""

    plan: Plan
    done: tuple[Change, ...]

    def line(self) -> str:
        """The report as one line of text, for people."""
        if not self.done:
            return f"{self.plan.site} on {self.plan.target} was as the model says; nothing was changed"
        return f"{self.plan.site} on {self.plan.target} is as the model says: {len(self.done)} steps done"


def planned(model: Model, settings: Settings, *, bootstrap_s: float = BOOTSTRAP_S) -> Plan:
    """What must happen so that *settings*' systems are as *model* says; nothing is written.

    Args:
        model: The site.
        settings: Where.
        bootstrap_s: How long Kafka may take to answer.

    Raises:
        DkdError: DKD701 to DKD704, when a system cannot be reached or refuses.
    """
    wanted = topics(model, settings.target)
    with connected(settings.kafka, bootstrap_s) as kafka:
        found = topic_changes(wanted, kafka.read([topic.name for topic in wanted]))
    with Overlord(settings.druid) as overlord:
        specs = supervisors(model, consumer_properties(settings.kafka))
        found += supervisor_changes(specs, overlord.read())
    free, blocked = split(found)
    places = (f"Kafka {settings.kafka.servers}", f"Druid {settings.druid.coordinator}")
    return Plan(model.site, settings.target, places, ordered(free, SYSTEMS), blocked)


def deploy(model: Model, settings: Settings, *, progress: Progress) -> Report:
    """Plan and carry it out without asking, as ``dkd up`` does.

    Args:
        model: The site.
        settings: Where.
        progress: Gets a line for each step, and while one waits.

    Raises:
        DkdError: What :func:`planned`, :func:`refuse_blocked` and :func:`apply` raise.
    """
    plan = planned(model, settings, bootstrap_s=KNOWN_S)
    refuse_blocked(plan)
    return apply(plan, settings, progress=progress)


def refuse_blocked(plan: Plan) -> None:
    """Raise RefusedError DKD710, with a line for each blocked change, when dkd does not do all that the model asks."""
    if plan.blocked:
        found = tuple(Problem(step.address, "DKD710", step.reason, step.remedy) for step in plan.blocked)
        error = RefusedError("DKD710", where=found[0].where, problem=found[0].problem, remedy=found[0].remedy)
        error.problems = found
        raise error


def apply(plan: Plan, settings: Settings, *, progress: Progress) -> Report:
    """Carry out the steps of *plan* in their order; each is proved before the next begins.

    Raises:
        DkdError: The first failure, when nothing had been done before it.
        PartlyError: DKD712, the first failure after some steps; it says what was done.
    """
    if not plan.steps:
        return Report(plan, ())
    with ExitStack() as stack:
        kafka = stack.enter_context(connected(settings.kafka, KNOWN_S)) if _touches(plan, "kafka") else None
        overlord = stack.enter_context(Overlord(settings.druid))
        appliers: dict[str, Apply] = {"druid": lambda change: overlord.apply(change, progress)}
        if kafka is not None:
            appliers["kafka"] = kafka.apply
        return Report(plan, carried_out(plan.steps, appliers, progress))


def carried_out(steps: Sequence[Change], appliers: dict[str, Apply], progress: Progress) -> tuple[Change, ...]:
    """Apply each step by the applier of its system; stop at the first failure.

    Raises:
        DkdError: The first failure, when nothing had been done before it.
        PartlyError: DKD712, the first failure after some steps; it says what was done.
    """
    for seq, step in enumerate(steps, 1):
        progress(f"{seq}/{len(steps)} {step.action} {step.address}")
        try:
            appliers[step.system](step)
        except DkdError as error:
            raise _stopped(steps, seq - 1, error) from error
        except KeyboardInterrupt:
            progress(f"interrupted at {step.address}; done before it: {changed(steps[: seq - 1])}")
            raise
    return tuple(steps)


def consumer_properties(kafka: KafkaSettings) -> dict[str, str]:
    """How Druid's consumers reach *kafka*: servers and security, secrets in clear, as Druid needs them."""
    found = {"bootstrap.servers": kafka.servers}
    if kafka.security != "PLAINTEXT":
        found["security.protocol"] = kafka.security
    if kafka.security.startswith("SASL"):
        module = "scram.Scram" if kafka.mechanism.startswith("SCRAM") else "plain.Plain"
        found["sasl.mechanism"] = kafka.mechanism
        found["sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{module}LoginModule required "
            f"username={_quoted(kafka.user)} password={_quoted(kafka.password)};"
        )
    return found


def _quoted(text: str | None) -> str:
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _touches(plan: Plan, system: str) -> bool:
    return any(step.system == system for step in plan.steps)


def _stopped(steps: Sequence[Change], done: int, error: DkdError) -> DkdError:
    if not done:
        return error
    first = error.problems[0]
    before = f"done before it: {changed(steps[:done])}; {len(steps) - done} steps are left"
    return PartlyError(
        "DKD712",
        where=steps[done].address,
        problem=f"{first.problem} [{first.code}]; {before}",
        remedy=first.remedy or "repair it and deploy again: what is done stays done",
    )
