"""YAML → Model, or every mistake at its place."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from dkd.errors import ModelError, UsageError
from dkd.model.load import load, load_placed, read_model
from dkd.model.preset import preset_files, site_name

SHOP = preset_files("shop", "shop")["specs/shop.yaml"]


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ModelError) as caught:
        load(text, "m.yaml")
    return [(problem.where.removeprefix("m.yaml:"), problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize("preset", ["web", "shop", "weblog"])
def test_a_preset_is_a_valid_model_of_the_named_site(preset):
    model = load(preset_files(preset, "my_site")["specs/my_site.yaml"], "m.yaml")
    assert model.site == "my_site"
    assert model.enrich.bots is not None
    assert model.enrich.bots.action == "flag"


def test_short_and_long_forms_are_the_same_model():
    short = "dkd: 1\nsite: a\nevents: {x: {fields: {p: double}}}\nenrich: [url, {bots: }]\ntargets: {local: }\n"
    long = (
        "dkd: 1\nsite: a\nevents: {x: {fields: {p: {type: double}}}}\n"
        "enrich: {url: {}, bots: {}}\ntargets: {local: {}}\n"
    )
    assert load(short, "m.yaml") == load(long, "m.yaml")


def test_mistakes_in_one_part_hide_none_of_its_neighbours_and_make_up_none():
    """What is left out to go on must not take more with it, nor make what names it look wrong."""
    text = """\
dkd: 1
site: s
events:
  pageView: {fields: {a: {type: strng}}}
  buy: {fields: {event: string, price: {type: doubl}}}
measures:
  m: {count: events, where: {event: pageView}}
  v: {sum: price}
  w: {count: events, where: {country: null}}
  x: {ratio: [m]}
  y: {ratio: [m, v], sum: q}
targets:
  prod: {kafka: {security: SASL_SL, pasword: x}}
  test: {kafka: {servers: "k:1", password: "hunter2"}, druid: {router: "druid:8888"}}
  local: {collector: "http://c"}
topics: {retention: {clean: 0d}}
"""
    assert problems(text) == [
        ("4:3", "DKD206"), ("4:33", "DKD204"), ("5:18", "DKD210"), ("5:47", "DKD204"), ("9:39", "DKD204"),
        ("10:14", "DKD205"), ("11:3", "DKD219"), ("11:27", "DKD213"), ("13:17", "DKD205"), ("13:28", "DKD204"),
        ("13:37", "DKD203"), ("14:44", "DKD216"), ("14:72", "DKD222"), ("15:22", "DKD223"), ("16:29", "DKD215"),
    ]  # fmt: skip


@pytest.mark.parametrize("section", ["events: 3", "events: {page_view: 3}"])
def test_a_section_that_is_gone_is_one_mistake(section):
    measures = "measures: {v: {count: events, where: {event: page_view}}}"
    assert [code for _, code in problems(f"dkd: 1\nsite: a\n{section}\n{measures}\n")] == ["DKD204"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("dimensions: {d: {from: country, groups: {a: [NO]}}}", ("4:46", "DKD204")),
        ("fields: {f: {type: enum, values: [yes]}}", ("4:35", "DKD204")),
        ("measures: {m: {count: events, where: {country: NO}}}", ("4:48", "DKD278")),
        ("measures: {m: {count: events, where: {browser_version: {not: [1.10, '2']}}}}", ("4:62", "DKD278")),
    ],
)
def test_a_word_that_yaml_takes_for_another_value_is_one_mistake(part, expected):
    """Norway would be counted as false, and nobody would see why there are no events."""
    assert problems(f"dkd: 1\nsite: a\nevents: {{x: }}\n{part}\n") == [expected]


def test_a_message_shows_the_item_and_no_endless_value():
    with pytest.raises(ModelError) as caught:
        load(f"dkd: {'9' * 9000}\nsite: a\nevents: {{x: }}\nreserved: [no]\n", "m.yaml")
    shown = [problem.line() for problem in caught.value.problems]
    assert max(map(len, shown)) < 200
    assert "False for item 1 of 'reserved' should be text; put it in quotes" in shown[-1]


def test_durations_become_time_spans():
    model = load(SHOP, "m.yaml")
    assert model.topics.retention.clean == timedelta(days=3)
    assert model.enrich.timing.gap == timedelta(minutes=30)


def test_every_mistake_is_reported_at_its_line_and_column_in_file_order():
    text = """\
