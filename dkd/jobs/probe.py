"""A plan's supervisors read the first records of their topics by Druid's sampler: rows and errors, nothing stored."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dkd.errors import DkdError
from dkd.plan.order import Plan
from dkd.plan.step import SUPERVISOR
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord

_ROWS, _WAIT_MS = 200, 3_000
_SHOWN = 3


@dataclass(frozen=True)
class Probe:
    """What a new spec makes of its topic.

    Attributes:
        datasource: Its name.
        topic: The topic.
        read: Records that were read, the topic's first ones.
        stored: Rows that they became.
        rows: The first of them.
        errors: Why others became none, each reason once.
        refused: Why Druid cannot read with the spec at all; empty where it can.
    """

    datasource: str
    topic: str
    read: int = 0
    stored: int = 0
    rows: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[str, ...] = ()
    refused: str = ""

    @property
    def ok(self) -> bool:
        """Whether every record became a row."""
        return not self.refused and not self.errors

    def lines(self) -> list[str]:
        """For people."""
        if self.refused:
            return [f"probe of {self.datasource}: {self.refused}"]
        counts = f"{self.read} records of {self.topic} read, {self.stored} would be rows"
        filled = ({name: value for name, value in row.items() if value is not None} for row in self.rows)
        rows = [f"    {json.dumps(row, ensure_ascii=False)}" for row in filled]
        return [f"probe of {self.datasource}: {counts}", *(f"    not: {error}" for error in self.errors), *rows]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "ok": self.ok}


def probed(plan: Plan, settings: Settings) -> tuple[Probe, ...]:
    """A probe of every supervisor that *plan* makes or changes; one whose topic is not there yet is left out.

    Raises:
        DkdError: DKD703, when Druid cannot be reached.
    """
    made = {step.name for step in plan.steps if step.kind == "topic" and step.action == "create"}
    with Overlord(settings.druid) as overlord:
        return tuple(
            _probe(overlord, step)
            for step in plan.steps
            if step.kind == SUPERVISOR and step.action in ("create", "update") and _topic(step) not in made
        )


def _probe(overlord: Overlord, step: Change) -> Probe:
    try:
        found = overlord.sample(step.wanted, _ROWS, _WAIT_MS)
    except DkdError as error:
        if error.problems[0].code != "DKD705":
            raise
        return Probe(step.name, _topic(step), refused=error.problems[0].problem)
    data = found.get("data", [])
    rows = tuple(one["parsed"] for one in data if one.get("parsed"))[:_SHOWN]
    errors = tuple(dict.fromkeys(" ".join(str(one["error"]).split())[:300] for one in data if one.get("error")))
    counts = int(found.get("numRowsRead", 0)), int(found.get("numRowsIndexed", 0))
    return Probe(step.name, _topic(step), *counts, rows, errors)


def _topic(step: Change) -> str:
    spec: Any = step.wanted
    return str(spec["spec"]["ioConfig"]["topic"])
