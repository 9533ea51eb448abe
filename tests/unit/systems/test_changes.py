"""A change of the model becomes changed values, each with the class, the rule and the order that it deserves."""

from pathlib import Path

import pytest
from comparing import changed, classed, versions

from dkd.jobs.changes import changes
from dkd.model.load import load
from dkd.systems.classes import CLASSES
from dkd.systems.rules import PARTIES
from dkd.systems.table import RULES, SYSTEMS, artefacts, classify, values_of, whole_of

BASE = """
dkd: 1
site: shop
collector: {kind: dkd, ip: truncate, origins: ["https://a", "https://b"], senders: [{name: log, key: "${K}"}]}
events:
  page_view: {}
  purchase: {fields: {revenue: double, count: int, kind: {type: enum, values: [a, b]}, at: timestamp, ref: string}}
  refund: {fields: {revenue: double}}
fields: {user_id: {type: string, privacy: pseudonymise}, gone: {type: string, privacy: drop}, link: string}
enrich: [url, {bots: {action: flag}}, {sessions: {gap: 30m, late_after: 1h, conversions: [{event: purchase}]}}]
topics: {partitions: 4, replication: 1, retention: {raw: 7d, clean: 3d, sessions: 30d, rejects: 7d}}
datasources: {events: {segment: hour, retention: 400d}, sessions: {segment: day, retention: 800d}}
dimensions: {size: {from: revenue, bands: [10, 20]}, area: {from: city, groups: {x: [a, b]}}}
measures: {visitors: {count_distinct: party_id}, sold: {sum: revenue}, some: {count: events, where: {os: [a, b]}}}
targets:
  prod: {kafka: {servers: "k:1", security: SASL_SSL}}
reserved: [old_name]
"""


def found_in(*replacements: tuple[str, str]) -> dict[str, str]:
    """Address to class and code of what differs when each text of BASE is replaced."""
    text = BASE
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return classed(changed(BASE, text))


def test_nothing_differs_from_itself():
    assert found_in() == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("values: [a, b]", "values: [b, a]"),
        ("where: {os: [a, b]}", "where: {os: [b, a]}"),
        ("groups: {x: [a, b]}", "groups: {x: [b, a]}"),
    ],
)
def test_another_order_of_values_says_nothing(old, new):
    assert found_in((old, new)) == {}


