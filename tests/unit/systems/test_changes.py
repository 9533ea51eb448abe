"""A change of the model becomes changed values, each with the class that it deserves."""

import pytest

from dkd.jobs.versions import changes
from dkd.model.load import load
from dkd.systems.table import SYSTEMS, classify, values_of

BASE = """
dkd: 1
site: shop
collector: {kind: dkd, ip: truncate}
events:
  page_view: {}
  purchase: {fields: {revenue: double, count: int, kind: {type: enum, values: [a, b]}}}
fields: {user_id: {type: string, privacy: pseudonymise}}
enrich: [url, {bots: {action: flag}}, {sessions: {gap: 30m}}]
topics: {partitions: 4, replication: 1, retention: {raw: 7d, clean: 3d, sessions: 30d, rejects: 7d}}
datasources: {events: {segment: hour, retention: 400d}}
measures: {visitors: {count_distinct: party_id}}
"""


def changed(*replacements: tuple[str, str]) -> dict[str, str]:
    """Address to class of what differs when each text of BASE is replaced."""
    text = BASE
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    old, new = ({"shop": load(one, "model")} for one in (BASE, text))
    return {change.address: change.effect for change in changes(old, new)}


def test_nothing_differs_from_itself():
    assert changed() == {}


CASES = [
    ("count: int", "count: long", "avro/schema/shop.raw/field/count", "needs-order"),
    ("count: int", "count: string", "avro/schema/shop.raw/field/count", "blocked"),
    ("revenue: double", "revenue: float", "avro/schema/shop.raw/field/revenue", "blocked"),
    ("count: int", "count: list", "druid/supervisor/shop_events/dimension/count", "needs-backfill"),
    ("count: int, ", "", "druid/supervisor/shop_events/dimension/count", "needs-order"),
    ("count: int, ", "", "divolte/shop/mapping/count", "needs-order"),
    ("count: int", "count: long", "divolte/shop/mapping/count", "needs-order"),
    ("count: int", "count: {type: int, from: cookie c}", "divolte/shop/mapping/count", "semantic"),
    ("count: int", "count: {type: int, from: cookie c}", "model/shop/field/count/source", "additive"),
    ("count: int", "count: {type: int, unit: kg}", "model/shop/field/count/unit", "additive"),
    ("count: int", "count: {type: int, description: x}", "model/shop/field/count/description", "safe"),
    ("count: int", "count: {type: int, required: true}", "model/shop/event/purchase/required", "needs-order"),
    ("values: [a, b]", "values: [a, b, c]", "model/shop/field/kind/values", "needs-order"),
    ("{type: enum, values: [a, b]}", "string", "model/shop/field/kind/type", "needs-order"),
    ("privacy: pseudonymise", "privacy: keep", "model/shop/field/user_id/privacy", "privacy-widening"),
    ("privacy: pseudonymise", "privacy: truncate", "model/shop/field/user_id/privacy", "semantic"),
    ("privacy: pseudonymise", "privacy: drop", "model/shop/field/user_id/privacy", "needs-order"),
    ("ip: truncate", "ip: full", "model/shop/collector/ip", "privacy-widening"),
    ("ip: truncate", "ip: full", "divolte/shop/mapping/remoteHost", "privacy-widening"),
    ("ip: truncate", "ip: hash", "model/shop/collector/ip", "semantic"),
    ("kind: dkd", "kind: divolte", "model/shop/collector/kind", "semantic"),
    ("ip: truncate", "ip: truncate, cookie_domain: x.y", "divolte/shop/conf/divolte.sources.browser.cookie_domain",
     "semantic"),
    ("partitions: 4", "partitions: 8", "kafka/topic/shop.raw/partitions", "needs-order"),
    ("partitions: 4", "partitions: 2", "kafka/topic/shop.clean/partitions", "blocked"),
    ("replication: 1", "replication: 2", "kafka/topic/shop.state/replication", "blocked"),
    ("raw: 7d, clean: 3d", "raw: 8d, clean: 3d", "kafka/topic/shop.raw/retention.ms", "privacy-widening"),
    ("clean: 3d", "clean: 4d", "kafka/topic/shop.clean/retention.ms", "safe"),
    ("clean: 3d", "clean: 2d", "kafka/topic/shop.clean/retention.ms", "destructive"),
    ("clean: 3d", "clean: 12h", "kafka/topic/shop.clean/segment.ms", "safe"),
    ("segment: hour", "segment: day", "druid/supervisor/shop_events/dataSchema.granularitySpec.segmentGranularity",
     "additive"),
    ("retention: 400d", "retention: 399d", "model/shop/datasource/events/retention", "destructive"),
    ("retention: 400d", "retention: 401d", "model/shop/datasource/events/retention", "safe"),
    ("gap: 30m", "gap: 20m", "model/shop/enrich/sessions/gap", "semantic"),
    ("action: flag", "action: drop", "model/shop/enrich/bots/action", "semantic"),
    ("[url, ", "[url, geo, ", "model/shop/enrich/geo", "additive"),
    ("[url, ", "[", "model/shop/enrich/url", "semantic"),
    ("count_distinct: party_id", "count: events", "model/shop/measure/visitors", "semantic"),
    ("measures: {visitors: {count_distinct: party_id}}", "", "model/shop/measure/visitors", "needs-order"),
    ("measures: {", "measures: {orders: {count: events}, ", "model/shop/measure/orders", "additive"),
    ("  page_view: {}\n", "  page_view: {}\n  seen: {}\n", "model/shop/event/seen/required", "additive"),
    ("  page_view: {}\n", "", "model/shop/event/page_view/required", "needs-order"),
    ("measures:", "targets: {prod: {collector: https://c}}\nmeasures:", "model/shop/target/prod/collector", "safe"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "address", "effect"), CASES, ids=[f"{c[2]}: {c[3]}" for c in CASES])
