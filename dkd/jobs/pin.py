"""The Kafka cluster that a target was first deployed to is kept beside the rendered files; no other is taken for it."""

import json
from collections.abc import Callable
from pathlib import Path

from dkd.errors import RefusedError
from dkd.plan.order import Plan

FILE = "clusters.json"
"""In ``specs/<site>/``; it belongs into git, as it is what protects every other checkout."""

LOCAL = "local"


def require_cluster(project: Path, plan: Plan) -> None:
    """Return when *plan* is for the cluster that its target was first deployed to, or for its first deploy.

    The local stack is made anew after ``dkd down --wipe``, so it is never pinned.

    Raises:
        RefusedError: DKD715, when it is another cluster.
    """
    known = _read(project, plan).get(plan.target, plan.cluster)
    if plan.target != LOCAL and known != plan.cluster:
        raise RefusedError(
            "DKD715",
            where=f"target {plan.target}",
            problem=f"it was first deployed to the Kafka cluster {known}, and {plan.places[0]} is {plan.cluster}",
            remedy="correct the address; if the cluster was really replaced, take the target out of "
            f"{_file(project, plan)}",
        )


def keep_cluster(project: Path, plan: Plan, say: Callable[[str], None]) -> None:
    """Note the cluster of a target that was deployed to for the first time."""
    pins = _read(project, plan)
    if plan.target == LOCAL or plan.target in pins:
        return
    file = _file(project, plan)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**pins, plan.target: plan.cluster}, indent=2, sort_keys=True) + "\n", "utf-8")
    say(f"{plan.target} is the Kafka cluster {plan.cluster} from now on; commit {file}")


def _file(project: Path, plan: Plan) -> Path:
    return project / "specs" / plan.site / FILE


def _read(project: Path, plan: Plan) -> dict[str, str]:
    try:
        return dict(json.loads(_file(project, plan).read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        where, problem = str(_file(project, plan)), "it does not say which clusters the targets are"
        raise RefusedError("DKD715", where=where, problem=problem, remedy="restore it from git") from error