FIELD = "model/shop/field"
COLUMN = "druid/supervisor/shop_events/dimension"
GRANULARITY = "druid/supervisor/shop_events/dataSchema.granularitySpec"
CASES = [
    # Avro and the JSON of the clean topic
    ("count: int", "count: long", "avro/schema/shop.raw/field/count", "needs-order DKD904"),
    ("count: int", "count: double", "avro/schema/shop.raw/field/count", "needs-order DKD904"),
    ("count: int", "count: float", "avro/schema/shop.raw/field/count", "semantic DKD906"),
    ("count: int", "count: string", "avro/schema/shop.raw/field/count", "blocked DKD905"),
    ("count: int", "count: string", "model/shop/clean/count", "blocked DKD922"),
    ("count: int", "count: boolean", "model/shop/clean/count", "blocked DKD922"),
    ("ref: string", "ref: list", "model/shop/clean/ref", "blocked DKD922"),
    ("revenue: double", "revenue: float", "avro/schema/shop.raw/field/revenue", "blocked DKD905"),
    ("count: int", "count: list", f"{COLUMN}/count", "needs-backfill DKD956"),
    ("revenue: double, count: int", "count: int, revenue: double", "avro/schema/shop.raw/order", "needs-order DKD914"),
    ("revenue: double, count: int", "count: int, revenue: double", "avro/schema/shop.raw/id", "safe DKD901"),
    ("at: timestamp", "at: long", f"{FIELD}/at/type", "semantic DKD907"),
    # fields that come, go and get another name
    ("ref: string", "ref: string, coupon: string", f"{FIELD}/coupon", "additive DKD860"),
    ("ref: string", "ref: string, coupon: string", "avro/schema/shop.raw/field/coupon", "additive DKD902"),
    ("ref: string", "ref: string, coupon: string", f"{COLUMN}/coupon", "additive DKD952"),
    ("ref: string", "ref: string, order_id: long", f"{FIELD}/order_id", "semantic DKD925"),
    ("count: int, ", "", f"{FIELD}/count", "blocked DKD864"),
    ("count: int, ", "", f"{COLUMN}/count", "needs-order DKD954"),
    ("count: int, ", "", "avro/schema/shop.raw/field/count", "needs-order DKD903"),
    ("count: int, ", "", "divolte/shop/mapping/count", "needs-order DKD984"),
    ("count: int", "number: int", f"{FIELD}/count", "blocked DKD863"),
    ("count: int", "number: {type: int, was: count}", f"{FIELD}/number", "needs-backfill DKD862"),
    ("count: int", "number: {type: int, was: count}", f"{COLUMN}/number", "needs-backfill DKD862"),
    ("count: int", "number: {type: int, was: count}", "avro/schema/shop.raw/field/number", "needs-backfill DKD862"),
    ("count: int", "count: int, number: {type: int, was: count}", f"{FIELD}/number", "needs-order DKD866"),
    ("gone: {type: string, privacy: drop}", "gone: {type: long, privacy: drop}", f"{FIELD}/gone/type", "safe DKD872"),
    ("old_name", "other_name", "model/shop/reserved/old_name", "semantic DKD868"),
    ("old_name", "other_name", "model/shop/reserved/other_name", "safe DKD879"),
    # what is said about fields
    ("count: int", "count: {type: int, from: cookie c}", "divolte/shop/mapping/count", "semantic DKD985"),
    ("count: int", "count: {type: int, from: cookie c}", f"{FIELD}/count/source", "semantic DKD877"),
    ("count: int", "count: {type: int, from: [query c, parameter c]}", f"{FIELD}/count/source", "semantic DKD877"),
    ("count: int", "count: {type: int, from: {source: parameter c, when: {source: event, equals: a}}}",
     f"{FIELD}/count/source", "semantic DKD877"),
    ("count: int", "count: {type: int, from: {source: query c, match: '(.)'}}", "divolte/shop/mapping/count",
     "semantic DKD985"),
    ("count: int", "count: {type: int, default: 0}", f"{FIELD}/count/default", "semantic DKD869"),
    ("count: int", "count: {type: int, default: 0}", "divolte/shop/mapping/count", "semantic DKD985"),
    ("ref: string", "ref: {from: ip}", f"{FIELD}/ref/source", "privacy-widening DKD981"),
    ("ref: string", "ref: string, visitor: {from: ip}", f"{FIELD}/visitor", "privacy-widening DKD982"),
    ("ip: truncate", "ip: truncate, geo_database: a.mmdb", "model/shop/collector/geo_database", "safe DKD878"),
    ("ip: truncate", "ip: truncate, geo_database: a.mmdb", "divolte/shop/conf/divolte.global.mapper.ip2geo_database",
     "additive DKD980"),
    ("count: int", "count: {type: int, unit: kg}", f"{FIELD}/count/unit", "additive DKD873"),
    ("count: int", "count: {type: int, description: x}", f"{FIELD}/count/description", "safe DKD878"),
    ("values: [a, b]", "values: [a, b, c]", f"{FIELD}/kind/values", "needs-order DKD875"),
    ("values: [a, b]", "values: [a, c]", f"{FIELD}/kind/values", "needs-order DKD876"),
    ("{type: enum, values: [a, b]}", "string", f"{FIELD}/kind/type", "needs-order DKD870"),
    ("ref: string", "ref: {type: enum, values: [x]}", f"{FIELD}/ref/type", "needs-order DKD871"),
    # privacy
    ("privacy: pseudonymise", "privacy: keep", f"{FIELD}/user_id/privacy", "privacy-widening DKD981"),
    ("privacy: pseudonymise", "privacy: truncate", f"{FIELD}/user_id/privacy", "privacy-widening DKD981"),
    ("privacy: drop", "privacy: truncate", f"{FIELD}/gone/privacy", "privacy-widening DKD981"),
    ("privacy: pseudonymise", "privacy: drop", f"{FIELD}/user_id/privacy", "needs-order DKD990"),
    ("link: string", "link: {type: string, privacy: truncate}", f"{FIELD}/link/privacy", "needs-order DKD990"),
    ("link: string", "link: string, home_phone: string", f"{FIELD}/home_phone", "privacy-widening DKD982"),
    ("link: string", "link: string, x: {type: string, privacy: truncate}", f"{FIELD}/x", "privacy-widening DKD982"),
    ("ip: truncate", "ip: full", "model/shop/collector/ip", "privacy-widening DKD981"),
    ("ip: truncate", "ip: full", "divolte/shop/mapping/remoteHost", "additive DKD980"),
    ("ip: truncate", "ip: hash", "model/shop/collector/ip", "privacy-widening DKD981"),
    ("raw: 7d", "raw: 8d", "kafka/topic/shop.raw/retention.ms", "privacy-widening DKD983"),
    ("clean: 3d", "clean: 4d", "model/shop/topic/clean/retention", "privacy-widening DKD983"),
    ("retention: 400d", "retention: 401d", "model/shop/datasource/events/retention", "privacy-widening DKD983"),
    ("security: SASL_SSL", "security: PLAINTEXT", "model/shop/target/prod/kafka/security", "privacy-widening DKD992"),
    # events
    ("  page_view: {}\n", "  page_view: {}\n  seen: {}\n", "model/shop/event/seen", "additive DKD850"),
    ("  page_view: {}\n", "", "model/shop/event/page_view", "blocked DKD854"),
    ("  page_view: {}\n", "  seen: {}\n", "model/shop/event/page_view", "blocked DKD853"),
    ("  page_view: {}\n", "  seen: {was: page_view}\n", "model/shop/event/seen", "needs-backfill DKD852"),
    ("count: int", "count: {type: int, required: true}", "model/shop/event/purchase/required", "needs-order DKD855"),
    ("refund: {fields: {", "refund: {fields: {count: int, ", "model/shop/event/refund/fields", "additive DKD857"),
    ("refund: {fields: {", "refund: {fields: {kind: {type: enum, values: [a, b]}, ", "model/shop/event/refund/fields",
     "needs-order DKD858"),
    ("refund: {", "refund: {description: x, ", "model/shop/event/refund/description", "safe DKD878"),
    # topics
    ("partitions: 4", "partitions: 8", "kafka/topic/shop.raw/partitions", "needs-order DKD932"),
    ("partitions: 4", "partitions: 2", "kafka/topic/shop.clean/partitions", "blocked DKD933"),
    ("replication: 1", "replication: 2", "kafka/topic/shop.state/replication", "blocked DKD942"),
    ("raw: 7d, clean: 3d", "raw: 7d, clean: 2d", "kafka/topic/shop.clean/retention.ms", "destructive DKD937"),
    ("sessions: 30d", "sessions: 31d", "kafka/topic/shop.sessions/retention.ms", "safe DKD938"),
    ("clean: 3d", "clean: 12h", "kafka/topic/shop.clean/segment.ms", "safe DKD944"),
    # datasources
    ("segment: hour", "segment: day", f"{GRANULARITY}.segmentGranularity", "additive DKD964"),
    ("retention: 400d", "retention: 399d", "model/shop/datasource/events/retention", "destructive DKD971"),
    ("retention: 800d", "retention: 801d", "model/shop/datasource/sessions/retention", "safe DKD898"),
    (
        "retention: 800d", "retention: 800d, compact_after: 2d", "druid/compaction/shop_sessions",
        "safe DKD977",
    ),
    # enrichers, sessions and measures
    ("gap: 30m", "gap: 20m", "model/shop/enrich/sessions/gap", "semantic DKD882"),
    (
        "gap: 30m", "gap: 30m, split_on: {campaign: true}", "model/shop/enrich/sessions/split_on/campaign",
        "semantic DKD882",
    ),
    ("gap: 30m", "gap: 30m, origin: true", "model/shop/enrich/sessions/origin", "semantic DKD887"),
    ("[url,", "[url, {privacy: {emails: keep}},", "model/shop/enrich/privacy", "privacy-widening DKD981"),
    ("[url,", "[url, {privacy: {rotate: 1d}},", "model/shop/enrich/privacy", "semantic DKD887"),
    ("[url,", "[url, {privacy: {}},", "model/shop/enrich/privacy", "safe DKD878"),
    ("[url,", "[url, {profile: {topic: t, fields: [email]}},", "model/shop/enrich/profile", "privacy-widening DKD982"),
    ("[url,", "[url, {profile: {topic: t, fields: [plan]}},", "model/shop/enrich/profile", "additive DKD880"),
    ("late_after: 1h", "late_after: 50m", "model/shop/enrich/sessions/late_after", "destructive DKD885"),
    ("late_after: 1h", "late_after: 2h", "model/shop/enrich/sessions/late_after", "semantic DKD882"),
    ("event: purchase}", "event: refund}", "model/shop/enrich/sessions/conversions", "semantic DKD886"),
    ("action: flag", "action: drop", "model/shop/enrich/bots/action", "destructive DKD884"),
    ("action: flag", "allow: [me]", "model/shop/enrich/bots/allow", "semantic DKD883"),
    ("[url, ", "[url, geo, ", "model/shop/enrich/geo", "additive DKD880"),
    ("[url, ", "[", "model/shop/enrich/url", "semantic DKD881"),
    ("[url, ", "[{url: {search: [q]}}, ", "model/shop/enrich/url/search", "semantic DKD887"),
    ("{bots: {action: flag}}, ", "", "model/shop/enrich/bots", "semantic DKD881"),
    ("{sum: revenue}", "{sum: count}", "model/shop/measure/sold", "semantic DKD893"),
    ("sold: {sum: revenue}, ", "", "model/shop/measure/sold", "needs-order DKD891"),
    ("sold: {sum", "turnover: {sum", "model/shop/measure/sold", "needs-order DKD892"),
    ("sold: {sum", "turnover: {sum", "model/shop/measure/turnover", "needs-order DKD892"),
    ("sold: {sum: revenue}", "sold: {sum: revenue, description: x}", "model/shop/measure/sold", "safe DKD878"),
    ("measures: {", "measures: {orders: {count: events}, ", "model/shop/measure/orders", "additive DKD890"),
    ("some: {count: events,", "some: {count: events, per: visitors,", "model/shop/measure/some", "semantic DKD893"),
    ("os: [a, b]", "os: [a]", "model/shop/measure/some", "semantic DKD893"),
    ("os: [a, b]", "os: {not: [a, b]}", "model/shop/measure/some", "semantic DKD893"),
    ("sold: {sum: revenue}", "sold: {quantile: revenue, at: 0.5}", "model/shop/measure/sold", "semantic DKD893"),
    # dimensions that are computed
    ("dimensions: {", "dimensions: {hour: {part: hour}, ", "model/shop/dimension/hour", "additive DKD890"),
    ("size: {from: revenue, bands: [10, 20]}, ", "", "model/shop/dimension/size", "needs-order DKD891"),
    ("size: {from", "width: {from", "model/shop/dimension/size", "needs-order DKD892"),
    ("size: {from", "width: {from", "model/shop/dimension/width", "needs-order DKD892"),
    ("bands: [10, 20]", "bands: [10, 30]", "model/shop/dimension/size", "semantic DKD893"),
    ("bands: [10, 20]", "bands: [10, 20], description: x", "model/shop/dimension/size", "safe DKD878"),
    ("{x: [a, b]}", "{x: [a], y: [b]}", "model/shop/dimension/area", "semantic DKD893"),
    ("{x: [a, b]}", "{x: [a, b]}, other: z", "model/shop/dimension/area", "semantic DKD893"),
    # who may send, and where it goes
    ("kind: dkd", "kind: divolte", "model/shop/collector/kind", "semantic DKD894"),
    ("ip: truncate", "ip: truncate, cookie_domain: x.y", "model/shop/collector/cookie_domain", "semantic DKD987"),
    ("ip: truncate", "ip: truncate, cookie_domain: x.y", "divolte/shop/conf/divolte.sources.browser.cookie_domain",
     "semantic DKD987"),
    ('"https://b"', '"https://b", "https://c"', "model/shop/collector/origins", "safe DKD895"),
    (', "https://b"', "", "model/shop/collector/origins", "needs-order DKD896"),
    ("ip: truncate", "ip: truncate, scrub: [token]", "model/shop/collector/scrub", "needs-order DKD990"),
    ("ip: truncate", "ip: truncate, opt_out: drop", "model/shop/collector/opt_out", "needs-order DKD990"),
    ("ip: truncate", "ip: truncate, cookie: server", "model/shop/collector/cookie", "semantic DKD987"),
    ("ip: truncate", "ip: truncate, proxies: [10.0.0.7]", "model/shop/collector/proxies", "semantic DKD877"),
    ("ip: truncate", "ip: truncate, rate: 0", "model/shop/collector/rate", "safe DKD895"),
    ("ip: truncate", "ip: truncate, rate: 20", "model/shop/collector/rate", "needs-order DKD896"),
    ("ip: truncate", "ip: truncate, json_source: {path: /json}", "model/shop/collector/json_source", "safe DKD895"),
    ("ip: truncate", "ip: truncate, event_path: /event", "model/shop/collector/event_path", "needs-order DKD896"),
    ("name: log", "name: app", "model/shop/sender/app", "additive DKD897"),
    ("name: log", "name: app", "model/shop/sender/log", "needs-order DKD896"),
    ('servers: "k:1"', 'servers: "k:2"', "model/shop/target/prod/kafka/servers", "safe DKD899"),
    ("site: shop", "site: shop\ndescription: x", "model/shop/description", "safe DKD878"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "address", "expected"), CASES, ids=[f"{c[2]}: {c[3]}" for c in CASES])
