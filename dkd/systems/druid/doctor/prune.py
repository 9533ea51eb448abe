"""A spec without what Druid would drop or refuse, by the strict schema."""

import re
from typing import Any

from dkd.systems.strict import Shape, findings

_STEP = re.compile(r"[^.\[\]]+")
_MOST = 200


def pruned(spec: dict[str, Any], shape: Shape) -> list[str]:
    """Remove from *spec*, in place, what is not as *shape* says; the paths of what was removed.

    Where a type is unknown, the whole object that it is the type of goes.
    """
    gone: list[str] = []
    for _ in range(_MOST):
        found = next(findings(spec, shape), None)
        if found is None:
            break
        steps = _STEP.findall(found.path)
        if found.problem != "unknown key" and steps[-1] == "type":
            steps.pop()
        if not _removed(spec, steps):
            break
        gone.append(found.path)
    return gone


def _removed(inside: Any, steps: list[str]) -> bool:
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(inside, list) and step.isdigit() and int(step) < len(inside):
            if last:
                del inside[int(step)]
                return True
            inside = inside[int(step)]
        elif isinstance(inside, dict) and step in inside:
            if last:
                del inside[step]
                return True
            inside = inside[step]
        else:
            return False
    return False
