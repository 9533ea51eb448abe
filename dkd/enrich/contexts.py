"""What a batch's events share is found once: the answers of enrichers, as values and as ready JSON, by distinct value.

Enrichers that depend on the same few columns are one *context*: the page's address, where the visitor came from, the
visitor's agent and address. A context keeps its answers from batch to batch, so an event costs a look into a table, and
enrichers see only what is new. What is kept changes no answer, as the same columns always get the same one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress, groupby, repeat
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl

from dkd.enrich.bots import bits_of
from dkd.enrich.distinct import number_by_text
from dkd.enrich.encode import arrays, members, number_members
from dkd.model.enrichers import CATALOGUE

ORIGIN = ("referrer_url", "referrer_medium", "referrer_source", "utm_source", "utm_medium", "utm_campaign", "utm_term",
          "utm_content", "channel")  # fmt: skip
DEVICE = ("browser", "browser_version", "os", "os_version", "device_type", "country", "city")

Answer = tuple[Any, ...]
Keys = Sequence[Any]

_TOGETHER = (("url", "campaign"), ("referrer",), ("agent", "geo", "bots"))
_APART = frozenset(("profile", "sessions"))
_TAKEN = ("is_bot",)
"""What is read of enrichers' columns, beside the texts of origin and device, and :data:`FLAGS`."""

PAGE_CHARACTERS = 500
"""A longer path is cut; it would else be for the visitor to say how large our state becomes."""


class Flag(NamedTuple):
    """What sessions ask of each event, found of the columns *needs*."""

    needs: tuple[str, ...]
    of: Callable[[pl.DataFrame], Sequence[Any]]


def _inside(frame: pl.DataFrame) -> list[int]:
    outside = (pl.col("referrer_medium") != "internal").fill_null(False) | pl.col("utm_source").is_not_null()
    return frame.select((~outside).cast(pl.UInt8)).to_series().to_list()


FLAGS: dict[str, Flag] = {
    "page": Flag(("page_path",), lambda frame: frame["page_path"].str.head(PAGE_CHARACTERS).cast(pl.Binary).to_list()),
    "inside": Flag(("referrer_medium", "utm_source"), _inside),
    "bot": Flag(("bot_reason",), lambda frame: number_by_text(frame["bot_reason"], bits_of).tolist()),
}
"""Its page's path or None, whether it did not come from outside, and the bits of its reasons to be a bot."""

_KEPT_BYTES = 48 * 1024 * 1024
"""About so much JSON is kept for each context; then it begins anew."""

_TEXTS = 65_536
"""So many combinations of numbers are kept."""

_ANSWER_BYTES = 600
"""What an answer takes beside its JSON, about."""


@dataclass(frozen=True)
class Context:
    """Enrichers that depend on the same columns.

    Attributes:
        entries: Their places in the catalogue.
        needs: The columns that their answers depend on.
        spans: Clean columns that stand side by side, each with what it becomes: a member of the event's JSON.
        origin: Columns that are part of a session's origin, in pieces that stand side by side there.
        device: The same for its device.
        taken: Columns that are handed on as they are.
        flags: Of :data:`FLAGS`.
    """

    entries: tuple[int, ...]
    needs: tuple[str, ...]
    spans: tuple[tuple[str, ...], ...]
    origin: tuple[tuple[str, ...], ...]
    device: tuple[tuple[str, ...], ...]
    taken: tuple[str, ...]
    flags: tuple[str, ...]

    @cached_property
    def items(self) -> tuple[object, ...]:
        """What each item of an answer is: a name of :attr:`taken`, or a span of one of the three kinds."""
        pieces = (("json", self.spans), ("origin", self.origin), ("device", self.device))
        return (*((kind, span) for kind, spans in pieces for span in spans), *self.taken, *self.flags)

    def answers(self, frame: pl.DataFrame, shown: pl.DataFrame) -> Iterator[Answer]:
        """An answer for each row of *frame*, which has all columns; *shown* is the same after privacy."""
        columns: list[Sequence[object]] = [members(shown.select(span)) for span in self.spans]
        columns += [arrays(shown, span) for span in (*self.origin, *self.device)]
        columns += [frame[name].to_list() for name in self.taken]
        columns += [FLAGS[flag].of(shown) for flag in self.flags]
        return zip(*columns, strict=True)


