"""A question against the model: every name that leads nowhere and every demand that cannot be met, all at once."""

from collections.abc import Iterable, Iterator
from math import prod

from dkd.errors import Problem, RefusedError, UsageError
from dkd.model.schema import Model
from dkd.query.compile import MOST_ROWS
from dkd.query.dimension import columns, dimensions
from dkd.query.filters import NUMBERS, faults
from dkd.query.measure import Part, kind_of, near, parts
from dkd.query.periods import bucket_count
from dkd.query.question import TIME, Interval, Question, Split
from dkd.systems.druid.render import Kind

MOST_PARENTS = 200
"""Each parent of a nested split is ranked by a query of its own."""


def problems(model: Model, question: Question) -> tuple[Problem, ...]:
    """What of the question the model has no answer for, in the order of the question.

    DKD310 an unknown measure, DKD311 an unknown dimension, DKD312 a dimension that cannot be used so, DKD313 a value
    that the dimension cannot have, DKD319 a pattern that Druid cannot search with.
    """
    return (*_measures(model, question), *_dimensions(model, question), *_having(model, question))


def require_answerable(model: Model, question: Question) -> None:
    """Nothing, when *question* can be answered.

    Raises:
        UsageError: With all :func:`problems`.
        RefusedError: DKD314, when it needs more than 20,000 rows; DKD320, when more than 200 values have a ranking of
            their own.
    """
    found = problems(model, question)
    if found:
        error = UsageError(found[0].code, where=found[0].where, problem=found[0].problem, remedy=found[0].remedy)
        error.problems = found
        raise error
    parents = prod(split.limit for split in question.splits[: _last_nested(question)])
    if parents > MOST_PARENTS:
        problem = f"a split would be ranked within each of {parents:,} values, which are more than {MOST_PARENTS}"
        remedy = "show fewer values of the splits before it, or rank it over all"
        raise RefusedError("DKD320", where="question", problem=problem, remedy=remedy)
    count = row_count(question)
    if count > MOST_ROWS:
        raise too_many(count)


def _last_nested(question: Question) -> int:
    """How many splits stand before the last nested one."""
    return max((seq for seq, split in enumerate(question.splits) if split.nested), default=0)


def too_many(count: int) -> RefusedError:
    """The error of an answer that may have *count* rows."""
    problem = f"up to {count:,} rows are more than {MOST_ROWS:,}"
    remedy = "choose a coarser grain, a shorter interval, or fewer values for each split"
    return RefusedError("DKD314", where="question", problem=problem, remedy=remedy)


def row_count(question: Question) -> int:
    """The most rows that the question can have."""
    count = 1
    if question.grain is not None and isinstance(question.interval, Interval):
        count = bucket_count(question.interval, question.grain)
    for split in question.splits:
        count *= split.limit + 1
    return count


def kinds_of(model: Model, question: Question) -> dict[Kind, tuple[Part, ...]]:
    """The parts of measures that the question needs, by the datasource that holds them, in the question's order."""
    needed = {part.name: part for measure in question.measures for part in parts(model, measure)}
    found: dict[Kind, tuple[Part, ...]] = {}
    for part in needed.values():
        kind = kind_of(model, part.measure)
        if kind is not None:
            found[kind] = (*found.get(kind, ()), part)
    return found


def _measures(model: Model, question: Question) -> Iterator[Problem]:
    for name in question.measures:
        if name not in model.measures:
            yield Problem("measure", "DKD310", f"there is no measure {name!r}", near(name, list(model.measures)))
    for split in question.splits:
        if split.sort is not None and split.sort not in question.measures:
            problem = f"{split.dimension} is sorted by {split.sort!r}, which is not asked for"
            yield Problem("sort", "DKD310", problem, near(split.sort, list(question.measures)))
        yield from _sortable(model, split, split.sort or question.measures[0])


def _sortable(model: Model, split: Split, name: str) -> Iterator[Problem]:
    found = parts(model, name) if name in model.measures else ()
    if len({kind_of(model, part.measure) for part in found}) > 1:
        problem = f"{split.dimension} cannot be sorted by {name!r}, whose parts count events and sessions"
        plain = [part.name for part in found if part.name in model.measures]
        yield Problem("sort", "DKD312", problem, f"sort by {' or '.join(plain)}")


def _dimensions(model: Model, question: Question) -> Iterator[Problem]:
    known = dimensions(model)
    filters = [*question.filters, *(question.against or ())]
    named = [("split", split.dimension) for split in question.splits]
    named += [("filter", one.dimension) for one in filters if one.dimension != TIME]
    for where, name in dict.fromkeys(named):
        if where == "split" and name == TIME:
            yield Problem(where, "DKD312", "time is split by a grain, not by its values", "choose a grain, such as P1D")
        elif name not in known:
            yield Problem(where, "DKD311", f"there is no dimension {name!r}", near(name, list(known)))
        elif where == "split" and known[name].type == "list":
            problem = f"{name!r} holds several values at once, so its parts would not add up"
            yield Problem(where, "DKD312", problem, "filter by it, or split by another dimension")
        else:
            yield from _held(model, question, where, name)
    for split in question.splits:
        if split.bucket is not None and split.dimension in known and known[split.dimension].type not in NUMBERS:
            problem = f"{split.dimension} is no number, so it has no buckets"
            yield Problem("split", "DKD312", problem, "leave the bucket out")
    for one in filters:
        if one.dimension == TIME or one.dimension in known:
            yield from faults(model, None if one.dimension == TIME else known[one.dimension], one)


def _having(model: Model, question: Question) -> Iterator[Problem]:
    """Conditions on measures: of values that a split ranks, and counted in the datasource that ranks them."""
    for name in dict.fromkeys(one.measure for one in question.having):
        if name not in model.measures:
            yield Problem("having", "DKD310", f"there is no measure {name!r}", near(name, list(model.measures)))
            continue
        kinds = {kind_of(model, part.measure) for part in parts(model, name)}
        for split in question.splits:
            by = split.sort or question.measures[0]
            ranked = {kind_of(model, part.measure) for part in parts(model, by)} if by in model.measures else kinds
            if kinds != ranked:
                problem = (
                    f"{name} counts {_listed(kinds)}, but {split.dimension} is ranked by {by}, of {_listed(ranked)}"
                )
                yield Problem("having", "DKD312", problem, f"sort {split.dimension} by {name}, or leave the range out")


def _listed(kinds: Iterable[object]) -> str:
    return " and ".join(sorted(map(str, kinds)))


def _held(model: Model, question: Question, where: str, name: str) -> Iterator[Problem]:
    """A question over events and sessions can only use what both of them hold."""
    if any(measure not in model.measures for measure in question.measures):
        return
    for kind, counted in kinds_of(model, question).items():
        if name not in columns(model, kind):
            measures = dict.fromkeys(part.name.partition(".")[0] for part in counted)
            problem = f"{' and '.join(measures)} count {kind}, which have no {name!r}"
            both = sorted(columns(model, "events").keys() & columns(model, "sessions").keys())
            yield Problem(where, "DKD312", problem, f"ask them apart, or use what both have: {', '.join(both)}")