def test_each_change_has_its_class_and_its_rule(old, new, address, expected):
    assert found_in((old, new)).get(address) == expected


def test_to_hear_less_of_an_opt_out_and_to_cut_less_are_wider():
    more = BASE.replace("ip: truncate", "ip: truncate, opt_out: anonymous, scrub: [token, email]")
    less = more.replace("opt_out: anonymous", "opt_out: ignore").replace("token, ", "")
    found = classed(changed(more, less))
    assert found["model/shop/collector/opt_out"] == found["model/shop/collector/scrub"] == "privacy-widening DKD981"


PROTECTED = BASE.replace("[url,", "[url, {privacy: {emails: scrub, rotate: 1d}},")


@pytest.mark.parametrize(
    ("old", "new", "address", "expected"),
    [
        ("emails: scrub", "emails: keep", "/emails", "privacy-widening DKD981"),
        ("rotate: 1d", "rotate: 7d", "/rotate", "privacy-widening DKD981"),
        (", rotate: 1d", "", "/rotate", "privacy-widening DKD981"),
        ("rotate: 1d", "rotate: 1h", "/rotate", "semantic DKD887"),
        ("{privacy: {emails: scrub, rotate: 1d}},", "", "", "privacy-widening DKD981"),
    ],
)
def test_weaker_privacy_of_all_fields_is_wider(old, new, address, expected):
    found = classed(changed(PROTECTED, PROTECTED.replace(old, new)))
    assert found[f"model/shop/enrich/privacy{address}"] == expected


