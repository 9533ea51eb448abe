"""A site's live artefacts: read once from Kafka and Druid, compared with the model, and changed one by one."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from dkd.errors import DkdError
from dkd.jobs.gates import service_changes, wait_for
from dkd.jobs.installation import Installation, divolte_changes, state_of
from dkd.jobs.renewed import without_their_topic
from dkd.model.schema import Model
from dkd.plan.journal import Journal, Record, folded
from dkd.settings import Settings
from dkd.systems.change import Change, Difference
from dkd.systems.druid import keeping
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.consumer import consumer_properties
from dkd.systems.druid.coordinator import Coordinator
from dkd.systems.druid.live import datasource, supervisor_changes
from dkd.systems.druid.live import differences as spec_differences
from dkd.systems.druid.normal import normal
from dkd.systems.druid.render import KINDS, supervisors
from dkd.systems.kafka.client import BOOTSTRAP_S, Topics, committed, connected
from dkd.systems.kafka.live import differences as topic_differences
from dkd.systems.kafka.live import topic_changes
from dkd.systems.kafka.render import Topic, topics
from dkd.systems.seal import sealed

READ_BACK_S = 10.0
"""A cluster of several brokers needs a moment until each of them knows a new setting."""

_POLL_S = 0.25

Progress = Callable[[str], None]
Sealed = Mapping[str, Any]
"""Artefacts by address, without secrets; None where there is none."""


class Live(NamedTuple):
    """What was read.

    Attributes:
        cluster: Id of the Kafka cluster.
        druid: Version of Druid.
        topics: By name, those of the site that exist.
        specs: Supervisors by datasource, of other sites too.
        rules: By datasource.
        compactions: By datasource.
        journal: Of the site.
        divolte: Files of the target's Divolte by name; None where the target has none.
    """

    cluster: str
    druid: str
    topics: Mapping[str, Topic]
    specs: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, list[Any]]
    compactions: Mapping[str, Mapping[str, Any]]
    journal: Journal
    divolte: Mapping[str, str | None] | None = None


def journal_topic(model: Model) -> str:
    """Name of the topic that holds a site's deploys."""
    return f"_dkd.{model.site}"


