"""A plan becomes live topics, supervisors and rules: lock, look again, then step by step, each proved and journaled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import dkd
from dkd.errors import DkdError, PartlyError, Problem, RefusedError
from dkd.jobs.live import Sealed, Systems, artefacts, journal_topic, systems
from dkd.jobs.lock import PATIENCE_S, Held, acquired, now_text, who
from dkd.jobs.plan import KNOWN_S, plan_of, planned, privacy
from dkd.model.digest import running_digest
from dkd.model.schema import Model
from dkd.model.words import counted
from dkd.plan.journal import Deploy, Journal, began, ended, stepped
from dkd.plan.order import Plan
from dkd.plan.show import changed
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.druid.keeping import COMPACTION, compactions
from dkd.systems.kafka.render import deploys_topic
from dkd.systems.seal import digest


class Happening(NamedTuple):
    """Something that a deploy tells while it runs.

    Attributes:
        event: ``step_started``, ``gate_wait``, ``step_done``, ``step_failed`` or ``interrupted``.
        step: Address of the step.
        seq: Number of the step, from 1.
        total: How many steps there are.
        text: For people.
    """

    event: str
    step: str
    seq: int
    total: int
    text: str


Tell = Callable[[Happening], None]


@dataclass(frozen=True)
class Report:
    """What a deploy did: the steps, in the order in which they were carried out."""

    plan: Plan
    done: tuple[Change, ...]

    def line(self) -> str:
        """The report as one line of text, for people."""
        if not self.done:
            return f"{self.plan.site} on {self.plan.target} was as the model says; nothing was changed"
        return f"{self.plan.site} on {self.plan.target} is as the model says: {counted(len(self.done), 'step')} done"


def deploy(model: Model, settings: Settings, *, tell: Tell) -> Report:
    """Plan and carry it out without asking, as ``dkd up`` does.

    Args:
        model: The site.
        settings: Where.
        tell: Gets what happens.

    Raises:
        DkdError: What :func:`dkd.jobs.plan.planned`, :func:`refuse_blocked` and :func:`apply` raise.
    """
    plan = planned(model, settings, bootstrap_s=KNOWN_S)
    refuse_blocked(plan)
    return apply(plan, model, settings, tell=tell)


def refuse_blocked(plan: Plan) -> None:
    """Raise RefusedError DKD710, with a line for each blocked change, when dkd does not do all that the model asks."""
    if plan.blocked:
        found = tuple(Problem(step.address, "DKD710", step.reason, step.remedy) for step in plan.blocked)
        error = RefusedError("DKD710", where=found[0].where, problem=found[0].problem, remedy=found[0].remedy)
        error.problems = found
        raise error


def apply(plan: Plan, model: Model, settings: Settings, *, tell: Tell, patience_s: float = PATIENCE_S) -> Report:
    """Carry out the steps of *plan* in their order; each is proved before the next begins, and journaled.

    Args:
        plan: As it was shown.
        model: By which it was made.
        settings: Where.
        tell: Gets what happens.
        patience_s: How long another deploy is waited for.

    Raises:
        RefusedError: DKD713, when a system is not as it was when the plan was made; DKD714, while another deploy runs.
        DkdError: The first failure, when nothing had been done before it.
        PartlyError: DKD712, the first failure after some steps; it says what was done.
    """
    with systems(model, settings, KNOWN_S) as found:
        if plan.is_empty and _is_known(found, model, settings):
            return Report(plan, ())
        _make_journal(found, model, settings)
        with acquired(settings.kafka, journal_topic(model), found.journal, "deploy", patience_s) as held:
            journal = _looked_again(found, plan, model, settings)
            run = _Run(plan, model, settings, found, held, tell, journal)
            run.all()
    return Report(plan, plan.steps)


def carried_out(steps: Sequence[Change], do: Callable[[int, Change], None], tell: Tell) -> None:
    """Do each step; stop at the first failure.

    Args:
        steps: In their order.
        do: Carries one out, given its number.
        tell: Gets what happens.

    Raises:
        DkdError: The first failure, when nothing had been done before it.
        PartlyError: DKD712, the first failure after some steps; it says what was done.
    """
    for seq, step in enumerate(steps, 1):
        where = (step.address, seq, len(steps))
        tell(Happening("step_started", *where, f"{seq}/{len(steps)} {step.action} {step.address}"))
        try:
            do(seq, step)
        except DkdError as error:
            stopped = _stopped(steps, seq - 1, error)
            tell(Happening("step_failed", *where, str(stopped)))
            raise stopped from error
        except KeyboardInterrupt:
            said = f"interrupted at {step.address}; done before it: {changed(steps[: seq - 1])}"
            tell(Happening("interrupted", *where, said))
            raise
        tell(Happening("step_done", *where, f"{seq}/{len(steps)} done"))


@dataclass
class _Run:
    """One deploy under its lock."""

    plan: Plan
    model: Model
    settings: Settings
    systems: Systems
    held: Held
    tell: Tell
    journal: Journal

    def __post_init__(self) -> None:
        """Name the deploy by its lock."""
        plan, addresses = self.plan, tuple(step.address for step in self.plan.steps)
        started = now_text()
        self._deploy = Deploy(self.held.lock.id, plan.target, plan.model, who(), dkd.__version__, started, addresses)

    def all(self) -> None:
        """Every step, then the mark that it is done."""
        self.held.write(began(self._deploy, self.journal))
        carried_out(self.plan.steps, self._step, self.tell)
        states = _ours(self.model, artefacts(self.model, self.systems.read(), self.settings.pseudonym_key))
        known = self.journal.applied or {}
        news = {address: state for address, state in states.items() if known.get(address) != state}
        records = ended(self._deploy, now_text(), news, privacy(self.model), running_digest(self.model))
        self.held.write(records, last=True)

    def _step(self, seq: int, step: Change) -> None:
        self._require_unchanged(step)
        self.held.write(stepped(self._deploy, seq, step, "started", now_text()))
        try:
            self.systems.apply(step, lambda line: self._wait(seq, step, line))
            self.systems.require_done(step)
        except DkdError:
            self.held.write(stepped(self._deploy, seq, step, "failed", now_text()))
            raise
        applied = self.systems.now(step)
        self.held.write(stepped(self._deploy, seq, step, "done", now_text(), applied))

    def _require_unchanged(self, step: Change) -> None:
        """Neither Kafka nor Druid writes only if nothing changed, so this look just before is the best there is."""
        seen = self.plan.live.get(step.address)
        if seen is not None and digest(self.systems.now(step)) != seen:
            raise _stale([step.address])

    def _wait(self, seq: int, step: Change, line: str) -> None:
        self.tell(Happening("gate_wait", step.address, seq, len(self.plan.steps), line))


def _is_known(found: Systems, model: Model, settings: Settings) -> bool:
    """Whether the journal knows each artefact as it is, so that a deploy without steps need not write anything."""
    live = found.read()
    applied = live.journal.applied or {}
    states = _ours(model, artefacts(model, live, settings.pseudonym_key))
    same = all(applied.get(address) == state for address, state in states.items())
    return same and live.journal.privacy == privacy(model)


def _ours(model: Model, states: Sealed) -> Sealed:
    """Those of *states* that a deploy answers for: a compaction that the model does not want is another hand's."""
    wanted = {f"druid/{COMPACTION}/{name}" for name in compactions(model)}
    return {
        address: state
        for address, state in states.items()
        if address in wanted or not address.startswith(f"druid/{COMPACTION}/")
    }


