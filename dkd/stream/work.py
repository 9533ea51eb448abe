"""One batch and the state of its partition become rows for the topics and the state after it."""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from dkd.enrich.chain import Lane, Outcome, Setup, enrich_lanes
from dkd.enrich.dedup import NEVER, Entries
from dkd.enrich.finished import Finished
from dkd.enrich.state import Books, State, StateDelta
from dkd.errors import DkdError
from dkd.stream.decode import Decoder, Refusal
from dkd.stream.records import Batch, Record, Rows

_KEPT_BYTES = 64 * 1024
"""A reject holds so many bytes of the original at most."""


_FAILURES = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
)
_FEW = 16
"""An enricher that fails on more records of one batch is itself at fault, and must not turn a topic into rejects."""


class Done(NamedTuple):
    """What became of a batch, or of a part of it: rows for each topic, the change, and the state after it."""

    clean: Rows
    sessions: Rows
    rejects: Rows
    delta: StateDelta
    state: State
    next_offset: int


@dataclass(frozen=True)
class Work:
    """Decodes, enriches and encodes; pure, but for what *prepare* may bring.

    Attributes:
        topic: Name of the raw topic, for the ids of rejects.
        decoder: Of the site's schemas.
        setup: Of the site's enrichers.
        prepare: Called before each batch is enriched, once its records are there.
    """

    topic: str
    decoder: Decoder
    setup: Setup
    prepare: Callable[[], None] = lambda: None

    def done(self, batch: Batch, state: State) -> list[Done]:
        """The batch as a whole; where an enricher fails on one of its records, in parts around that record.

        Args:
            batch: One record or more, in offset order and after all that *state* has seen.
            state: Of the batch's partition.

        Raises:
            DkdError: DKD531, when an enricher fails on so many records that the fault can't be theirs.
        """
        parts, waiting, failures = list[Done](), [batch], 0
        while waiting:
            part = waiting.pop()
            try:
                parts += self._together([part], [state])
            except _FAILURES as error:
                middle = len(part) // 2
                if middle:
                    waiting += [part.part(middle, len(part)), part.part(0, middle)]
                    continue
                failures += 1
                if failures > _FEW:
                    raise _broken(error) from error
                parts.append(self._rows(part, state, None, [_failed(part.offsets[0], error)]))
            state = parts[-1].state
        return parts

    def all_done(self, batches: Sequence[Batch], states: Sequence[State]) -> list[list[Done]]:
        """The same for batches of different partitions: all at once, which is much quicker, or else one by one."""
        self.prepare()
        try:
            return [[one] for one in self._together(batches, states)]
        except _FAILURES:
            return [self.done(batch, state) for batch, state in zip(batches, states, strict=True)]

    def _together(self, batches: Sequence[Batch], states: Sequence[State]) -> list[Done]:
        values = list(chain.from_iterable(batch.values for batch in batches))
        decoded = self.decoder.decode(Batch(0, range(len(values)), (), values, ()))
        lanes = [
            Lane(state, np.asarray(batch.offsets, np.int64), batch.ticks)
            for batch, state in zip(batches, states, strict=True)
        ]
        moves = decoded.frame.height or any(batch.ticks for batch in batches)
        outcomes = enrich_lanes(decoded.frame, lanes, self.setup) if moves else [None] * len(lanes)
        refused: list[list[Refusal]] = [[] for _ in lanes]
        starts = np.cumsum([0, *map(len, batches)])
        for one in decoded.refusals:
            seq = int(np.searchsorted(starts, one.offset, "right")) - 1
            refused[seq].append(one._replace(offset=batches[seq].offsets[one.offset - int(starts[seq])]))
        return list(map(self._rows, batches, states, outcomes, refused))

    def _rows(self, batch: Batch, state: State, outcome: Outcome | None, refusals: list[Refusal]) -> Done:
        delta = outcome.delta if outcome else StateDelta(state.watermark_ms, Books(), Entries.empty(), NEVER)
        delta = delta.with_rejects(len(refusals)) if refusals else delta
        refused = sorted([*refusals, *(_refusals(outcome.rejects) if outcome else ())])
        return Done(
            clean=Rows("clean", outcome.keys, outcome.values, outcome.received_ms)
            if outcome
            else Rows("clean", (), (), ()),
            sessions=_sessions(outcome.finished if outcome else Finished.none(), batch),
            rejects=Rows.of("rejects", [self._reject(batch, place, one) for place, one in _placed(batch, refused)]),
            delta=delta,
            state=state.applied(delta),
            next_offset=batch.next_offset,
        )

    def _reject(self, batch: Batch, place: int, refusal: Refusal) -> Record:
        value, received_ms = batch.values[place] or b"", batch.timestamps_ms[place]
        texts: Mapping[str, object] = {
            "dkd-reject-id": f"{self.topic}:{batch.partition}:{refusal.offset}",
            "dkd-stage": refusal.stage,
            "dkd-code": refusal.code,
            "dkd-reason": refusal.reason,
            "dkd-problem": refusal.problem,
            "dkd-remedy": refusal.remedy,
            "dkd-received-ms": received_ms,
            "dkd-topic": self.topic,
            "dkd-partition": batch.partition,
            "dkd-offset": refusal.offset,
        }
        headers = tuple((name, str(text).encode()) for name, text in texts.items())
        return Record(batch.keys[place], value[:_KEPT_BYTES], received_ms, headers)


def _sessions(finished: Finished, batch: Batch) -> Rows:
    """Stamped like the record that closed each: a topic deletes by that time, and a replay gives the same again."""
    if not len(finished):
        return Rows("sessions", (), (), ())
    times = dict(zip(batch.offsets, batch.timestamps_ms, strict=True))
    return Rows("sessions", finished.party_ids, finished.values, [times[offset] for offset in finished.offsets])


def _refusals(rejects: pl.DataFrame) -> Iterable[Refusal]:
    return map(Refusal._make, rejects.select(Refusal._fields).iter_rows()) if len(rejects) else ()


def _placed(batch: Batch, refused: list[Refusal]) -> Iterable[tuple[int, Refusal]]:
    """Each refusal with the place of its record in the batch."""
    if not refused:
        return ()
    places = {offset: place for place, offset in enumerate(batch.offsets)}
    return ((places[refusal.offset], refusal) for refusal in refused)


def _failed(offset: int, error: BaseException) -> Refusal:
    problem = f"an enricher failed on it: {_shown(error)}"
    return Refusal(offset, "enrich", "DKD530", "enrich_failed", problem, "report it, and replay it after the fix")


def _broken(error: BaseException) -> DkdError:
    return DkdError(
        "DKD531",
        where="enrichers",
        problem=f"they fail on one record after the other: {_where(error)}",
        remedy="nothing was lost; report it, or go back to the version before",
    )


def _where(error: BaseException) -> str:
    """Kind and place of *error*. Its text may hold what a visitor sent, which is for rejects and not for logs."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((one for one in reversed(frames) if Path(__file__).parents[1] in Path(one.filename).parents), None)
    return f"{type(error).__name__}{f' at {Path(ours.filename).name}:{ours.lineno}' if ours else ''}"


def _shown(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
