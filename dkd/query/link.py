"""A question ↔ plain values and one short text for an address; an older link keeps what the model still has."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from dkd.errors import Problem, UsageError
from dkd.model.schema import Model
from dkd.model.types import Scalar, duration_text
from dkd.query.check import problems
from dkd.query.measure import near
from dkd.query.question import Last, Question

VERSION = "1"
"""First part of every link. A text that was once a link stays one: another form is another version beside this one."""
_LONGEST = 2_000

# Neither the address bar nor urllib changes letters, digits and these, so a link stays as it was written.
_PART, _ITEM, _ESCAPE = "~", ".", "-"
_KEYS = {
    "m": "measures", "t": "interval", "s": "splits", "f": "filters", "x": "filters", "g": "grain", "z": "zone",
    "c": "compare", "b": "with_bots",
}  # fmt: skip
_MARKS: dict[str, Scalar] = {"-n": None, "-t": True, "-f": False}


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
        raise _no_link("it does not begin with 1~")
    tree: dict[str, Any] = {}
    for part in parts:
        key, *items = part.split(_ITEM)
        if key not in _KEYS:
            raise _no_link(f"it has a part {part[:20]!r}")
        values = [_scalar(item) for item in items]
        if key in "sfx":
            tree.setdefault(_KEYS[key], []).append(_split(values) if key == "s" else _filter(values, key == "x"))
        elif _KEYS[key] in tree:
            raise _no_link(f"its part {key!r} stands twice")
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
    bare = question.model_copy(update={"splits": (), "filters": ()})
    dropped: list[str] = []

    def has(name: str, **changed: object) -> bool:
        found = problems(model, bare.model_copy(update=changed))
        dropped.extend(f"{name} was left out: {one.problem}; {one.remedy}" for one in found[:1])
        return not found

    measures = tuple(name for name in question.measures if has(f"measure {name}", measures=(name,)))
    if not measures:
        return Opened(None, tuple(dropped))
    bare = bare.model_copy(update={"measures": measures})
    dropped += [
        f"split by {one.dimension} is sorted by {measures[0]}: {one.sort} was left out"
        for one in question.splits
        if one.sort not in (None, *measures)
    ]
    sortable = [
        one if one.sort in (None, *measures) else one.model_copy(update={"sort": None}) for one in question.splits
    ]
    splits = tuple(one for one in sortable if has(f"split by {one.dimension}", splits=(one,)))
    filters = tuple(one for one in question.filters if has(f"filter on {one.dimension}", filters=(one,)))
    return Opened(bare.model_copy(update={"splits": splits, "filters": filters}), tuple(dropped))


def _parts(question: Question) -> Iterator[str]:
    yield _joined("m", *question.measures)
    if isinstance(question.interval, Last):
        yield _joined("t", duration_text(question.interval.last))
    else:
        yield _joined("t", _moment_text(question.interval.start), _moment_text(question.interval.end))
    for split in question.splits:
        order = [split.sort or "", *(["up"] if split.ascending else [])] if split.sort or split.ascending else []
        yield _joined("s", split.dimension, str(split.limit), *order)
    for one in question.filters:
        yield _joined("x" if one.exclude else "f", one.dimension, *one.values)
    if question.grain is not None:
        yield _joined("g", question.grain)
    if question.zone != "UTC":
        yield _joined("z", question.zone)
    if question.compare is not None:
        yield _joined("c", question.compare)
    if question.with_bots:
        yield "b"


def _joined(key: str, *values: Scalar) -> str:
    return _ITEM.join([key, *map(_item, values)])


def _item(value: Scalar) -> str:
    mark = next((mark for mark, marked in _MARKS.items() if value is marked), None)
    if mark is not None:
        return mark
    if isinstance(value, str):
        return _escaped(value)
    return f"-i{_escaped(json.dumps(value))}"


def _escaped(text: str) -> str:
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte == ord("_") else f"{_ESCAPE}{byte:02X}"
        for byte in text.encode()
    )


def _scalar(item: str) -> Scalar:
    if item in _MARKS:
        return _MARKS[item]
    try:
        if item.startswith("-i"):
            return _number(_unescaped(item[2:]))
        return _unescaped(item)
    except ValueError as error:
        raise _no_link(f"its value {item[:20]!r} cannot be read") from error


def _number(text: str) -> int | float:
    found = json.loads(text)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(text)
    return found


def _unescaped(text: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9_]|-[0-9A-F]{2})*", text):
        raise ValueError(text)
    return re.sub(r"-(..)", lambda found: chr(int(found[1], 16)), text).encode("latin-1").decode()


def _value(key: str, values: list[Scalar]) -> object:
    if key == "m":
        return values
    if key == "b":
        return True
    if key == "t" and len(values) == 2:
        return {"start": _moment(str(values[0])), "end": _moment(str(values[1]))}
    if len(values) != 1:
        raise _no_link(f"its part {key!r} has {len(values)} values")
    return {"last": values[0]} if key == "t" else values[0]


def _split(values: list[Scalar]) -> dict[str, object]:
    names = ("dimension", "limit", "sort", "ascending")
    if len(values) > len(names):
        raise _no_link("a split has more than four values")
    found: dict[str, object] = dict(zip(names, values, strict=False))
    if "ascending" in found:
        found["ascending"] = found["ascending"] == "up"
    if found.get("sort") == "":
        del found["sort"]
    return found


def _filter(values: list[Scalar], exclude: bool) -> dict[str, object]:
    return {"dimension": values[0] if values else "", "values": values[1:], "exclude": exclude}


def _moment_text(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}"


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError as error:
        raise _no_link(f"its time {text[:20]!r} cannot be read") from error


def _problem(where: str, error: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors in dkd's words; it never repeats what was given at length."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("fixed", "newest"))
    said = str(error["msg"]).removeprefix("Value error, ")
    remedy = ""
    if error["type"] == "extra_forbidden":
        said, remedy = "it is no part of a question", near(str(error["loc"][-1]), list(Question.model_fields))
    return Problem(f"{where}.{place}" if place else where, "DKD316", said, remedy)


def _no_link(problem: str) -> UsageError:
    return UsageError("DKD317", where="link", problem=problem, remedy="copy the whole link again")