def test_addresses_that_are_scrubbed_again_only_need_an_order():
    kept = PROTECTED.replace("emails: scrub", "emails: keep")
    assert classed(changed(kept, PROTECTED))["model/shop/enrich/privacy/emails"] == "needs-order DKD990"


def test_a_removed_name_that_is_reserved_only_needs_an_order():
    found = found_in(("count: int, ", ""), ("[old_name]", "[old_name, count]"))
    assert found["model/shop/field/count"] == "needs-order DKD861"
    assert {text.split()[0] for text in found.values()} == {"needs-order", "safe"}
    found = found_in(("  page_view: {}\n", ""), ("[old_name]", "[old_name, page_view]"))
    assert found["model/shop/event/page_view"] == "needs-order DKD851"


def test_the_second_half_of_a_rename_is_a_removal_in_order():
    both = BASE.replace("count: int", "count: int, number: {type: int, was: count}")
    found = classed(changed(both, both.replace("count: int, ", "")))
    assert found["model/shop/field/count"] == "needs-order DKD861"
    assert {text.split()[0] for text in found.values()} == {"needs-order", "safe"}


def test_a_rename_is_one_change_in_each_system_and_never_an_addition():
    found = changed(BASE, BASE.replace("count: int", "number: {type: int, was: count}"))
    fused = [one for one in found if one.rule.code == "DKD862"]
    assert {one.system for one in fused} == {"model", "avro", "divolte", "druid"}
    assert all(one.before.keys() == {"count"} and one.after.keys() == {"number"} for one in fused)
    assert "additive" not in {one.effect for one in found}