@dataclass(frozen=True)
class Plan:
    """Contexts, and how an event's JSON is put together from them.

    Attributes:
        contexts: In running order.
        spans: Clean columns that stand side by side, and the place of their context; -1 for the event's own columns.
        apart: Places in the catalogue of the enrichers that are in no context.
    """

    contexts: tuple[Context, ...]
    spans: tuple[tuple[int, tuple[str, ...]], ...]
    apart: tuple[int, ...]


def planned(clean: Sequence[str], more: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> Plan:
    """Contexts for events of the columns *clean*, in this order; some enrichers need *more* columns, which stay the
    event's own.
    """
    names = [entry.name for entry in CATALOGUE]
    alone = tuple((one,) for one in names if one not in _APART and not any(one in some for some in _TOGETHER))
    groups = sorted((tuple(map(names.index, some)) for some in (*_TOGETHER, *alone)), key=min)
    needs = [_needs(group) for group in groups]
    owner = {name: place for place in reversed(range(len(groups))) for name in needs[place]}
    owner |= {name: place for place, group in enumerate(groups) for one in group for name in CATALOGUE[one].columns}
    asked = {name for some in needs for name in some} | set(_TAKEN)
    parts = [_spans(some, owner) for some in (clean, ORIGIN, DEVICE)]
    contexts = []
    for place, group in enumerate(groups):
        json, origin, device = (tuple(span for one, span in part if one == place) for part in parts)
        taken = tuple(name for one in group for name in CATALOGUE[one].adds if name in asked)
        flags = (flag for flag, one in FLAGS.items() if max(map(owner.__getitem__, one.needs)) == place)
        asked_too = (name for one in group for name in more.get(CATALOGUE[one].name, ()))
        every = tuple(dict.fromkeys((*needs[place][:-1], *asked_too, *needs[place][-1:])))
        contexts.append(Context(group, every, json, origin, device, taken, tuple(flags)))
    return Plan(tuple(contexts), parts[0], tuple(map(names.index, sorted(_APART))))


def _needs(group: Sequence[int]) -> tuple[str, ...]:
    """What the entries of *group* need from outside of it; what a sender gave may always stand in."""
    added = {name for one in group for name in CATALOGUE[one].columns}
    needed = dict.fromkeys(name for one in group for name in CATALOGUE[one].needs if name not in added)
    return (*needed, "given")


def _spans(names: Sequence[str], owner: Mapping[str, int]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    found = groupby(names, key=lambda name: owner.get(name, -1))
    return tuple((place, tuple(span)) for place, span in found)


Ask = Callable[[pl.DataFrame, Sequence[int]], tuple[pl.DataFrame, pl.DataFrame]]
"""Rows of a context's needs, and the entries that are to add their columns to them: these rows, as enrichers that come
later see them, and as they are after privacy."""


@dataclass(frozen=True)
class Columns:
    """Items of the answers for a batch's events, one value for each event."""

    by_item: Mapping[object, Sequence[Any]]

    def kept(self, mask: Sequence[bool]) -> "Columns":
        """Of the events that *mask* marks."""
        return Columns({item: list(compress(values, mask)) for item, values in self.by_item.items()})

    def part(self, start: int, end: int) -> "Columns":
        """Of the events from *start* to before *end*."""
        return Columns({item: values[start:end] for item, values in self.by_item.items()})

    @property
    def campaigns(self) -> Sequence[bytes]:
        """The utm columns of each event as members of a JSON array, in their order."""
        return next(found for item, found in self.by_item.items() if item[0] == "origin" and item[1][0] == "utm_source")  # type: ignore[index]

    def texts(self, kind: str, places: Sequence[int]) -> list[bytes]:
        """JSON arrays of the origin or the device of the events at *places*."""
        order = ORIGIN if kind == "origin" else DEVICE
        spans = sorted((item for item in self.by_item if item[0] == kind), key=lambda item: order.index(item[1][0]))  # type: ignore[index]
        columns = (map(self.by_item[span].__getitem__, places) for span in spans)
        return [b"[" + b",".join(parts) + b"]" for parts in zip(*columns, strict=True)]


@dataclass
class Memory:
    """Answers of the contexts of a plan, kept from batch to batch."""

    plan: Plan
    known: list[dict[Any, Answer]] = field(init=False)
    sizes: list[int] = field(init=False)
    texts: dict[Any, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = [{} for _ in self.plan.contexts]
        self.sizes = [0] * len(self.known)

    def columns(self, events: pl.DataFrame, ask: Ask) -> Columns:
        """The answers for *events*, which have the columns of raw."""
        found: dict[object, Sequence[Any]] = {}
        has_given = events["given"].null_count() < events.height
        for place, context in enumerate(self.plan.contexts):
            needs = context.needs if has_given else context.needs[:-1]
            columns = [found[name] if name in found else events[name].to_list() for name in needs]
            keys = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
            answers = self._answers(place, keys, _Given(dict(zip(needs, columns, strict=True)), events.schema), ask)
            found |= zip(
                context.items, zip(*answers, strict=True) if answers else ((),) * len(context.items), strict=True
            )
        return Columns(found)

    def numbers(self, span: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[bytes]:
        """Members of numbers and booleans, of which few combinations come again and again."""
        keys = list(zip(repeat(span), *columns))
        found = list(map(self.texts.get, keys))
        if None in found:
            if len(self.texts) > _TEXTS:
                self.texts.clear()
            missing = {key for key in keys if key not in self.texts}
            self.texts.update((key, number_members(key[0], key[1:])) for key in missing)
            found = list(map(self.texts.__getitem__, keys))
        return found  # type: ignore[return-value]

    def _answers(self, place: int, keys: Keys, given: "_Given", ask: Ask) -> list[Answer]:
        known = self.known[place]
        found = list(map(known.get, keys))
        if None in found:
            if self.sizes[place] > _KEPT_BYTES:
                self.sizes[place], found = 0, [None] * len(keys)
                known.clear()
            missing: dict[Any, int] = {}
            for row, answer in enumerate(found):
                if answer is None:
                    missing.setdefault(keys[row], row)
            self._learn(place, missing, given, ask)
            found = list(map(known.__getitem__, keys))
        return found  # type: ignore[return-value]

    def _learn(self, place: int, missing: Mapping[Any, int], given: "_Given", ask: Ask) -> None:
        context, frame = self.plan.contexts[place], given.at(list(missing.values()))
        answers = list(context.answers(*ask(frame, context.entries)))
        texts = len(context.items) - len(context.taken) - len(context.flags)
        self.sizes[place] += sum(len(one) for answer in answers for one in answer[:texts])
        self.sizes[place] += int(frame.estimated_size()) + _ANSWER_BYTES * len(answers)
        self.known[place].update(zip(missing, answers, strict=True))


class _Given(NamedTuple):
    """The columns that a context needs, and the types of those that raw has."""

    columns: Mapping[str, Sequence[Any]]
    types: Mapping[str, pl.DataType]

    def at(self, rows: Sequence[int]) -> pl.DataFrame:
        """Some rows, ``given`` among the columns."""
        types = {name: self.types.get(name, pl.String()) for name in self.columns}
        found = {name: list(map(values.__getitem__, rows)) for name, values in self.columns.items()}
        frame = pl.DataFrame(found, schema=types)
        return frame if "given" in found else frame.with_columns(pl.lit(None, pl.String).alias("given"))
