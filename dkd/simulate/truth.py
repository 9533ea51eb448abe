"""Lines as they are sent → what the whole stack must find in them; known to the simulator alone, never sent."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.simulate.incident import Incident, incidents
from dkd.simulate.traffic import REPEATED_MS, Sent


class Truth:
    """Counts what was sent, line by line."""

    def __init__(self, model: Model, seed: int) -> None:
        """Count by the model's gap, grace and conversions."""
        timing = model.enrich.timing
        self._seed = seed
        self._gap_ms, self._grace_ms = in_ms(timing.gap), in_ms(timing.grace)
        self._conversions = {one.event: one.value for one in timing.conversions}
        self._watermark_ms = 0
        self._last_ms: dict[str, int] = {}
        self._personas: dict[str, str] = {}
        self._begun: set[object] = set()
        self.first_ms, self.last_ms = 0, 0
        self.kinds: Counter[str] = Counter()
        self.robots: Counter[str] = Counter()
        self.robot_visitors: Counter[str] = Counter()
        self.late, self.sessions, self.human_sessions, self.conversions, self.failed = 0, 0, 0, 0, 0
        self.value = 0.0

    def add(self, sent: Sent) -> None:
        """Count one more line, in the order in which they are sent.

        A repeat at the very beginning, of an event that was before it, is the first that the stack hears of that event.
        """
        self.first_ms, self.last_ms = self.first_ms or sent.at_ms, sent.at_ms
        is_new = False
        if sent.kind != "broken" and sent.at_ms - self.first_ms < REPEATED_MS:
            event_id = sent.given.get("event_id")
            is_new = sent.kind == "duplicate" and event_id not in self._begun
            self._begun.add(event_id)
        kind = "event" if is_new else sent.kind
        self.kinds[kind] += 1
        if kind != "event":
            return
        self.robots[sent.robot] += 1
        self.failed += sent.failed
        name, time_ms = str(sent.given["event"]), int(str(sent.given["timestamp_ms"]))
        if name in self._conversions:
            self.conversions += 1
            value = sent.given.get(self._conversions[name] or "")
            self.value += value if isinstance(value, int | float) else 0
        self._visit(str(sent.given["party_id"]), time_ms, sent)

    def _visit(self, party: str, time_ms: int, sent: Sent) -> None:
        """Late events belong to no session; others open one after a silence of more than the gap."""
        if party not in self._personas:
            self._personas[party] = sent.persona
            self.robot_visitors[sent.robot] += 1
        if time_ms < self._watermark_ms - self._grace_ms:
            self.late += 1
            return
        self._watermark_ms = max(self._watermark_ms, time_ms)
        last_ms = self._last_ms.get(party)
        if last_ms is None or time_ms - last_ms > self._gap_ms:
            self.sessions += 1
            self.human_sessions += not sent.robot
        self._last_ms[party] = max(last_ms or 0, time_ms)

    @property
    def incidents(self) -> list[Incident]:
        """What went wrong meanwhile."""
        return incidents(self._seed, self.first_ms, self.last_ms + 1) if self.first_ms else []

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        robots = {kind: count for kind, count in sorted(self.robots.items()) if kind}
        return {
            "from": _moment(self.first_ms),
            "to": _moment(self.last_ms),
            "lines": self.kinds.total(),
            "events": self.kinds["event"],
            "duplicates": self.kinds["duplicate"],
            "broken": self.kinds["broken"],
            "late": self.late,
            "human_events": self.robots[""],
            "human_visitors": self.robot_visitors[""],
            "human_sessions": self.human_sessions,
            "sessions": self.sessions,
            "bot_events": sum(robots.values()),
            "bot_events_by_kind": robots,
            "bot_visitors": {kind: count for kind, count in sorted(self.robot_visitors.items()) if kind},
            "personas": dict(sorted(Counter(name for name in self._personas.values() if name).items())),
            "conversions": self.conversions,
            "conversion_value": round(self.value, 2),
            "failed_conversions": self.failed,
            "incidents": [
                {"from": _moment(one.start_ms), "to": _moment(one.end_ms), one.dimension: one.value}
                for one in self.incidents
            ],
        }

    def as_text(self) -> str:
        """The same for people."""
        found = self.as_dict()
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found["bot_events_by_kind"].items())
        personas = ", ".join(f"{name} {count:,}" for name, count in found["personas"].items())
        rows = [
            ("lines sent", found["lines"], f"{found['from']} to {found['to']}" if self.first_ms else ""),
            ("  events", found["events"], f"{found['late']:,} of them late"),
            ("  sent twice", found["duplicates"], ""),
            ("  broken", found["broken"], ""),
            ("events of people", found["human_events"], f"{found['human_sessions']:,} sessions"),
            ("  visitors", found["human_visitors"], personas),
            ("events of bots", found["bot_events"], kinds),
            ("conversions", found["conversions"], f"worth {found['conversion_value']:,.2f}"),
            ("  that failed", found["failed_conversions"], ""),
        ]
        lines = [f"{name:20}{count:>12,}  {more}".rstrip() for name, count, more in rows]
        return "\n".join([*lines, *(_told(one) for one in self.incidents)])


def _told(one: Incident) -> str:
    who = f"visitors from {one.value}" if one.dimension == "country" else f"visitors with {one.value}"
    return f"incident: {who} could not finish, {_moment(one.start_ms)} to {_moment(one.end_ms)}"


def _moment(time_ms: int) -> str | None:
    if not time_ms:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