def test_a_rename_does_not_hide_what_else_changes():
    more = BASE.replace(
        "user_id: {type: string, privacy: pseudonymise}", "customer: {was: user_id, privacy: keep, unit: id}"
    )
    found = classed(changed(BASE, more))
    assert found["model/shop/field/customer"] == "needs-backfill DKD862"
    assert found["model/shop/field/customer/privacy"] == "privacy-widening DKD981"
    assert found["model/shop/field/customer/unit"] == "additive DKD873"


def test_a_name_that_nobody_had_is_no_rename():
    found = found_in(("ref: string", "ref: string, x: {was: never}"), ("  refund: {", "  x: {was: none}\n  refund: {"))
    assert found["model/shop/field/x"] == "additive DKD860"
    assert found["model/shop/event/x"] == "additive DKD850"


def test_a_wrong_old_name_does_not_excuse_the_one_that_is_gone():
    found = found_in(("count: int", "number: {type: int, was: counter}"))
    assert found["model/shop/field/count"] == "blocked DKD864"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("email: string", "privacy-widening DKD982"),
        ("home_phone: long", "privacy-widening DKD982"),
        ("first_name: string", "privacy-widening DKD982"),
        ("has_email: boolean", "additive DKD860"),
        ("product_name: string", "additive DKD860"),
    ],
)
def test_what_sounds_personal_is_asked_about(field, expected):
    assert found_in(("link: string", f"link: string, {field}"))[f"model/shop/field/{field.split(':')[0]}"] == expected


