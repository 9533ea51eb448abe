"""Supervisors as wanted and as live become the changes between them; a default of the server is none."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dkd.systems.change import HIDDEN, Change, Difference
from dkd.systems.druid.normal import normal
from dkd.systems.seal import is_secret

KIND = "supervisor"

_FREE = ("context", "ioConfig.consumerProperties")
"""Maps that Druid keeps as they are, so that a key which the model does not name is another hand's."""

_ABSENT = object()

Json = Mapping[str, Any]


def supervisor_changes(
    wanted: Sequence[Mapping[str, Any]], live: Mapping[str, Mapping[str, Any]]
) -> tuple[Change, ...]:
    """What must happen to the live supervisors.

    Args:
        wanted: Specs as they are posted.
        live: Specs as Druid gives them back, by datasource; supervisors of others may be among them.

    Returns:
        At most one change a supervisor, in the order of *wanted*.
    """
    return tuple(change for spec in wanted if (change := _change(spec, live.get(datasource(spec)))))


def datasource(spec: Mapping[str, Any]) -> str:
    """The datasource of a supervisor, which is also its id."""
    return str((spec.get("spec") or spec)["dataSchema"]["dataSource"])


def differences(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where two specs differ after Druid's own normalisation; secrets are hidden, in the order of the paths."""
    found = _differences("", normal(wanted), normal(live))
    return tuple(sorted((_hidden(difference) for difference in found), key=lambda difference: difference.path))


def _change(spec: Mapping[str, Any], live: Mapping[str, Any] | None) -> Change | None:
    name = datasource(spec)
    if live is None:
        risk = "reads from the topic's earliest record, or where an earlier supervisor of this name stopped"
        return Change("druid", KIND, name, "create", "no such supervisor", risk, wanted=spec)
    found = differences(spec, live)
    if not found:
        return None
    topics = [difference for difference in found if difference.path in ("ioConfig.topic", "ioConfig.topicPattern")]
    if topics:
        return _another_topic(name, topics[0], found)
    reason = "its spec differs from the model's" if len(found) == 1 else f"its spec differs in {len(found)} places"
    return Change("druid", KIND, name, "update", reason, _risk(found), differences=found, wanted=spec)


def _another_topic(name: str, topic: Difference, found: tuple[Difference, ...]) -> Change:
    return Change(
        "druid", KIND, name, "blocked",
        f"it reads {topic.before}; Druid would go on at that topic's offsets in the other one and lose or repeat rows",
        remedy=f"suspend, reset and terminate the supervisor {name}, then deploy again",
        differences=found,
    )  # fmt: skip


def _risk(found: Sequence[Difference]) -> str:
    if all(difference.path == "suspended" for difference in found):
        return "its tasks start again"
    kept = any(difference.path.startswith("dataSchema") for difference in found)
    return "its tasks restart" + ("; rows already stored keep their form" if kept else "")


def _differences(path: str, wanted: Any, live: Any) -> Iterator[Difference]:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        names = {*wanted, *live} if path in _FREE else set(wanted)
        for name in sorted(names):
            inner = f"{path}.{name}" if path else name
            yield from _differences(inner, wanted.get(name, _ABSENT), live.get(name, _ABSENT))
    elif _named(wanted) and _named(live):
        yield from _of_named(path, wanted, live)
    elif not _same(wanted, live):
        yield Difference(path, _shown(live), _shown(wanted))


def _of_named(path: str, wanted: list[Json], live: list[Json]) -> Iterator[Difference]:
    """Differences of lists whose order counts and whose members have names: dimensions, metrics, transforms."""
    before, after = ({str(value["name"]): value for value in values} for values in (live, wanted))
    for name in sorted({*before, *after}):
        if name in before and name in after:
            yield from _differences(f"{path}.{name}", after[name], before[name])
        else:
            yield Difference(f"{path}.{name}", before.get(name), after.get(name))
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield Difference(f"{path} (order)", list(before), list(after))


def _named(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, Mapping) and "name" in value for value in values)


def _same(wanted: Any, live: Any) -> bool:
    if wanted is None or live is None or wanted is _ABSENT or live is _ABSENT:
        return wanted in (None, _ABSENT) and live in (None, _ABSENT)
    # Python takes True for 1, JSON does not.
    return isinstance(wanted, bool) == isinstance(live, bool) and bool(wanted == live)


def _shown(value: Any) -> Any:
    return None if value is _ABSENT else value


def _hidden(difference: Difference) -> Difference:
    name = difference.path.rpartition("consumerProperties.")[2]
    if "consumerProperties" not in difference.path or not is_secret(name):
        return difference
    return Difference(
        difference.path,
        None if difference.before is None else HIDDEN,
        None if difference.after is None else HIDDEN,
    )