dkd: 1
site: Shop
sit: x
events:
  page_view: {}
  Bad-Name: {}
  search: {fields: {query: strng, event: string}}
  purchase:
    fields:
      revenue: {type: string, requird: true}
      revenue: double
  other: {fields: {query: int, kind: enum}}
enrich: [url, botz, {sessions: {gap: 30, conversions: [{event: purchas, value: revenue}]}}]
topics: {partitions: 0, retention: {raw: 1d, rejects: 7d}}
measures:
  b: {count_distinct: party}
  c: {ratio: [b, zz]}
targets:
  prod:
    kafka: {servers: "x:1", password: geheim}
    druid: {}
"""
    assert problems(text) == [
        ("2:7", "DKD204"),
        ("3:1", "DKD203"),
        ("6:3", "DKD206"),
        ("7:28", "DKD204"),
        ("7:35", "DKD210"),
        ("10:31", "DKD203"),
        ("11:7", "DKD202"),
        ("12:27", "DKD211"),
        ("12:38", "DKD212"),
        ("13:15", "DKD203"),
        ("13:38", "DKD204"),
        ("13:64", "DKD213"),
        ("14:22", "DKD204"),
        ("14:55", "DKD215"),
        ("16:23", "DKD213"),
        ("17:18", "DKD213"),
        ("20:39", "DKD216"),
        ("21:12", "DKD205"),
    ]


def test_a_measure_needs_one_datasource_that_holds_all_of_its_columns():
    text = "dkd: 1\nsite: a\nevents: {page_view: {fields: {price: double}}}\nmeasures:\n"
    assert problems(f"{text}  a: {{sum: price, where: {{is_bounce: true}}}}\n") == [("5:3", "DKD219")]
    assert problems(f"{text}  a: {{count: sessions, where: {{event: page_view}}}}\n") == [("5:3", "DKD219")]
    assert load(f"{text}  a: {{sum: conversion_value, where: {{country: NL}}}}\n", "a.yaml").measures


def test_a_session_may_last_longer_than_gap_and_grace_together():
    """Else the first event of a session could still change when its length is already reached."""
    text = "dkd: 1\nsite: a\nevents: {x: }\nenrich: [{sessions: {max_length: 35m}}]\n"
    assert problems(text) == [("4:34", "DKD217")]
    assert load(text.replace("35m", "36m"), "m.yaml").enrich.sessions is not None


def test_an_unknown_name_comes_with_the_nearest_valid_ones():
    with pytest.raises(ModelError) as caught:
        load("dkd: 1\nsite: a\nevents: {page_view: {}}\nmeasures: {m: {count: events, wher: {}}}\n", "m.yaml")
    assert "did you mean where or per?" in str(caught.value)


def test_a_secret_in_clear_is_never_shown():
    text = (
        "dkd: 1\nsite: a\nevents: {x: }\ntargets: {p: {kafka: {servers: s, password: [hunter2]}, druid: {router: r}}}\n"
    )
    with pytest.raises(ModelError) as caught:
        load(text, "m.yaml")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("router", "code"),
    [
        ("https://adm:hunter2@druid:8888", "DKD216"),
        ("ftp://druid", "DKD222"),
        ("druid:8888", "DKD222"),
    ],
)
def test_a_router_is_a_url_without_secrets(router, code):
    target = f'{{kafka: {{servers: "k:1, l:2"}}, druid: {{router: "{router}"}}}}'
    text = f"dkd: 1\nsite: a\nevents: {{x: }}\ntargets: {{p: {target}}}\n"
    with pytest.raises(ModelError) as caught:
        load(text, "m.yaml")
    assert [problem.code for problem in caught.value.problems] == [code]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", ["events", "sessions"])
def test_a_retention_by_which_druid_drops_every_row_is_a_mistake(kind):
    with pytest.raises(ModelError) as wrong:
        load(f"dkd: 1\nsite: s\nevents: {{view: {{}}}}\ndatasources: {{{kind}: {{retention: 0d}}}}\n", "m.yaml")
    (problem,) = wrong.value.problems
    assert (problem.code, problem.problem) == ("DKD215", f"Druid would drop all {kind} at once")


@pytest.mark.parametrize(
    "part",
    [
        "collector: {cookie_domain: 'https://a.example'}",
        "targets: {p: {enrichers: ['e1:9100']}}",
        "targets: {p: {collector: 'ftp://c'}}",
        "collector: {proxies: ['10.0.0.1/8']}",
        "collector: {proxies: ['proxy.example']}",
        "collector: {event_path: /ping}",
        "collector: {json_source: {path: /csc-event}}",
        "collector: {event_path: /t/ev, json_source: {path: /t/collect}}",
    ],
)
def test_an_address_that_is_none_is_a_mistake(part):
    assert [code for _, code in problems(f"dkd: 1\nsite: a\nevents: {{x: }}\n{part}\n")] == ["DKD222"]


@pytest.mark.parametrize("servers", ["k", ":::bad:", "k:1,", "u:p@k:1"])
def test_servers_are_hosts_with_ports(servers):
    text = f'dkd: 1\nsite: a\nevents: {{x: }}\ntargets: {{p: {{kafka: {{servers: "{servers}"}}}}}}\n'
    assert [code for _, code in problems(text)] == ["DKD222"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("1:1", "DKD200")),
        ("- a\n", ("1:1", "DKD200")),
        ("a: [1,\n", ("2:1", "DKD201")),
        ("dkd: 1\nsite: a\nevents: &x {a: *x}\n", ("3:9", "DKD201")),
        ("dkd: 1\nsite: a\nevents:\n\tx: 1\n", ("4:1", "DKD201")),
        ("dkd: 1\nsite: a\nevents: {x: }\n? [a]\n: 1\n", ("4:3", "DKD201")),
        ("dkd: 1\nsite: a\0b\n", ("2:8", "DKD201")),
        ("\0".join("dkd: 1\nsite: a\n"), ("1:2", "DKD200")),
        ("dkd: 1\nsite: a\nevents: {x: }\ntopics: {retention: {raw: 99999999999999d}}\n", ("4:27", "DKD204")),
        ("dkd: 1\nsite: a\nevents: {x: }\ntopics: {retention: {raw: " + "9" * 5000 + "d}}\n", ("4:27", "DKD204")),
    ],
)
def test_a_broken_file_is_one_finding(text, expected):
    assert problems(text) == [expected]


@pytest.mark.parametrize("part", ["[", "{a: ", "- ", "  e: {}\n", "? ", "&a ", "- &a [*a, *a]\n"])
def test_a_hostile_file_is_one_finding_at_once(part):
    begin_s = time.process_time()
    assert [code for _, code in problems("dkd: 1\nsite: a\nevents:\n" + part * 300_000)] == ["DKD201"]
    assert time.process_time() - begin_s < 1


def test_an_alias_bomb_is_one_finding_at_once():
    lines = ["dkd: 1", "site: a", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    begin_s = time.process_time()
    assert [code for _, code in problems("\n".join(lines))] == ["DKD201"]
    assert time.process_time() - begin_s < 1


def test_a_file_of_ten_megabytes_is_one_finding(tmp_path: Path):
    file = tmp_path / "m.yaml"
    file.write_bytes(SHOP.encode() + b"# " + b"x" * 10_000_000)
    with pytest.raises(ModelError) as caught:
        read_model(file)
    assert [problem.code for problem in caught.value.problems] == ["DKD200"]


def test_bytes_that_are_not_utf8_are_one_finding_with_their_place(tmp_path: Path):
    file = tmp_path / "m.yaml"
    file.write_bytes(b"dkd: 1\nsite: \xff\n")
    with pytest.raises(ModelError) as caught:
        read_model(file)
    assert caught.value.problems[0].where == f"{file}:2:7"


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (b"\xef\xbb\xbf" + SHOP.encode(), "1:1", "byte order mark"),
        (b"dkd: 1\nsite: a\r\nevents: {x: }\r\n", "2:8", "as on Windows"),
        (SHOP.encode("utf-16"), "1:1", "not UTF-8"),
    ],
    ids=["mark", "windows", "utf-16"],
)
def test_a_file_of_other_bytes_than_plain_utf8_is_one_finding(tmp_path: Path, content, place, said):
    file = tmp_path / "m.yaml"
    file.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_model(file)
    (problem,) = caught.value.problems
    assert problem.where == f"{file}:{place}"
    assert said in problem.problem


def test_a_missing_file_is_wrong_usage(tmp_path: Path):
    with pytest.raises(UsageError):
        read_model(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("folder", "name"), [("My Shop", "my_shop"), ("2026-site!", "site"), ("...", ""), ("a" * 50, "a" * 40)]
)
def test_a_folder_lends_its_name_to_the_site(folder, name):
    assert site_name(folder) == name


NAMES = "dkd: 1\nsite: s\nevents:\n  seen: {}\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("fields: {a: string}\nreserved: [a]\n", [("5:10", "DKD224")]),
        ("reserved: [seen]\n", [("4:3", "DKD224")]),
        ("fields: {a: {was: a}}\n", [("5:19", "DKD225")]),
        ("fields: {a: {was: c}, b: {was: c}}\n", [("5:19", "DKD225"), ("5:32", "DKD225")]),
        ("reserved: [A b]\n", [("5:12", "DKD204")]),
        ("reserved: old\n", [("5:11", "DKD204")]),
        ("waivers: [{rule: DKD900, address: x, reason: y, until: 2026-01-01, day: 1}]\n", [("5:68", "DKD203")]),
        ("waivers: [{rule: DKD9, address: x, reason: y, until: 2026-01-01}]\n", [("5:18", "DKD204")]),
        ("waivers: [{rule: DKD900, address: x, reason: y, until: soon}]\n", [("5:56", "DKD204")]),
        (
            "waivers: [{rule: x, address: x, reason: y, until: soon}]\nreserved: [seen]\n",
            [("4:3", "DKD224"), ("5:18", "DKD204"), ("5:51", "DKD204")],
        ),
    ],
)
def test_names_of_the_past_and_waivers(more, expected):
    assert problems(NAMES + more) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("collector: {senders: [{name: log, key: 5}]}\n", [("5:40", "DKD204")]),
        ("enrich: [{sessions: {conversions: [{event: 5}]}}]\n", [("5:44", "DKD204")]),
    ],
)
def test_a_wrong_part_of_an_item_is_one_mistake(more, expected):
    assert problems(NAMES + more) == expected


def test_a_waiver_has_a_last_day():
    text = "waivers: [{rule: DKD900, address: x, reason: y, until: 2026-03-01}]\n"
    (waiver,) = load(NAMES + text, "m").waivers
    assert (waiver.until.isoformat(), waiver.owner) == ("2026-03-01", None)


def test_a_spot_is_the_key_or_what_is_around_it():
    _, tree = load_placed(NAMES, "m")
    assert tree.spot(("events", "seen")) == ("m", 4, 3, 7)
    assert tree.spot(("events", "gone", "fields", "x")) == ("m", 3, 1, 7)
    assert str(tree.spot(())) == "m:1:1"