class Systems:
    """Kafka and Druid of one target, connected."""

    def __init__(self, model: Model, settings: Settings, kafka: Topics, overlord: Overlord, coordinator: Coordinator):
        """Use :func:`systems` instead."""
        self._model, self._settings = model, settings
        self.kafka, self.overlord, self.coordinator = kafka, overlord, coordinator
        where = settings.divolte
        self.divolte = None if where is None else Installation(where, settings.kafka, model)

    def read(self) -> Live:
        """All that a plan needs: at most five requests to Kafka and four to Druid."""
        names = [topic.name for topic in topics(self._model, self._settings.target)]
        journal = journal_topic(self._model)
        found = self.kafka.read([*names, journal])
        return Live(
            self.kafka.cluster_id(),
            self.coordinator.version(),
            {name: topic for name, topic in found.items() if name != journal},
            self.overlord.read(),
            self.coordinator.rules(),
            self.coordinator.compactions(),
            self.journal() if journal in found else Journal(),
            None if self.divolte is None else self.divolte.read(),
        )

    def journal(self) -> Journal:
        """What the site's journal says; its topic must exist."""
        return folded(Record(*one) for one in committed(self._settings.kafka, journal_topic(self._model)))

    def now(self, change: Change) -> Any:
        """The artefact of *change* as it is live, sealed; None where there is none."""
        key, name = self._settings.pseudonym_key, change.name
        if self.divolte is not None and change.system == "divolte":
            return state_of(self.divolte.read())
        if change.system == "kafka":
            return _topic_state(self.kafka.read([name]).get(name))
        if change.kind == keeping.RULES:
            return _rules_state(self.coordinator.rules().get(name))
        if change.kind == keeping.COMPACTION:
            return _compaction_state(self.coordinator.compactions().get(name))
        return _spec_state(self.overlord.read().get(name), key) if change.kind == "supervisor" else None

    def apply(self, change: Change, progress: Progress) -> None:
        """Carry out *change*, and wait until what it made works."""
        if change.action == "verify":
            self.verify(change, progress)
        elif change.system == "dkd":
            wait_for(change, self._settings, progress)
        elif self.divolte is not None and change.system == "divolte":
            self.divolte.apply(change, progress)
        elif change.system == "kafka":
            self.kafka.apply(change)
        elif change.kind in (keeping.RULES, keeping.COMPACTION):
            self.coordinator.apply(change)
        else:
            self.overlord.apply(change, progress)

    def require_done(self, change: Change) -> None:
        """Return when the live artefact is as *change* wanted it.

        Raises:
            DkdError: DKD717, when it is not after :data:`READ_BACK_S`: the system took something for something else.
        """
        until = time.monotonic() + READ_BACK_S
        while (left := self._left(change)) and time.monotonic() < until:
            time.sleep(_POLL_S)
        if left:
            shown = "; ".join(f"{one.path} is {one.before} instead of {one.after}" for one in left[:3])
            raise DkdError(
                "DKD717", where=change.address, problem=f"read back otherwise than wanted: {shown or 'it is not there'}"
            )

    def _left(self, change: Change) -> tuple[Difference, ...]:
        """What still differs from what *change* wants."""
        name, wanted = change.name, change.wanted
        if change.action in ("verify", "delete"):
            gone = change.action == "verify" or self.now(change) is None
            return () if gone else (Difference(name, "there", None),)
        if change.system == "dkd":
            return ()
        if change.system == "divolte":
            now = self.divolte.read() if self.divolte else {}
            return tuple(Difference(one, now.get(one), text) for one, text in wanted.items() if now.get(one) != text)
        if change.system == "kafka":
            topic = Topic(name, wanted["partitions"], wanted["replication"], wanted["config"])  # type: ignore[arg-type]
            live = self.kafka.read([name]).get(name)
            return (Difference(name, None, "there"),) if live is None else topic_differences(topic, live)
        if change.kind == keeping.RULES:
            return keeping.rules_differences(wanted["rules"], self.coordinator.rules().get(name, []))  # type: ignore[arg-type]
        if change.kind == keeping.COMPACTION:
            return keeping.compaction_differences(wanted, self.coordinator.compactions().get(name))
        spec = self.overlord.read().get(name)
        return (Difference(name, None, "there"),) if spec is None else spec_differences(wanted, spec)

    def verify(self, change: Change, progress: Progress) -> None:
        """Prove what an earlier deploy has written and could not watch any longer."""
        if change.kind == "supervisor":
            self.overlord.verify(change.name, progress)
        elif self.divolte is not None and change.system == "divolte":
            self.divolte.verify(progress)


@contextmanager
def systems(model: Model, settings: Settings, bootstrap_s: float = BOOTSTRAP_S) -> Iterator[Systems]:
    """Kafka and Druid of the target; the connections last as long as the block.

    Args:
        model: The site.
        settings: Where.
        bootstrap_s: How long Kafka may take to answer.

    Raises:
        DkdError: DKD701, when Kafka cannot be reached.
    """
    with ExitStack() as stack:
        kafka = stack.enter_context(connected(settings.kafka, bootstrap_s))
        overlord = stack.enter_context(Overlord(settings.druid, ends=kafka.ends))
        coordinator = stack.enter_context(Coordinator(settings.druid))
        yield Systems(model, settings, kafka, overlord, coordinator)


