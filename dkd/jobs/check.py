"""A project's model, its waivers and its saved views become what is wrong in them, and advice."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from dkd.errors import ModelError, Problem
from dkd.jobs.changes import today, waiver_mistakes
from dkd.model.checks import advise
from dkd.model.codes import is_advice
from dkd.model.found import Found
from dkd.model.load import in_file_order, read_placed
from dkd.model.schema import Model, Waiver
from dkd.model.tree import Tree


class Checked(NamedTuple):
    """What a check found.

    Attributes:
        model: None where the file has mistakes.
        views: How many saved views there are.
        findings: In the order of the files; mistakes alone, where there are any.
    """

    model: Model | None
    views: int
    findings: list[Found]


def checked(file: Path, views: Callable[[Model], tuple[int, list[Problem]]]) -> Checked:
    """Check the model in *file*, its waivers and its saved views.

    Args:
        file: Of the model.
        views: Counts the views that go with a model, and gives their mistakes.

    Raises:
        UsageError: DKD110, when *file* cannot be read.
    """
    model: Model | None = None
    count = 0
    findings: list[Found] = []
    problems: list[Problem] = []
    try:
        model, tree = read_placed(file)
        findings, problems = advised(model, tree, today())
        problems += waiver_mistakes(model, tree, today())
        count, mistakes = views(model)
        problems += mistakes
    except ModelError as error:
        problems += error.problems
    return Checked(model, count, [Found(one) for one in problems] if problems else findings)


def advised(model: Model, tree: Tree, day: date) -> tuple[list[Found], list[Problem]]:
    """Advice about *model* in the order of its file, and the waivers of advice that are over or that nothing needs.

    Args:
        model: Without mistakes.
        tree: Knows where its parts stand.
        day: A waiver counts on its last day.
    """
    waivers = [(seq, one) for seq, one in enumerate(model.waivers) if is_advice(one.rule)]
    valid = {(one.rule, one.address): one for _, one in waivers if one.until >= day}
    found: dict[Problem, Found] = {}
    for path, code, problem, remedy in advise(model):
        one = Problem(tree.place(path, of_key=True), code, problem, remedy)
        address = ".".join(map(str, path))
        waiver = valid.get((code, address))
        if waiver or one not in found:
            found[one] = Found(one, address, f"{waiver.reason} (until {waiver.until})" if waiver else "")
    hit = {(one.problem.code, one.address) for one in found.values() if one.waiver}
    wrong = [one for seq, waiver in waivers for one in _mistake(waiver, seq, tree, day, hit)]
    return [found[one] for one in in_file_order(found, tree.where)], wrong


def _mistake(one: Waiver, seq: int, tree: Tree, day: date, hit: set[tuple[str, str]]) -> Iterator[Problem]:
    where = str(tree.spot(("waivers", seq)))
    if one.until < day:
        yield Problem(where, "DKD265", f"the waiver of {one.rule} ended on {one.until}", "remove it, or decide anew")
    elif (one.rule, one.address) not in hit:
        yield Problem(where, "DKD267", f"nothing at {one.address} is a {one.rule}", "remove the waiver")
