"""A model becomes how long Druid keeps a datasource and how it merges its segments, each compared with what is live."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from dkd.model.schema import Datasource, Model
from dkd.systems.change import Change, Difference
from dkd.systems.druid.normal import period_s
from dkd.systems.druid.render import KINDS
from dkd.systems.druid.strict import require_known

RULES = "rules"
COMPACTION = "compaction"

Json = dict[str, Any]
Rules = list[Json]

_DAY = timedelta(days=1)
_DROP = "dropForever"

_COMPACTION: Json = {"type": "inline", "taskPriority": 25, "inputSegmentSizeBytes": 100_000_000_000_000}
_MERGED: Json = {"type": "index_parallel", "forceGuaranteedRollup": False}
_PARTS: Json = {"type": "dynamic", "maxRowsPerSegment": 5_000_000}


def rules(model: Model) -> dict[str, Rules]:
    """Druid's ordered load and drop rules by datasource, as they are posted: rows stay as long as the model says."""
    found: dict[str, Rules] = {
        model.datasource(kind): [{"type": "loadByPeriod", "period": _iso(_of(model, kind).retention)}, {"type": _DROP}]
        for kind in KINDS
    }
    for name, one in found.items():
        require_known(one, "rules", name)
    return found


def compactions(model: Model) -> dict[str, Json]:
    """Druid's automatic compaction by datasource, as it is posted, of those that the model wants merged."""
    wanted = {model.datasource(kind): _of(model, kind) for kind in KINDS}
    found = {name: made for name, one in wanted.items() if (made := _compaction(name, one)) is not None}
    for one in found.values():
        require_known(one, "compaction")
    return found


def normal_rules(found: Sequence[Mapping[str, Any]]) -> Rules:
    """Rules as Druid gives them back."""
    return [_normal_rule(rule) for rule in found]


def normal_compaction(found: Mapping[str, Any]) -> Json:
    """A compaction's configuration as Druid gives it back, without what is not set."""
    set_ones: Json = _without_nulls(found)
    tuning = {**_MERGED, **set_ones.get("tuningConfig", {})}
    tuning["partitionsSpec"] = {**_PARTS, **tuning.get("partitionsSpec", {})}
    return {**_COMPACTION, **set_ones, "tuningConfig": tuning}


def rules_changes(wanted: Mapping[str, Rules], live: Mapping[str, Rules]) -> tuple[Change, ...]:
    """What must happen to the rules of the *wanted* datasources; *live* may hold others too."""
    return tuple(change for name, one in wanted.items() if (change := _rules_change(name, one, live.get(name) or [])))


def compaction_changes(
    wanted: Mapping[str, Json], live: Mapping[str, Mapping[str, Any]], ours: Sequence[str]
) -> tuple[Change, ...]:
    """What must happen to the compactions.

    Args:
        wanted: By datasource.
        live: By datasource; others may be among them.
        ours: Datasources whose compaction was made by a deploy, so that it goes when the model wants none.
    """
    found = [_compaction_change(name, one, live.get(name)) for name, one in wanted.items()]
    gone = [
        Change(
            "druid", COMPACTION, name, "delete", "the model wants its segments left as they are",
            differences=compaction_differences(None, live[name]),
        )
        for name in ours if name in live and name not in wanted
    ]  # fmt: skip
    return tuple([change for change in found if change] + gone)


def shorter(before: object, after: object) -> bool:
    """Whether rules in the words of :func:`in_words` keep less than before; what is not understood counts as more."""
    return _kept_s(after) < _kept_s(before)


def is_retention(words: object) -> bool:
    """Whether rules in the words of :func:`in_words` say how long rows are kept, and nothing else."""
    return re.fullmatch(rf"loadByPeriod \S+, {_DROP}", str(words)) is not None


def in_words(found: Sequence[Mapping[str, Any]]) -> str:
    """Rules in one line, such as ``loadByPeriod P400D, dropForever``."""
    return ", ".join(" ".join(map(str, _words(rule))) for rule in normal_rules(found)) or "the cluster's default"