def test_a_field_and_an_event_of_one_name_are_renamed_apart():
    base = BASE.replace("refund: {", "ref: {")
    found = classed(changed(base, base.replace("  ref: {", "  refund: {was: ref, ")))
    assert found["model/shop/event/refund"] == "needs-backfill DKD852"
    assert "model/shop/field/ref" not in found


def test_what_may_be_a_rename_is_asked_for_by_name():
    found = changed(BASE, BASE.replace("count: int", "number: int, other: int, text: string"))
    (asked,) = [one for one in found if one.rule.code == "DKD863"]
    assert asked.note == "is it number or other now?"


def test_a_dropped_field_that_a_conversion_counts_is_refused():
    base = BASE.replace("{event: purchase}", "{event: purchase, value: count}")
    found = classed(changed(base, base.replace("count: int", "count: {type: int, privacy: drop}")))
    assert found["model/shop/field/count/privacy"] == "blocked DKD993"


def test_a_personal_field_makes_longer_retention_a_matter_of_privacy():
    plain = BASE.replace("privacy: pseudonymise", "privacy: keep")
    found = classed(changed(plain, plain.replace("clean: 3d", "clean: 4d").replace("400d", "401d")))
    assert found["kafka/topic/shop.clean/retention.ms"] == "safe DKD938"
    assert found["model/shop/datasource/events/retention"] == "safe DKD898"


def test_what_is_new_or_gone_as_a_whole_has_rules_of_its_own():
    both = classed(changes(versions(BASE), versions(BASE, BASE.replace("site: shop", "site: web"))))
    assert {key: both[key] for key in both if key.startswith(("kafka", "druid", "divolte", "avro"))} == {
        "avro/schema/web.raw": "additive DKD902",
        "divolte/web": "additive DKD980",
        "druid/supervisor/web_events": "additive DKD950",
        "druid/supervisor/web_sessions": "additive DKD950",
        **{f"kafka/topic/web.{kind}": "additive DKD930" for kind in ("raw", "clean", "sessions", "rejects", "state")},
    }
    back = classed(changes(versions(BASE, BASE.replace("site: shop", "site: web")), versions(BASE)))
    assert back["kafka/topic/web.raw"] == "destructive DKD931"
    assert back["druid/supervisor/web_events"] == "destructive DKD951"
    assert back["avro/schema/web.raw"] == "needs-order DKD903"