def test_each_change_has_its_class(old, new, address, effect):
    assert changed((old, new)).get(address) == effect


def test_an_optional_field_more_is_additive_everywhere():
    found = changed(("revenue: double", "revenue: double, coupon: string"))
    assert set(found.values()) == {"additive", "safe"}
    assert {address.partition("/")[0] for address in found} == {"model", "avro", "divolte", "druid"}


def test_another_order_of_fields_is_seen():
    found = changed(("revenue: double, count: int", "count: int, revenue: double"))
    assert "avro/schema/shop.raw/id" in found
    assert found["druid/file/specs/shop/druid/shop_events.json"] == "safe"


def test_another_site_is_all_gone_and_all_new():
    old, new = ({site: load(BASE.replace("shop", site), "model")} for site in ("shop", "web"))
    found = changes({"shop": old.pop("shop")}, new)
    assert {change.address for change in found if change.sign == "-"} == set(values_of(load(BASE, "model")))
    assert {change.effect for change in found if change.address.startswith("kafka/topic/shop.")} >= {"destructive"}


def test_what_no_rule_knows_is_blocked():
    assert classify("kafka/topic/shop.raw/no.such.setting", "a", "b") == "blocked"
    assert classify("druid/supervisor/x/dataSchema.metricsSpec", [], [1]) == "blocked"
    assert classify("nosystem/x", 1, 2) == "blocked"
    assert classify("model/shop/new_section/x", 1, 2) == "blocked"


def test_no_value_of_the_model_is_a_secret():
    text = BASE + 'targets: {prod: {kafka: {servers: "k:1", user: "${U}", password: "${P}"}}}\n'
    text = text.replace("ip: truncate", 'ip: truncate, senders: [{name: log, key: "${K}"}]')
    shown = str(values_of(load(text, "model")))
    assert "k:1" in shown
    assert not [name for name in ("${U}", "${P}", "${K}") if name in shown]


def test_every_system_of_the_table_is_a_folder_with_the_three_parts():
    from pathlib import Path

    import dkd.systems

    root = Path(dkd.systems.__path__[0])
    folders = {path.name for path in root.iterdir() if (path / "render.py").is_file()}
    assert folders == {system.name for system in SYSTEMS}
    assert all((root / name / "changes.py").is_file() for name in folders)