def artefacts(model: Model, live: Live, key: bytes | None) -> Sealed:
    """Each artefact that a deploy of *model* looks at, by address, as it is live."""
    names = [model.datasource(kind) for kind in KINDS]
    found: dict[str, Any] = {
        f"kafka/topic/{topic.name}": _topic_state(live.topics.get(topic.name)) for topic in topics(model)
    }
    found |= {f"druid/supervisor/{name}": _spec_state(live.specs.get(name), key) for name in names}
    found |= {f"druid/{keeping.RULES}/{name}": _rules_state(live.rules.get(name)) for name in names}
    if live.divolte is not None:
        found[f"divolte/divolte/{model.site}"] = state_of(live.divolte)
    found |= {f"druid/{keeping.COMPACTION}/{name}": _compaction_state(live.compactions.get(name)) for name in names}
    return found


def changes(model: Model, settings: Settings, live: Live) -> tuple[Change, ...]:
    """What must happen to the live artefacts, each change marked where another hand had a part in it."""
    applied = live.journal.applied or {}
    start = f"druid/{keeping.COMPACTION}/"
    merged = [address.removeprefix(start) for address, value in applied.items() if value and address.startswith(start)]
    lost = without_their_topic(model, live.specs, live.topics, applied)
    names = {one.name for one in lost}
    consumers = consumer_properties(settings.kafka, _authority(settings))
    wanted = [spec for spec in supervisors(model, consumers) if datasource(spec) not in names]
    found = (
        *topic_changes(topics(model, settings.target), live.topics),
        *lost,
        *supervisor_changes(wanted, live.specs),
        *keeping.rules_changes(keeping.rules(model), live.rules),
        *keeping.compaction_changes(keeping.compactions(model), live.compactions, merged),
        *service_changes(model, settings, live.journal.running),
        *(divolte_changes(model, live.divolte) if live.divolte is not None else ()),
    )
    states = artefacts(model, live, settings.pseudonym_key)
    return tuple(_marked(change, applied.get(change.address), states.get(change.address)) for change in found)


def _authority(settings: Settings) -> str:
    file = settings.kafka.ca if settings.kafka.security.endswith("SSL") else None
    return Path(file).read_text("utf-8") if file else ""


def _marked(change: Change, applied: Any, live: Any) -> Change:
    """*change* with a mark on what another hand did since *applied* was left there."""
    if applied is None or change.system == "dkd":
        return change
    if live is None:
        return replace(change, removed=True, reason="another hand removed it")
    moved = [difference.path for difference in moved_since(change.kind, applied, live)]
    marked = tuple(replace(one, by_hand=any(_touch(one.path, path) for path in moved)) for one in change.differences)
    return replace(change, differences=marked)


def moved_since(kind: str, applied: Any, live: Any) -> tuple[Difference, ...]:
    """Where a live artefact is not as it was left; both sealed."""
    if kind == "topic":
        before, after = (
            Topic("", state["partitions"], state["replication"], state["config"]) for state in (live, applied)
        )
        counts = (
            ("partitions", before.partitions, after.partitions),
            ("replication", before.replication, after.replication),
        )
        return (*topic_differences(after, before), *(Difference(*one) for one in counts if one[1] != one[2]))
    if kind == "divolte":
        return tuple(Difference(one, live.get(one), applied.get(one)) for one in live if live[one] != applied.get(one))
    if kind == keeping.RULES:
        return keeping.rules_differences(applied, live)
    if kind == keeping.COMPACTION:
        return keeping.compaction_differences(applied, live)
    return spec_differences(applied, live)


def _touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies within it."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _topic_state(topic: Topic | None) -> Any:
    if topic is None:
        return None
    state = {"partitions": topic.partitions, "replication": topic.replication, "config": dict(topic.config)}
    return {**state, "id": topic.id} if topic.id else state


def _spec_state(spec: Mapping[str, Any] | None, key: bytes | None) -> Any:
    return None if spec is None else sealed(normal(spec), key)


def _rules_state(found: list[Any] | None) -> Any:
    return keeping.normal_rules(found) if found else None


def _compaction_state(found: Mapping[str, Any] | None) -> Any:
    return keeping.normal_compaction(found) if found is not None else None