def test_a_file_whose_values_are_the_same_is_one_safe_change():
    plain = BASE.replace("count: int", "count: int, ratio: double").replace("ref: string", "ref: string, zone: long")
    other = plain.replace("ref: string, zone: long", "zone: long, ref: string")
    found = classed(changed(plain, other))
    assert found["druid/file/specs/shop/druid/shop_events.json"] == "safe DKD998"


def test_a_retention_is_told_once_and_its_file_of_rules_not_as_one_without_a_changed_value():
    shorter = BASE.replace("retention: 400d", "retention: 100d")
    assert shorter != BASE
    assert classed(changed(BASE, shorter)) == {"model/shop/datasource/events/retention": "destructive DKD971"}


def test_a_field_that_need_not_be_sent_any_more_is_safe():
    base = BASE.replace("count: int", "count: {type: int, required: true}")
    assert classed(changed(base, BASE)) == {"model/shop/event/purchase/required": "safe DKD856"}


def test_units_are_never_exchanged_in_silence():
    base = BASE.replace("revenue: double", "revenue: {type: double, unit: EUR}")
    for other in ("revenue: {type: double, unit: USD}", "revenue: double"):
        found = classed(changed(base, base.replace("revenue: {type: double, unit: EUR}", other)))
        assert found["model/shop/field/revenue/unit"] == "semantic DKD874"


def test_an_optional_field_more_is_additive_everywhere():
    found = found_in(("ref: string", "ref: string, coupon: string"))
    assert {text.split()[0] for text in found.values()} == {"additive", "safe"}
    assert {address.partition("/")[0] for address in found} == {"model", "avro", "divolte", "druid"}


def test_another_site_is_all_gone_and_all_new():
    found = changed(BASE, BASE.replace("site: shop", "site: web"))
    old = load(BASE, "model")
    gone = {one.address: one.before for one in found if one.sign == "-"}
    wholes = {whole_of(address) for address in values_of(old, artefacts(old))}
    # Keys and retention of the clean topic go with the fields and the topic, rules and batches with the supervisor.
    told = ("model/shop/clean/", "model/shop/topic/", "druid/rules/", "druid/batch/", "druid/reindex/")
    assert gone.keys() == {one for one in wholes if not one.startswith(told)}
    assert {one.effect for one in found if one.address.startswith("kafka/topic/shop.")} == {"destructive"}
    assert gone["kafka/topic/shop.raw"]["partitions"] == 4


def test_what_no_rule_knows_is_blocked():
    assert classify("kafka/topic/shop.raw/no.such.setting", "a", "b") == "blocked"
    assert classify("druid/supervisor/x/dataSchema.unknownSpec", [], [1]) == "blocked"
    assert classify("nosystem/x", 1, 2) == "blocked"
    assert classify("model/shop/new_section/x", 1, 2) == "blocked"


def test_no_value_of_the_model_is_a_secret():
    text = BASE.replace("security: SASL_SSL", 'security: SASL_SSL, user: "${U}", password: "${P}"')
    model = load(text, "model")
    shown = str(values_of(model, artefacts(model)))
    assert "k:1" in shown
    assert not [name for name in ("${U}", "${P}", "${K}") if name in shown]


def test_every_system_of_the_table_is_a_folder_with_its_parts():
    import dkd.systems

    root = Path(dkd.systems.__path__[0])
    folders = {path.name for path in root.iterdir() if (path / "render.py").is_file()}
    assert folders == {system.name for system in SYSTEMS}
    assert all((root / name / "changes.py").is_file() for name in folders)


def test_every_rule_is_whole_and_its_code_is_its_own():
    assert len({rule.what for rule in RULES.values()}) == len(RULES)
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.effect in CLASSES
        assert rule.what
        assert rule.why.endswith(".")
        assert rule.remedy
        assert not rule.remedy.endswith(".")
        assert set(rule.order.split()) <= set(PARTIES)
        # What is safe in an order only has to name it.
        assert rule.order or rule.effect != "needs-order"
