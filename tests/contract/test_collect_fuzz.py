"""A short form of tests/faults/collector_fuzz.py: no request makes the collector fail, and each has its answer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "faults"))

from collector_fuzz import MOST_GROWTH_MB, SEEDS, Case, Guide, fuzz


def test_odd_and_broken_requests_are_all_answered_as_the_contract_says():
    seen, figures = fuzz(3000, seed=7)
    assert seen.faults == []
    assert set(seen.statuses) == set(SEEDS)
    assert sum(statuses.total() for statuses in seen.statuses.values()) == 3000
    assert figures["memory_mb"] - figures["memory_mb_early"] < MOST_GROWTH_MB
    assert figures["kept"] > 2 * sum(map(len, SEEDS.values())), "the guide finds what is new"


def test_the_guide_knows_what_it_has_seen():
    guide = Guide()
    assert guide.is_new(Case("mincode", b"(sa!b!)"))
    # What a request is remembered by is reached once more.
    guide.is_new(Case("mincode", b"(sa!b!)"))
    assert not guide.is_new(Case("mincode", b"(sa!b!)"))
    assert guide.is_new(Case("mincode", b"j1.5!"))
