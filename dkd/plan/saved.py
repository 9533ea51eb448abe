"""A plan and its model become a file that can be carried out later, and the other way round; it holds no secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dkd
from dkd.errors import RefusedError, UsageError
from dkd.model.digest import dumped
from dkd.model.schema import Model
from dkd.plan.order import Plan
from dkd.plan.show import as_dict
from dkd.systems.seal import digest, sealed

_MARK = "dkd_plan"
_FORMS = {"path": str, "target": str, "cluster": str, "live": dict, "wanted": dict}


@dataclass(frozen=True)
class Saved:
    """A plan as it was saved.

    Attributes:
        model: The whole model.
        path: Where its file was, as it was named then.
        target: Name of the target.
        content: The plan, as :func:`dkd.plan.show.as_dict` has it, and what it rests on.
    """

    model: Model
    path: str
    target: str
    content: Mapping[str, Any]


def saved(plan: Plan, model: Model, path: str, key: bytes | None) -> str:
    """The text of the file.

    Args:
        plan: What would be done.
        model: By which.
        path: Of the model's file, for people and for finding the project again.
        key: Of the fingerprints that stand for secrets.
    """
    whole = {_MARK: 1, "dkd_version": dkd.__version__, **_content(plan, key), "path": path, "source": dumped(model)}
    return json.dumps(whole, indent=2) + "\n"


def is_saved(text: str) -> bool:
    """Whether *text* is a saved plan, rather than a model."""
    return text.lstrip().startswith("{") and f'"{_MARK}"' in text


def loaded(text: str, where: str) -> Saved:
    """What the file says.

    Raises:
        UsageError: DKD716, when it is no plan of a form that this dkd knows.
    """
    try:
        found = json.loads(text)
        if found[_MARK] != 1:
            raise ValueError(f"it has the form {found[_MARK]}")
        if not all(isinstance(found[name], form) for name, form in _FORMS.items()):
            raise TypeError(f"one of {', '.join(_FORMS)} is of another type")
        return Saved(Model.model_validate(found["source"]), found["path"], found["target"], found)
    except (ValueError, KeyError, TypeError) as error:
        problem = f"this is no plan that dkd {dkd.__version__} can read: {type(error).__name__}"
        raise UsageError("DKD716", where=where, problem=problem, remedy="make a new one with dkd plan --out") from error


def require_same(before: Saved, plan: Plan, key: bytes | None, where: str) -> None:
    """Return when *plan*, made just now, does exactly what was saved *before*.

    Raises:
        RefusedError: DKD713, naming the first thing that is not as it was.
    """
    now, then = _content(plan, key), before.content
    why = _why(now, then)
    if why:
        raise RefusedError("DKD713", where=where, problem=why, remedy="plan again, and look at what is new in it")


def _why(now: Mapping[str, Any], then: Mapping[str, Any]) -> str:
    if now["cluster"] != then["cluster"]:
        return f"it was made for the Kafka cluster {then['cluster']}, and this one is {now['cluster']}"
    stale = [address for address, seen in then["live"].items() if now["live"].get(address) != seen]
    if stale:
        return f"{', '.join(stale)} changed after the plan was made"
    other = [address for address, wanted in now["wanted"].items() if then["wanted"].get(address) != wanted]
    if other:
        return f"{', '.join(other)} would be made otherwise now: a secret or dkd itself has changed"
    same = json.loads(json.dumps(now)) == {name: then.get(name) for name in now}
    return "" if same else "it would have other steps now"


def _content(plan: Plan, key: bytes | None) -> dict[str, Any]:
    wanted = {step.address: digest(sealed(dict(step.wanted), key)) for step in plan.steps}
    return {**as_dict(plan), "live": dict(plan.live), "wanted": wanted}
