"""A model → load rules and compaction; Druid's own additions are no change, every other value is one."""

import json

import pytest

from dkd.model.load import load
from dkd.systems.druid.keeping import (
    compaction_changes,
    compactions,
    in_words,
    rules,
    rules_changes,
    shorter,
)
from dkd.systems.table import artefacts, classify, values_of

TEXT = """\
dkd: 1
site: tiny
events: {page_view: {}}
datasources:
  events: {from: clean, retention: 90d, compact_after: 1d}
  sessions: {from: sessions, segment: day, retention: 36h}
"""
MODEL = load(TEXT, "m.yaml")
LIVE_RULES = [
    {
        "period": "P90D",
        "includeFuture": True,
        "tieredReplicants": {"_default_tier": 2},
        "useDefaultTierForNull": True,
        "type": "loadByPeriod",
    },
    {"type": "dropForever"},
]
"""What Druid 33.0.0 gives back, as recorded."""

LIVE_COMPACTION = {
    "type": "inline",
    "dataSource": "tiny_events",
    "taskPriority": 25,
    "inputSegmentSizeBytes": 100000000000000,
    "maxRowsPerSegment": None,
    "skipOffsetFromLatest": "P1D",
    "tuningConfig": {
        "maxRowsInMemory": None,
        "partitionsSpec": {"type": "dynamic", "maxRowsPerSegment": 5000000, "maxTotalRows": None},
        "forceGuaranteedRollup": False,
        "type": "index_parallel",
    },
    "granularitySpec": {"segmentGranularity": "DAY", "queryGranularity": None, "rollup": None},
    "engine": None,
    "taskContext": {"useConcurrentLocks": True},
}


def test_rows_are_kept_as_long_as_the_model_says_and_no_longer():
    assert rules(MODEL) == {
        "tiny_events": [{"type": "loadByPeriod", "period": "P90D"}, {"type": "dropForever"}],
        "tiny_sessions": [{"type": "loadByPeriod", "period": "PT129600S"}, {"type": "dropForever"}],
    }


def test_only_what_is_asked_for_is_merged():
    (name,) = compactions(MODEL)
    assert name == "tiny_events"
    assert compactions(MODEL)[name]["skipOffsetFromLatest"] == "P1D"


def test_what_druid_gives_back_is_no_change():
    live = {"tiny_events": LIVE_RULES, "tiny_sessions": rules(MODEL)["tiny_sessions"]}
    assert rules_changes(rules(MODEL), live) == ()
    assert compaction_changes(compactions(MODEL), {"tiny_events": LIVE_COMPACTION}, []) == ()


@pytest.mark.parametrize(
    "other",
    [
        [{**LIVE_RULES[0], "period": "P91D"}, LIVE_RULES[1]],
        [{**LIVE_RULES[0], "tieredReplicants": {"_default_tier": 1}}, LIVE_RULES[1]],
        [{**LIVE_RULES[0], "tieredReplicants": {}}, LIVE_RULES[1]],
        [{**LIVE_RULES[0], "includeFuture": False}, LIVE_RULES[1]],
        LIVE_RULES[:1],
        LIVE_RULES[::-1],
        [{"type": "loadForever"}],
        [{"type": "loadByInterval", "interval": "2026-01-01/2027-01-01"}],
    ],
)
def test_every_other_list_of_rules_is_a_change(other):
    (change,) = rules_changes({"tiny_events": rules(MODEL)["tiny_events"]}, {"tiny_events": other})
    assert (change.action, change.address) == ("update", "druid/rules/tiny_events")
    assert change.wanted == {"rules": rules(MODEL)["tiny_events"]}
    (difference,) = change.differences
    assert difference.before == in_words(other)


def test_no_rules_are_made_and_what_they_drop_is_said():
    (change,) = rules_changes({"tiny_events": rules(MODEL)["tiny_events"]}, {})
    assert change.action == "create"
    assert "older leave Druid" in change.risk


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("loadByPeriod P9D, dropForever", "loadByPeriod P8D, dropForever", True),
        ("loadByPeriod P8D, dropForever", "loadByPeriod P9D, dropForever", False),
        ("loadForever", "loadByPeriod P9D, dropForever", True),
        ("the cluster's default", "loadByPeriod P9D, dropForever", True),
        ("dropForever", "loadByPeriod P9D, dropForever", False),
        ("loadByPeriod P9D", "loadByPeriod P9D, dropForever", True),
    ],
)
def test_keeping_less_is_recognised(before, after, found):
    assert shorter(before, after) is found


def test_a_compaction_that_a_deploy_made_goes_with_the_models_wish_and_another_hands_stays():
    live = {"tiny_sessions": LIVE_COMPACTION, "other": LIVE_COMPACTION}
    (change,) = compaction_changes({}, live, ["tiny_sessions"])
    assert (change.action, change.name) == ("delete", "tiny_sessions")
    assert compaction_changes({}, live, []) == ()


def test_another_offset_is_one_difference():
    live = {"tiny_events": {**LIVE_COMPACTION, "skipOffsetFromLatest": "P2D"}}
    (change,) = compaction_changes(compactions(MODEL), live, [])
    assert [(one.path, one.before, one.after) for one in change.differences] == [("skipOffsetFromLatest", "P2D", "P1D")]


def test_a_diff_shows_compaction_and_calls_it_safe():
    address = "druid/compaction/tiny_events/skipOffsetFromLatest"
    assert values_of(MODEL, artefacts(MODEL))[address] == "P1D"
    assert classify(address, None, "P1D") == "safe"
    assert classify(address, "P1D", None) == "safe"


def test_the_files_hold_what_a_deploy_posts():
    found = artefacts(MODEL)
    for name, posted in rules(MODEL).items():
        assert json.loads(found[f"specs/tiny/druid/rules/{name}.json"]) == posted
    kept = {path: json.loads(text) for path, text in found.items() if "/compaction/" in path}
    assert kept == {f"specs/tiny/druid/compaction/{name}.json": one for name, one in compactions(MODEL).items()}
