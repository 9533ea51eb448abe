"""A question ↔ plain values and one short text for an address; an older link keeps what the model still has."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from dkd.errors import Problem, UsageError
from dkd.model.schema import Model
from dkd.model.types import Scalar, duration_text
from dkd.model.valid import in_words
from dkd.query.check import problems
from dkd.query.link_parts import (
    FILTER_KEY,
    ITEM,
    filter_of,
    filter_part,
    having_of,
    having_part,
    joined,
    moment_of,
    moment_text,
    no_link,
    scalars,
    split_of,
    split_part,
)
from dkd.query.measure import near
from dkd.query.question import Last, Question, Split

VERSION = "1"
"""First part of every link. A text that was once a link stays one: another form is another version beside this one."""
_LONGEST = 2_000

_PART = "~"
_KEYS = {
    "m": "measures", "t": "interval", "s": "splits", "h": "having", "g": "grain", "z": "zone", "c": "compare",
    "b": "with_bots", "a": "against",
}  # fmt: skip


class Opened(NamedTuple):
    """What became of a link.

    Attributes:
        question: What can still be asked; None where nothing of it can.
        dropped: A sentence for each part that was left out.
    """

    question: Question | None
    dropped: tuple[str, ...]


def as_dict(question: Question) -> dict[str, Any]:
    """The question as plain values for JSON and YAML, without what is as usual; :func:`of_dict` reads it."""
    found: dict[str, Any] = question.model_dump(mode="json", exclude_defaults=True)
    return found


def of_dict(tree: Mapping[str, Any], where: str = "question") -> Question:
    """The question that plain values are.

    Raises:
        UsageError: DKD316, with every value that is none for its key.
    """
    try:
        return Question.model_validate(tree)
    except ValidationError as error:
        found = tuple(_problem(where, one) for one in error.errors())
        refusal = UsageError("DKD316", where=where, problem=found[0].problem, remedy=found[0].remedy)
        refusal.problems = found
        raise refusal from error


def as_link(question: Question) -> str:
    """The question as one text of letters, digits and ``_ . - ~``, such as ``1~m.visitors~t.7d~s.country.5~g.P1D``.

    Raises:
        UsageError: DKD317, when it is longer than 2,000 characters, which not every program passes on whole.
    """
    text = _PART.join([VERSION, *_parts(question)])
    if len(text) > _LONGEST:
        problem = f"the link would have {len(text):,} characters"
        raise UsageError("DKD317", where="link", problem=problem, remedy="filter by fewer values, or save it as a view")
    return text


def of_link(text: str) -> Question:
    """The question that *text* is; whether a model has its names is another matter.

    Raises:
        UsageError: DKD317 for a text that is no link, DKD316 for a part that no question can have.
    """
    version, *parts = text.split(_PART)
    if version != VERSION:
        raise no_link("it does not begin with 1~")
    tree: dict[str, Any] = {}
    for part in parts:
        key, *items = part.split(ITEM)
        values = scalars(items)
        if (found := FILTER_KEY.fullmatch(key)) is not None:
            whose, sign, letter = found.groups()
            tree.setdefault("against" if whose else "filters", []).append(filter_of(sign, letter, values))
        elif key not in _KEYS:
            raise no_link(f"it has a part {part[:20]!r}")
        elif key in "sh":
            tree.setdefault(_KEYS[key], []).append(split_of(values) if key == "s" else having_of(values))
        elif _KEYS[key] in tree:
            raise no_link(f"its part {key!r} stands twice")
        else:
            tree[_KEYS[key]] = _value(key, values)
    return of_dict(tree, "link")


def opened(text: str, model: Model) -> Opened:
    """As much of a link as *model* can answer, and what that left out; never an error."""
    try:
        question = of_link(text)
    except UsageError as error:
        return Opened(None, tuple(problem.line() for problem in error.problems))
    return fitted(question, model)


def fitted(question: Question, model: Model) -> Opened:
    """As much of a question as *model* can answer, and what that left out."""
    bare = question.model_copy(update={"splits": (), "filters": (), "having": (), "against": None})
    dropped: list[str] = []

    def has(name: str, **changed: object) -> bool:
        found = problems(model, bare.model_copy(update=changed))
        dropped.extend(f"{name} was left out: {one.problem}; {one.remedy}" for one in found[:1])
        return not found

    measures = tuple(name for name in question.measures if has(f"measure {name}", measures=(name,)))
    if not measures:
        return Opened(None, tuple(dropped))
    bare = bare.model_copy(update={"measures": measures})
    filters = tuple(one for one in question.filters if has(f"filter on {one.dimension}", filters=(one,)))
    against = question.against
    if against:
        against = tuple(one for one in against if has(f"{one.dimension} of what is compared", filters=(one,))) or None
    is_compared = question.compare is not None or against is not None
    ranked = [sortable(split, measures, is_compared, dropped) for split in question.splits]
    splits = tuple(one for one in ranked if has(f"split by {one.dimension}", splits=(one,)))
    having = tuple(one for one in question.having if has(f"condition on {one.measure}", splits=splits, having=(one,)))
    kept = {"filters": filters, "against": against, "splits": splits, "having": having}
    return Opened(bare.model_copy(update=kept), tuple(dropped))


def sortable(split: Split, measures: tuple[str, ...], is_compared: bool, dropped: list[str]) -> Split:
    """The split ranked by *measures*, and by a difference only of what is compared; *dropped* is told what else."""
    changed: dict[str, object] = {}
    if split.sort not in (None, *measures):
        dropped.append(f"split by {split.dimension} is sorted by {measures[0]}: {split.sort} was left out")
        changed["sort"] = None
    if split.by != "value" and not is_compared:
        dropped.append(f"split by {split.dimension} is ranked by its value: what it was compared with was left out")
        changed["by"] = "value"
    return split.model_copy(update=changed)


def _parts(question: Question) -> Iterator[str]:
    yield joined("m", *question.measures)
    if isinstance(question.interval, Last):
        yield joined("t", duration_text(question.interval.last))
    else:
        yield joined("t", moment_text(question.interval.start), moment_text(question.interval.end))
    yield from map(split_part, question.splits)
    yield from map(filter_part, question.filters)
    yield from map(having_part, question.having)
    if question.grain is not None:
        yield joined("g", question.grain)
    if question.zone != "UTC":
        yield joined("z", question.zone)
    if question.compare is not None:
        yield joined("c", question.compare)
    if question.against is not None:
        # Alone it is everything, without a filter.
        yield from (filter_part(one, "a") for one in question.against) if question.against else ("a",)
    if question.with_bots:
        yield "b"


def _value(key: str, values: list[Scalar]) -> object:
    if key == "m":
        return values
    if key == "b":
        return True
    if key == "a":
        return []
    if key == "t" and len(values) == 2:
        return {"start": moment_of(str(values[0])), "end": moment_of(str(values[1]))}
    if len(values) != 1:
        raise no_link(f"its part {key!r} has {len(values)} values")
    return {"last": values[0]} if key == "t" else values[0]


def _problem(where: str, error: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors in dkd's words; it never repeats what was given at length."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("fixed", "newest"))
    said = in_words(error)
    remedy = ""
    if error["type"] == "extra_forbidden":
        said, remedy = "it is no part of a question", near(str(error["loc"][-1]), list(Question.model_fields))
    return Problem(f"{where}.{place}" if place else where, "DKD316", said, remedy)
