"""The table of open sessions answers as a dictionary does, however it grew, and however it was stored."""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_form import plain

from dkd.enrich.opened import OpenSessions, SessionsDelta
from dkd.enrich.runs import ROW, Pieces, Run

Party = dict[int, list[tuple[int, int, bytes]]]
"""By key: start, end and blob of each piece."""

keys = st.sampled_from([1, 2, 3, 1 << 58, (1 << 59) - 1, 1 << 59, 1 << 63, (1 << 64) - 1]) | st.integers(0, 2**64 - 1)
pieces = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30), st.binary(max_size=5)), max_size=3)
steps = st.lists(st.dictionaries(keys, pieces, max_size=8), min_size=1, max_size=12)


def packed(parties: Party) -> Pieces:
    rows = [(key, start, end, len(blob)) for key in sorted(parties) for start, end, blob in sorted(parties[key])]
    found = np.zeros(len(rows), ROW)
    found["events"] = 1
    for place, (key, start, end, length) in enumerate(rows):
        found["key"][place] = key
        found["start_ms"][place], found["end_ms"][place], found["party_bytes"][place] = start, end, length
    return Pieces(found, [blob for key in sorted(parties) for _, _, blob in sorted(parties[key])])


def unpacked(found: Pieces) -> Party:
    parties: Party = {}
    for row, blob in zip(found.rows, found.blobs, strict=True):
        parties.setdefault(int(row["key"]), []).append((int(row["start_ms"]), int(row["end_ms"]), blob))
    return parties


def delta(step: Party, before: Party) -> SessionsDelta:
    gone = np.array(sorted(key for key, held in step.items() if not held), np.uint64)
    held = packed({key: found for key, found in step.items() if found})
    both = Pieces(np.concatenate((held.rows, Pieces.gone(gone).rows)), [*held.blobs, *Pieces.gone(gone).blobs])
    opened = sum(len(found) - len(before.get(key, ())) for key, found in step.items())
    return SessionsDelta(both.sorted(), opened=opened)


@pytest.mark.parametrize("form", [nullcontext, plain])
@settings(max_examples=100, deadline=None)
@given(steps, st.sets(keys, max_size=6), st.integers(0, 80))
def test_a_table_holds_what_was_last_said_of_each_party(form, parties, asked, before_ms):
    with form():
        check_table(parties, asked, before_ms)


def check_table(parties, asked, before_ms):
    table, known, older, parts = OpenSessions(), {}, [], []
    for rank, step in enumerate(parties):
        step = {key: [(start, start + more, blob) for start, more, blob in held] for key, held in step.items()}
        older.append((table, {key: sorted(held) for key, held in known.items() if held}))
        change = delta(step, known)
        table, known = table.plus(change), {**known, **step}
        parts.append((rank, Run.of(change.changed)))
    alive = {key: sorted(held) for key, held in known.items() if held}
    older.append((table, alive))
    older.append((OpenSessions.restored(parts[::-1]), alive))
    wanted = np.array(sorted({*asked, *known}), np.uint64)
    for found, held in older:
        assert unpacked(found.of(wanted)) == held
        assert len(found) == sum(map(len, held.values()))
        buckets = [unpacked(found.bucket(index, 3)) for index in range(3)]
        assert {key: one for bucket in buckets for key, one in bucket.items()} == held
        assert sum(map(len, buckets)) == len(held)
    ended = {key for key, held in alive.items() if any(end < before_ms for _, end, _ in held)}
    assert ended <= set(table.ended(before_ms).tolist())
