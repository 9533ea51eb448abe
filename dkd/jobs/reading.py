"""A site's supervisors → a section of the status: does each read its topic, from where it is to where it ends?"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from dkd.errors import DkdError
from dkd.jobs.live import Systems, systems
from dkd.jobs.renewed import without_their_topic
from dkd.jobs.status import Section
from dkd.model.schema import Model
from dkd.model.words import counted
from dkd.settings import Settings
from dkd.systems.druid.proof import beyond, offsets
from dkd.systems.druid.render import KINDS

_WELL = frozenset({"RUNNING", "IDLE", "PENDING"})


@dataclass(frozen=True)
class Reader:
    """One supervisor.

    Attributes:
        datasource: Its name.
        topic: What it reads.
        state: In Druid's words.
        unparseable: Records that its running tasks could not read.
        problem: What keeps it from reading, with the remedy; empty where nothing does.
    """

    datasource: str
    topic: str
    state: str
    unparseable: int
    problem: str

    def lines(self) -> Iterator[str]:
        """For people; nothing where all is well."""
        if self.problem:
            yield f"{self.datasource}: {self.problem}"
        elif self.unparseable:
            yield f"{self.datasource}: {counted(self.unparseable, 'record')} of {self.topic} could not be read"


def supervisors_section(model: Model, settings: Settings) -> Section:
    """The section ``supervisors`` of *model* at the target of *settings*; says so where a system does not answer."""
    try:
        with systems(model, settings) as found:
            live = found.read()
            lost = without_their_topic(model, live.specs, live.topics, live.journal.applied or {})
            reasons = {one.name: one.reason for one in lost}
            readers = [one for name in map(model.datasource, KINDS) if (one := _reader(found, name, reasons.get(name)))]
    except DkdError as error:
        return Section("supervisors", (f"supervisors: not known, {error}",), {"unknown": error.problems[0].as_dict()})
    lines = tuple(line for one in readers for line in one.lines())
    return Section("supervisors", lines, [asdict(one) for one in readers], not any(one.problem for one in readers))


def _reader(found: Systems, name: str, lost: str | None) -> Reader | None:
    status = found.overlord.status(name)
    if status is None:
        return None
    topic, read = str(status.get("stream")), found.overlord.read_records(name)
    state = str(status.get("detailedState"))
    remedy = f"suspend, reset and terminate the supervisor {name}, then deploy again"
    problem = ""
    if status.get("suspended"):
        problem = "it is suspended; dkd deploy starts it again"
    elif lost:
        problem = f"{lost}; {remedy}"
    elif where := beyond(offsets(status.get("activeTasks") or []), found.kafka.ends(topic)):
        problem = f"it reads {topic}, made anew since, in {where}; {remedy}"
    elif status.get("state") not in _WELL:
        said = [str(one.get("message")) for one in status.get("recentErrors") or []]
        problem = f"Druid says {state}{': ' + said[-1][:200] if said else ''}; see dkd logs druid"
    elif read.unparseable and not read.good:
        problem = f"it can read none of the {read.unparseable:,} records of {topic} that it has come upon"
    return Reader(name, topic, state, read.unparseable, problem)
