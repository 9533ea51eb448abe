"""A change of what one target has otherwise is classed as that target sees it, at the value's address with its name."""

import pytest
from comparing import changed, classed

BASE = """\
dkd: 1
site: shop
events: {page_view: {}}
fields: {link: string}
topics: {partitions: 4, replication: 3, retention: {raw: 7d, rejects: 1d}}
datasources: {events: {segment: hour, retention: 400d}, sessions: {segment: day, retention: 800d}}
targets:
  local: {}
  prod: {TOPICS: 1}
"""


def text(prod: str, base: str = BASE) -> str:
    return base.replace("TOPICS: 1", prod)


RAW = "kafka/topic/shop.raw"


@pytest.mark.parametrize(
    ("before", "after", "address", "expected"),
    [
        ("", "topics: {retention: {raw: 14d}}", f"{RAW}/retention.ms@prod", "privacy-widening DKD983"),
        ("", "topics: {retention: {raw: 7d}}", None, ""),
        ("", "topics: {retention: {raw: 2d}}", f"{RAW}/retention.ms@prod", "destructive DKD937"),
        ("topics: {retention: {raw: 2d}}", "", f"{RAW}/retention.ms@prod", "privacy-widening DKD983"),
        ("topics: {retention: {raw: 14d}}", "topics: {retention: {raw: 12d}}", f"{RAW}/retention.ms@prod",
         "destructive DKD937"),
        ("", "topics: {partitions: 12}", f"{RAW}/partitions@prod", "needs-order DKD932"),
        ("", "topics: {partitions: 2}", f"{RAW}/partitions@prod", "blocked DKD933"),
        ("topics: {partitions: 12}", "topics: {partitions: 8}", f"{RAW}/partitions@prod", "blocked DKD933"),
        ("", "topics: {replication: 1}", f"{RAW}/replication@prod", "blocked DKD942"),
        ("", "topics: {replication: 1}", f"{RAW}/min.insync.replicas@prod", "safe DKD944"),
        ("", "datasources: {events: {retention: 9d}}", "model/shop/datasource/events/retention@prod",
         "destructive DKD971"),
        ("", "datasources: {events: {retention: 900d}}", "model/shop/datasource/events/retention@prod",
         "safe DKD898"),
        ("", "datasources: {events: {compact_after: 9d}}", "druid/compaction/shop_events", "safe DKD977"),
        ("datasources: {events: {compact_after: 9d}}", "datasources: {events: {compact_after: 8d}}",
         "druid/compaction/shop_events/skipOffsetFromLatest@prod", "safe DKD977"),
        ("", "datasources: {sessions: {segment: month}}",
         "druid/supervisor/shop_sessions/dataSchema.granularitySpec.segmentGranularity@prod", "additive DKD964"),
    ],
)  # fmt: skip
def test_each_change_of_a_target_has_its_rule(before, after, address, expected):
    found = classed(changed(text(before), text(after)))
    if address is None:
        assert found == {}
    else:
        assert found[address] == expected
        assert {one.partition("/")[0] for one in found} <= {"kafka", "druid", "model"}
        assert all("@prod" in one or one == address for one in found)


def test_a_change_of_the_base_is_none_of_a_target_that_keeps_its_own():
    own = "topics: {retention: {raw: 14d}}"
    found = classed(changed(text(own), text(own, BASE.replace("raw: 7d", "raw: 2d"))))
    assert found[f"{RAW}/retention.ms"] == "destructive DKD937"
    assert f"{RAW}/retention.ms@prod" not in found


def test_an_override_that_becomes_the_base_changes_nothing_there():
    own = "topics: {retention: {raw: 14d}}"
    found = classed(changed(text(own), text("", BASE.replace("raw: 7d", "raw: 14d"))))
    assert not [address for address in found if address.endswith("@prod")]


def test_a_target_that_is_new_or_gone_changes_no_topic():
    own = "topics: {partitions: 2, retention: {raw: 2d}}"
    without = BASE.replace("  prod: {TOPICS: 1}\n", "")
    assert classed(changed(without, text(own))) == {"model/shop/target/prod": "safe DKD899"}
    assert classed(changed(text(own), without)) == {"model/shop/target/prod": "safe DKD899"}


def test_a_line_of_a_target_names_its_own_place_in_the_model():
    (one, *_) = [
        change
        for change in changed(text(""), text("topics: {retention: {raw: 14d}}"))
        if change.address == f"{RAW}/retention.ms@prod"
    ]
    assert one.spot is not None
    assert one.spot.line == 9
