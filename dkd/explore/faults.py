"""A view's question and panels against the model: each name and value that leads nowhere, and its place there."""

from collections.abc import Iterator, Sequence

from dkd.errors import Problem
from dkd.model.schema import Model
from dkd.query.check import problems
from dkd.query.measure import near
from dkd.query.question import Question, Split

Place = tuple[str | int, ...]
Fault = tuple[Place, Problem]


def faults(model: Model, question: Question, panels: Sequence[str]) -> Iterator[Fault]:
    """What of the view cannot be asked: its path, which begins with a key and a place, and why.

    Whether a filter, a split or a panel suits is asked of the measures that exist; without any, of none.
    """
    good = []
    for at, name in enumerate(question.measures):
        found = _wrong(model, question, (name,))
        yield from ((("measures", at), one) for one in found)
        good += [] if found else [name]
    if good:
        yield from _filters(model, question, good)
        yield from _splits(model, question, good)
        for at, panel in enumerate(panels):
            found = _unfit(model, question, good, splits=(Split(dimension=panel),))
            yield from ((("panels", at), one) for one in found)


def _filters(model: Model, question: Question, good: Sequence[str]) -> Iterator[Fault]:
    for key, filters in (("filters", question.filters), ("against", question.against or ())):
        for at, one in enumerate(filters):
            for problem in _unfit(model, question, good, filters=(one,)):
                yield (key, at, _key(problem)), problem
    for at, having in enumerate(question.having):
        if having.measure not in good:
            text = f"there is no measure {having.measure!r} among those of the view"
            yield ("having", at, "measure"), Problem("measure", "DKD310", text, near(having.measure, list(good)))


def _splits(model: Model, question: Question, good: Sequence[str]) -> Iterator[Fault]:
    for at, split in enumerate(question.splits):
        plain = split.model_copy(update={"sort": None})
        yield from ((("splits", at, "dimension"), one) for one in _unfit(model, question, good, splits=(plain,)))
        ranked = _wrong(model, question, tuple(good), splits=(split,)) if split.sort is not None else ()
        yield from ((("splits", at, "sort"), one) for one in ranked if one.where == "sort")


def _unfit(model: Model, question: Question, good: Sequence[str], **changed: object) -> tuple[Problem, ...]:
    """Why a part suits none of the measures; nothing where it suits one."""
    found = [_wrong(model, question, (name,), **changed) for name in good]
    return found[0] if all(found) else ()


def _wrong(model: Model, question: Question, measures: tuple[str, ...], **changed: object) -> tuple[Problem, ...]:
    bare: dict[str, object] = {"filters": (), "splits": (), "having": (), "against": None}
    return problems(model, question.model_copy(update={**bare, "measures": measures, **changed}))


def _key(problem: Problem) -> str:
    return {"DKD313": "values", "DKD319": "matches"}.get(problem.code, "dimension")