def rules_differences(wanted: Sequence[Mapping[str, Any]], live: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """One difference, of the whole ordered list, where the rules differ."""
    if normal_rules(wanted) == normal_rules(live):
        return ()
    return (Difference("rules", in_words(live), in_words(wanted)),)


def compaction_differences(wanted: Mapping[str, Any] | None, live: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """Settings of the compaction that differ, by name."""
    before = normal_compaction(live) if live is not None else {}
    after = normal_compaction(wanted) if wanted is not None else {}
    names = sorted({*before, *after})
    return tuple(
        Difference(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _of(model: Model, kind: str) -> Datasource:
    found: Datasource = getattr(model.datasources, kind)
    return found


def _compaction(name: str, datasource: Datasource) -> Json | None:
    """Hours become days: they suit what is written, but a question about a week should not open 168 of them."""
    if datasource.compact_after is None:
        return None
    days = {"granularitySpec": {"segmentGranularity": "DAY"}} if datasource.segment == "hour" else {}
    return {
        "dataSource": name,
        "skipOffsetFromLatest": _iso(datasource.compact_after),
        **days,
        "tuningConfig": {"partitionsSpec": {"type": "dynamic"}},
        # Without it the task waits, holding its slot, until the supervisor hands its segments off.
        "taskContext": {"useConcurrentLocks": True},
    }


def _rules_change(name: str, wanted: Rules, live: Rules) -> Change | None:
    differences = rules_differences(wanted, live)
    if not differences:
        return None
    risk = "rows that are older leave Druid" if shorter(differences[0].before, differences[0].after) else ""
    body = {"rules": wanted}
    if not live:
        return Change("druid", RULES, name, "create", "it has no rules", risk, wanted=body)
    reason = "its rules differ from the model's"
    return Change("druid", RULES, name, "update", reason, risk, differences=differences, wanted=body)


def _compaction_change(name: str, wanted: Json, live: Mapping[str, Any] | None) -> Change | None:
    differences = compaction_differences(wanted, live)
    if not differences:
        return None
    risk = "older segments are written anew, merged"
    if live is None:
        return Change("druid", COMPACTION, name, "create", "its segments are not merged", risk, wanted=wanted)
    reason = "its settings differ from the model's"
    return Change("druid", COMPACTION, name, "update", reason, risk, differences=differences, wanted=wanted)


def _normal_rule(rule: Mapping[str, Any]) -> Json:
    found = {name: value for name, value in rule.items() if value is not None}
    if str(found.get("type")).startswith("load"):
        found = {"tieredReplicants": {"_default_tier": 2}, "useDefaultTierForNull": True, **found}
    if str(found.get("type")).endswith("ByPeriod"):
        found = {"includeFuture": True, **found, "period": period_s(found.get("period"))}
    return found


def _words(rule: Mapping[str, Any]) -> list[object]:
    shown = [rule.get("type")]
    if "period" in rule:
        shown.append(_seconds(rule["period"]))
    shown += [rule[name] for name in ("interval",) if name in rule]
    replicas = rule.get("tieredReplicants", {"_default_tier": 2})
    return shown if replicas == {"_default_tier": 2} else [*shown, f"replicas {replicas}"]


def _seconds(period: object) -> object:
    return _iso(timedelta(seconds=period)) if isinstance(period, int | float) else period


def _kept_s(words: object) -> float:
    """Seconds that rows stay; without end where nothing is dropped, or where the rules are not of dkd's form."""
    first, _, rest = str(words).partition(", ")
    kind, _, period = first.partition(" ")
    seconds = period_s(period)
    if kind == "loadByPeriod" and rest == _DROP and isinstance(seconds, int | float):
        return float(seconds)
    return 0.0 if kind == _DROP else float("inf")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


def _iso(length: timedelta) -> str:
    """ISO 8601, in days where they are whole."""
    if length % _DAY == timedelta(0):
        return f"P{length // _DAY}D"
    return f"PT{length // timedelta(seconds=1)}S"
