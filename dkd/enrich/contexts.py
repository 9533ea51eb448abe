"""What a batch's events share is found once: the answers of enrichers, as values and as ready JSON, by distinct value.

Enrichers that depend on the same few columns are one *context*: the page's address, where the visitor came from, the
visitor's agent and address. A context keeps its answers from batch to batch, so an event costs a look into a table, and
enrichers see only what is new. What is kept changes no answer, as the same columns always get the same one.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.answers import Answer, Answers, Chosen, Places
from dkd.enrich.bots import bits_of
from dkd.enrich.distinct import number_by_text
from dkd.enrich.encode import arrays, members
from dkd.model.enrichers import CATALOGUE, SESSION_ORIGIN

ORIGIN = ("referrer_url", "referrer_medium", "referrer_source", "utm_source", "utm_medium", "utm_campaign", "utm_term",
          "utm_content", "channel")  # fmt: skip
DEVICE = ("browser", "browser_version", "os", "os_version", "device_type", "country", "city")

Mask = NDArray[np.bool_]

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
        columns: list[Sequence[object]] = [members(shown.select(span)).to_list() for span in self.spans]
        columns += [arrays(shown, span) for span in (*self.origin, *self.device)]
        columns += [frame[name].to_list() for name in self.taken]
        columns += [FLAGS[flag].of(shown) for flag in self.flags]
        return zip(*columns, strict=True)


@dataclass(frozen=True)
class Plan:
    """Contexts, and how an event's JSON is put together from them.

    Attributes:
        contexts: In running order.
        spans: Clean columns that stand side by side, and the place of their context; below 0 for the event's own.
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
    # The events' own too, but apart: they come again and again together.
    owner |= dict.fromkeys(SESSION_ORIGIN, -2)
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
    """Items of the answers for a batch's events, one value for each event.

    Attributes:
        chosen: The answers of each context.
        owner: Context of each item, and its place in the answers.
    """

    chosen: tuple[Chosen, ...]
    owner: Mapping[object, tuple[int, int]]

    def kept(self, mask: Mask) -> "Columns":
        """Of the events that *mask* marks."""
        return replace(self, chosen=tuple(one.at(mask) for one in self.chosen))

    def part(self, start: int, end: int) -> "Columns":
        """Of the events from *start* to before *end*."""
        return replace(self, chosen=tuple(one.at(slice(start, end)) for one in self.chosen))

    def series(self, item: object, kind: pl.DataType = pl.String()) -> pl.Series:  # noqa: B008 - a type
        """An item as a column."""
        place, seq = self.owner[item]
        return self.chosen[place].series(seq, kind)

    def coded(self, item: object) -> tuple[Places, list[Any]]:
        """Which of some values is each event's, and these values."""
        place, seq = self.owner[item]
        return self.chosen[place].codes, self.chosen[place].columns[seq]

    def array(self, item: object, of: Callable[[Any], Any] = int) -> NDArray[Any]:
        """What *of* makes of an item, asked once for each distinct answer."""
        place, seq = self.owner[item]
        return self.chosen[place].array(seq, of)

    def values(self, item: object, places: Places) -> list[Any]:
        """An item of the events at *places*."""
        place, seq = self.owner[item]
        return self.chosen[place].at(places).values(seq)

    @property
    def campaigns(self) -> list[bytes]:
        """The utm columns of each event as members of a JSON array, in their order."""
        item = next(one for one in self.owner if one[0] == "origin" and one[1][0] == "utm_source")  # type: ignore[index]
        place, seq = self.owner[item]
        return self.chosen[place].values(seq)

    def texts(self, kind: str, places: Places) -> list[bytes]:
        """Origin or device of the events at *places*, as :func:`unpacked` takes them."""
        order = ORIGIN if kind == "origin" else DEVICE
        spans = sorted((item for item in self.owner if item[0] == kind), key=lambda item: order.index(item[1][0]))  # type: ignore[index]
        columns = [_packed(self.values(span, places), len(span[1])) for span in spans]  # type: ignore[index]
        return [b"[" + b",".join(parts) + b"]" for parts in zip(*columns, strict=True)]


def _packed(parts: list[bytes], count: int) -> list[bytes]:
    """*parts* of a JSON array, each of so many items; one of nulls alone becomes their number."""
    nulls, packed = b",".join([b"null"] * count), str(count).encode()
    return [packed if part == nulls else part for part in parts]


def unpacked(text: bytes) -> list[str | None]:
    """The texts of a JSON array in which a number stands for as many nulls: most sessions lack most of them, and there
    may be ten million.
    """
    found: list[str | None] = []
    for item in json.loads(text):
        found += [None] * item if isinstance(item, int) else [item]
    return found


class Memory:
    """Answers of the contexts of a plan, and members of few numbers, kept from batch to batch."""

    def __init__(self, plan: Plan) -> None:
        """Nothing is known yet."""
        self.plan = plan
        self._answers = [Answers(len(context.items)) for context in plan.contexts]
        self._numbers: dict[tuple[str, ...], Answers] = {}
        self._owner = {
            item: (place, seq) for place, context in enumerate(plan.contexts) for seq, item in enumerate(context.items)
        }

    def columns(self, events: pl.DataFrame, ask: Ask) -> Columns:
        """The answers for *events*, which have the columns of raw."""
        found = Columns((), self._owner)
        for context, answers in zip(self.plan.contexts, self._answers, strict=True):
            needs = pl.DataFrame(
                [events[name] if name in events.columns else found.series(name).alias(name) for name in context.needs]
            )
            chosen = answers.of(needs, partial(_answered, context, ask))
            found = replace(found, chosen=(*found.chosen, chosen))
        return found

    def numbers(self, own: pl.DataFrame) -> pl.Series:
        """Members of columns of which few combinations come again and again, such as numbers and booleans."""
        answers = self._numbers.setdefault(tuple(own.columns), Answers())
        return answers.of(own, lambda frame: zip(members(frame).to_list())).series(0)


def _answered(context: Context, ask: Ask, frame: pl.DataFrame) -> Iterator[Answer]:
    return context.answers(*ask(frame, context.entries))
