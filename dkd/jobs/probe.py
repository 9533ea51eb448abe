"""A plan's supervisors read the first records of their topics by Druid's sampler: counts and errors, nothing stored.

What visitors sent stays out of sight: of the rows only the time, the event and fields that the model keeps as they are;
of an error what is wrong, without the record.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.model.words import counted
from dkd.plan.order import Plan
from dkd.plan.step import SUPERVISOR
from dkd.settings import Settings
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord

_ROWS, _WAIT_MS = 200, 3_000
_SHOWN, _MOST_COLUMNS, _MOST_ERRORS, _LONGEST = 3, 5, 10, 60
_CHANGED = re.compile(r"^dataSchema\.dimensionsSpec\.dimensions\.(\w+)")
_RECORD = re.compile(r"\s*Event: \{.*", re.DOTALL)
_VALUE = re.compile(r"\[.*\]", re.DOTALL)
_PLACE = re.compile(r"\s*\((?:Line|Record): \d+\)")


@dataclass(frozen=True)
class Probe:
    """What a new spec makes of its topic.

    Attributes:
        datasource: Its name.
        topic: The topic.
        read: Records that were read, the topic's first ones.
        stored: Rows that they became.
        errors: Why others became none, each reason with how many.
        filled: In how many of the rows each column has a value.
        rows: The first of them, in a few columns.
        refused: Why Druid cannot read with the spec at all; empty where it can.
    """

    datasource: str
    topic: str
    read: int
    stored: int
    errors: Mapping[str, int]
    filled: Mapping[str, int]
    rows: tuple[Mapping[str, Any], ...] = ()
    refused: str = ""

    @property
    def ok(self) -> bool:
        """Whether every record became a row."""
        return not self.refused and not self.errors

    def lines(self) -> list[str]:
        """For people: what goes wrong first."""
        if self.refused:
            return [f"probe of {self.datasource}: {self.refused}"]
        counts = f"{counted(self.read, 'record')} of {self.topic} read, {self.stored} would be rows"
        errors = [
            f"    {counted(count, 'record')} not: {why}" for why, count in list(self.errors.items())[:_MOST_ERRORS]
        ]
        empty = [name for name, count in self.filled.items() if not count] if self.stored else []
        more = [f"    without a value in all of them: {', '.join(empty)}"] if empty else []
        rows = [f"    {'  '.join(f'{name} {_short(value)}' for name, value in row.items())}" for row in self.rows]
        return [f"probe of {self.datasource}: {counts}", *errors, *more, *rows]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "ok": self.ok}


def probed(plan: Plan, model: Model, settings: Settings) -> tuple[Probe, ...]:
    """A probe of every supervisor that *plan* makes or changes; one whose topic is not there yet is left out.

    Raises:
        DkdError: DKD703, when Druid cannot be reached.
    """
    made = {step.name for step in plan.steps if step.kind == "topic" and step.action == "create"}
    with Overlord(settings.druid) as overlord:
        return tuple(
            _probe(overlord, step, model)
            for step in plan.steps
            if step.kind == SUPERVISOR and step.action in ("create", "update") and _topic(step) not in made
        )


def _probe(overlord: Overlord, step: Change, model: Model) -> Probe:
    try:
        found = overlord.sample(step.wanted, _ROWS, _WAIT_MS)
    except DkdError as error:
        if error.problems[0].code != "DKD705":
            raise
        return Probe(step.name, _topic(step), 0, 0, {}, {}, refused=error.problems[0].problem)
    data = found.get("data", [])
    rows = [one["parsed"] for one in data if one.get("parsed")]
    errors = Counter(reason(str(one["error"])) for one in data if one.get("error"))
    filled = Counter(name for row in rows for name, value in row.items() if value is not None)
    names = [one["name"] for one in found.get("logicalSegmentSchema", [])]
    columns = _columns(step, model)
    return Probe(
        step.name,
        _topic(step),
        int(found.get("numRowsRead", 0)),
        int(found.get("numRowsIndexed", 0)),
        dict(errors.most_common()),
        {name: filled[name] for name in names},
        tuple(_row(row, columns) for row in rows[:_SHOWN]),
    )


def reason(said: str) -> str:
    """What is wrong with a record, by Druid's words, without what stands in it."""
    return " ".join(_PLACE.sub("", _VALUE.sub("[…]", _RECORD.sub("", said))).split())[:200]


def _columns(step: Change, model: Model) -> list[str]:
    """Columns whose values are shown: those that change before others, and only what the model keeps as it is."""
    changed = [found[1] for one in step.differences if (found := _CHANGED.match(one.path))]
    kept = [name for name, field in model.all_fields.items() if field.privacy == "keep"]
    return ["event", *[name for name in changed or kept if name in kept][:_MOST_COLUMNS]]


def _row(row: Mapping[str, Any], columns: list[str]) -> dict[str, Any]:
    time = datetime.fromtimestamp(row["__time"] / 1_000, UTC).isoformat(timespec="milliseconds")
    return {"__time": time, **{name: row[name] for name in columns if row.get(name) is not None}}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _topic(step: Change) -> str:
    spec: Any = step.wanted
    return str(spec["spec"]["ioConfig"]["topic"])
