"""Rows packed by column are the same rows again, and take few bytes where their numbers lie near each other."""

from functools import partial

import numpy as np
import pytest
from plain_form import both

from dkd.enrich.dedup import NEVER
from dkd.enrich.runs import ROW
from dkd.enrich.visitors import VISITOR
from dkd.stream.packing import packed, unpacked

COUNT = 50


def filled(kind: np.dtype, seed: int, most: int) -> np.ndarray:
    """Rows whose numbers lie up to *most* above a least one, here and there at an end of their type or unknown."""
    chance, rows = np.random.default_rng(seed), np.zeros(COUNT, kind)
    for name in kind.names or ():
        shape, limits = rows[name].shape, np.iinfo(rows[name].dtype)
        rows[name] = chance.integers(0, min(most, limits.max) + 1, shape, np.uint64).astype(rows[name].dtype)
        if chance.random() < 0.3:
            rows[name][7] = limits.max
        if rows[name].dtype.kind == "i":
            rows[name] -= chance.integers(0, 1 << 40)
            rows[name][3] = chance.choice((NEVER, NEVER + 1, 0))
    return rows


@pytest.mark.parametrize("kind", [ROW, VISITOR], ids=["sessions", "visitors"])
@pytest.mark.parametrize("most", [0, 1, 255, 256, 1 << 30, (1 << 63) - 1])
def test_rows_come_back_wherever_they_stand(kind: np.dtype, most: int):
    for seed in range(10):
        rows = filled(kind, seed, most)
        text = b"before" + both(partial(packed, rows), bytes) + b"behind"
        found, end = unpacked(text, 6, COUNT, kind)
        assert (found == rows).all()
        assert text[end:] == b"behind"


@pytest.mark.parametrize("kind", [ROW, VISITOR], ids=["sessions", "visitors"])
def test_no_rows_take_no_bytes(kind: np.dtype):
    assert packed(np.zeros(0, kind)) == b""
    assert len(unpacked(b"", 0, 0, kind)[0]) == 0


def test_what_is_not_known_makes_no_column_long():
    rows = np.zeros(1_000, VISITOR)
    rows["page_ms"] = 1_780_000_000_000 + np.arange(1_000)
    before = len(packed(rows))
    rows["page_ms"][:500] = NEVER
    assert len(packed(rows)) <= before
