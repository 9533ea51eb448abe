"""What deploys have made becomes nothing: supervisors and compaction; with all data, topics, rows and rules too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dkd
from dkd.errors import DkdError, RefusedError
from dkd.jobs.deploy import Happening, Report, Tell, carried_out
from dkd.jobs.live import Systems, journal_topic, systems
from dkd.jobs.lock import Held, acquired, now_text, who
from dkd.jobs.plan import KNOWN_S, places
from dkd.model.digest import digest as model_digest
from dkd.model.schema import Model
from dkd.plan.journal import Deploy, began, finished, removed, stepped
from dkd.plan.order import Plan
from dkd.plan.step import DATASOURCE, DIVOLTE, SUPERVISOR, TOPIC
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.druid.keeping import COMPACTION, RULES

_ORDER = (DIVOLTE, SUPERVISOR, COMPACTION, DATASOURCE, RULES, TOPIC)
"""Readers before what they read, and rows before the rules that let them go one day."""

SETTLE_S = 35.0
"""Historicals keep the files of dropped segments for 30 s, unless configured otherwise; the local stack's do not."""

_DATA = frozenset({DATASOURCE, RULES, TOPIC})
"""What stays as long as the data stays."""


def destroying(model: Model, settings: Settings, *, include_data: bool) -> Plan:
    """What :func:`destroy` would remove: what the site's journal says that deploys have made, and nothing else.

    Args:
        model: The site.
        settings: Where.
        include_data: Whether topics and rows go too, with their rules and, at the very end, the journal.

    Raises:
        RefusedError: DKD718, when no deploy has made anything here, or only data is left and shall stay.
        DkdError: DKD701 to DKD704, when a system cannot be reached or refuses.
    """
    journal = journal_topic(model)
    with systems(model, settings) as found:
        live, is_known = found.read(), journal in found.kafka.read([journal])
    steps = [_step(address) for address in live.journal.made() if address != f"kafka/{TOPIC}/{journal}"]
    # One that lost its supervisor to a destroy without data is among them by itself.
    names = dict.fromkeys(step.name for step in steps if step.kind in (SUPERVISOR, DATASOURCE))
    steps = [step for step in steps if step.kind != DATASOURCE] + [_rows(name) for name in names]
    left = {DIVOLTE} if settings.divolte is None else set()
    left |= set() if include_data else _DATA
    wanted = sorted((step for step in steps if step.kind not in left), key=lambda step: _ORDER.index(step.kind))
    if is_known and include_data:
        wanted.append(Change("kafka", TOPIC, journal, "delete", "it says what deploys have made"))
    if not wanted:
        raise _nothing(journal, settings.target, is_left=bool(steps))
    return Plan(
        model.site, settings.target, places(settings, live), tuple(wanted),
        cluster=live.cluster, model=model_digest(model),
    )  # fmt: skip


def destroy(plan: Plan, model: Model, settings: Settings, *, tell: Tell, patience_s: float) -> Report:
    """Remove what *plan* says; what is done is journaled, so that one that was stopped is seen and can be gone on with.

    Raises:
        RefusedError: DKD714, while a deploy runs.
        DkdError, PartlyError: As :func:`dkd.jobs.deploy.carried_out` does.
    """
    topic, steps = journal_topic(model), plan.steps
    addresses = tuple(step.address for step in steps)
    with (
        systems(model, settings, KNOWN_S) as found,
        acquired(settings.kafka, topic, found.journal, "destroy", patience_s) as held,
    ):
        work = Deploy(
            held.lock.id, plan.target, plan.model, who(), dkd.__version__, now_text(), addresses, operation="destroy"
        )
        held.write(began(work, found.journal()))
        reading = frozenset(step.name for step in steps if step.kind == SUPERVISOR)
        removal = _Removal(found, held, work, topic, reading, 0.0 if settings.is_local else SETTLE_S, tell)
        carried_out(steps, removal.step, tell)
        if not removal.all_data:
            held.write(finished(work, now_text()), last=True)
    return Report(plan, steps)


def _nothing(journal: str, target: str, *, is_left: bool) -> RefusedError:
    problem, remedy = f"{journal} says that no deploy has made anything here", "choose another --target"
    if is_left:
        problem, remedy = "only topics, rows and their rules are left", "add --include-data to delete them too"
    return RefusedError("DKD718", where=f"target {target}", problem=problem, remedy=remedy)


def _step(address: str) -> Change:
    system, kind, name = address.split("/", 2)
    risk = "its records are lost" if kind == TOPIC else ""
    return Change(system, kind, name, "delete", "it was made by dkd deploy", risk)


def _rows(name: str) -> Change:
    return Change("druid", DATASOURCE, name, "delete", "its rows", "they are lost")


@dataclass(frozen=True)
class _Removal:
    """One destroy under its lock."""

    found: Systems
    held: Held
    work: Deploy
    journal: str
    reading: frozenset[str]
    settle_s: float
    tell: Tell

    @property
    def all_data(self) -> bool:
        """Whether the data goes, and the journal with it."""
        return f"kafka/{TOPIC}/{self.journal}" in self.work.steps

    def step(self, seq: int, step: Change) -> None:
        """Remove one artefact."""
        if step.name == self.journal:
            # Nothing can be written there any more.
            self.held.write(finished(self.work, now_text()), last=True)
            self.found.kafka.delete([step.name])
            return
        self.held.write(stepped(self.work, seq, step, "started", now_text()))
        try:
            if self.found.now(step) is not None or step.kind == DATASOURCE:
                self._remover[step.kind](step)
        except DkdError:
            self.held.write(stepped(self.work, seq, step, "failed", now_text()))
            raise
        # Rows outlive their supervisor, and a destroy that is stopped here; a later one must know of them.
        left = [_rows(step.name).address] if step.kind == SUPERVISOR else []
        self.held.write({**stepped(self.work, seq, step, "done", now_text()), **removed(step.address, left)})

    @property
    def _remover(self) -> Mapping[str, Callable[[Change], None]]:
        found = self.found
        stop = found.overlord.forget if self.all_data else found.overlord.stop
        return {
            # The process goes on until its owner stops it: what it writes is in the topics, not in these files.
            DIVOLTE: lambda _: found.divolte.remove() if found.divolte else None,
            SUPERVISOR: lambda step: stop(step.name),
            RULES: found.coordinator.apply,
            COMPACTION: found.coordinator.apply,
            DATASOURCE: self._drop,
            TOPIC: lambda step: found.kafka.delete([step.name]),
        }

    def _drop(self, step: Change) -> None:
        """Rows go, and with them how far Druid had read, unless the supervisor's own step has seen to that."""
        if step.name not in self.reading:
            self.found.overlord.forget(step.name)
        steps, said = self.work.steps, f"waiting until no server has {step.name}, and its segments are deleted"
        self.tell(Happening("gate_wait", step.address, steps.index(step.address) + 1, len(steps), said))
        self.found.coordinator.drop(step.name, self.settle_s)