def _looked_again(found: Systems, plan: Plan, model: Model, settings: Settings) -> Journal:
    """The journal, where everything is still as it was when *plan* was made."""
    live = found.read()
    now = plan_of(model, settings, live)
    if now.cluster != plan.cluster:
        raise _refused(f"the plan is for the Kafka cluster {plan.cluster}, and this one is {now.cluster}")
    stale = [address for address, seen in plan.live.items() if now.live.get(address) != seen]
    if stale:
        raise _stale(stale)
    if [step.address for step in now.steps] != [step.address for step in plan.steps]:
        raise _refused("another deploy came between")
    return live.journal


def _stale(addresses: Sequence[str]) -> RefusedError:
    return _refused(f"{', '.join(addresses)} changed after the plan was made")


def _refused(problem: str) -> RefusedError:
    return RefusedError("DKD713", problem=problem, remedy="plan again, and look at what is new in it")


def _make_journal(found: Systems, model: Model, settings: Settings) -> None:
    name = journal_topic(model)
    if name in found.kafka.read([name]):
        return
    topic = deploys_topic(name, model, settings.target)
    wanted = {"partitions": topic.partitions, "replication": topic.replication, "config": topic.config}
    found.kafka.apply(Change("kafka", "topic", name, "create", "it holds what deploys do", wanted=wanted))


def _stopped(steps: Sequence[Change], done: int, error: DkdError) -> DkdError:
    if not done:
        return error
    first = error.problems[0]
    before = f"done before it: {changed(steps[:done])}; still to do: {counted(len(steps) - done, 'step')}"
    return PartlyError(
        "DKD712",
        where=steps[done].address,
        problem=f"{first.problem} [{first.code}]; {before}",
        remedy=first.remedy or "repair it and deploy again: what is done stays done",
    )
