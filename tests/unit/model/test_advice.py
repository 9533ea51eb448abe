"""Model → advice, each piece at its place; and the limits of other tools."""

import re
from datetime import date
from pathlib import Path

import pytest

from dkd.jobs.check import advised
from dkd.model.codes import CODES, page
from dkd.model.load import load_placed

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 3, 1)
HEAD = "dkd: 1\nsite: a\n"


def found(text: str) -> list[tuple[str, str, str]]:
    model, tree = load_placed(HEAD + text, "m.yaml")
    advice, wrong = advised(model, tree, TODAY)
    assert wrong == []
    return [(one.problem.where.removeprefix("m.yaml:"), one.problem.code, one.address) for one in advice]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("events: {x: {fields: {price: double}}}\nmeasures: {m: {sum: price}}", []),
        ("events: {x: }\nfields: {email: string}", [("4:10", "DKD280", "fields.email")]),
        ("events: {x: }\nfields: {visitor: {from: ip}}", [("4:10", "DKD280", "fields.visitor")]),
        ("events: {x: }\nfields: {email: {privacy: pseudonymise}, has_email: boolean}", []),
        ("events: {x: }\nfields: {email: {purpose: the newsletter that they ordered}}", []),
        ("events: {x: }\ngroups: {g: {price: double}}", [("4:10", "DKD281", "groups.g")]),
        ("events: {x: {use: [g]}}\ngroups: {g: {phone: string}}", [("4:14", "DKD280", "events.x.fields.phone")]),
        (
            "events: {x: , y: {fields: {price: double}}}\nmeasures: {m: {sum: price, where: {event: x}}}",
            [("4:12", "DKD282", "measures.m")],
        ),
        ("events: {x: }\nmeasures: {m: {count_distinct: country}}", [("4:12", "DKD282", "measures.m")]),
        ("events: {x: }\nenrich: [geo]\nmeasures: {m: {count_distinct: country}}", []),
        ("events: {x: }\nmeasures: {m: {count_distinct: party_id}, n: {count_distinct: party_number}}", []),
        ("events: {x: }\nmeasures: {m: {count: sessions}}", [("4:12", "DKD282", "measures.m")]),
        ("events: {x: }\nmeasures: {m: {sum: duration_s}}", [("4:12", "DKD282", "measures.m")]),
        ("events: {x: }\nenrich: [sessions]\nmeasures: {m: {sum: duration_s}}", []),
        (
            "events: {x: {deprecated: use y}}\nmeasures: {m: {count: events, where: {event: x}}}",
            [("4:12", "DKD283", "measures.m")],
        ),
        (
            "events: {x: }\nfields: {p: {type: int, deprecated: use q}}\nmeasures: {m: {sum: p}}",
            [("5:12", "DKD283", "measures.m")],
        ),
        (
            "events: {x: {deprecated: use y}}\nenrich: [{sessions: {conversions: [{event: x}]}}]",
            [("4:36", "DKD283", "enrich.sessions.conversions.0")],
        ),
        ("events: {x: {fields: {order: string}}}", [("3:23", "DKD285", "events.x.fields.order")]),
        (
            "events: {x: }\nfields: {c: {type: enum, values: [a, A]}}",
            [("4:26", "DKD286", "fields.c.values")],
        ),
        ("events: {x: }\ntopics: {replication: 1}\ntargets: {a: , b: }", [("4:10", "DKD287", "topics.replication")]),
        ("events: {x: }\ntargets: {local: , a: {topics: {replication: 3}}}", []),
        (
            "events: {x: }\ntopics: {replication: 3}\ntargets: {b: , a: {topics: {replication: 1}}}",
            [("5:29", "DKD287", "targets.a.topics.replication")],
        ),
        ("events: {session_start: }\nconventions: [ga4]", [("3:10", "DKD284", "events.session_start")]),
        ("events: {session_start: }", []),
        ("events: {x: }\nfields: {ga_id: string}\nconventions: [ga4]", [("4:10", "DKD284", "fields.ga_id")]),
        (f"events: {{{'x' * 41}: }}\nconventions: [ga4]", [("3:10", "DKD284", f"events.{'x' * 41}")]),
        (f"events: {{{'x' * 40}: }}\nconventions: [ga4]", []),
        (
            f"events: {{x: }}\nfields: {{{', '.join(f'f{n}: int' for n in range(26))}}}\nconventions: [ga4]",
            [("3:10", "DKD284", "events.x")],
        ),
        (f"events: {{x: }}\nfields: {{{', '.join(f'f{n}: int' for n in range(25))}}}\nconventions: [ga4]", []),
    ],
)  # fmt: skip
def test_advice_stands_at_its_place(text, expected):
    assert found(text) == expected


def waived(rule: str, address: str, until: str = "2026-03-01") -> str:
    return (
        f"events: {{x: }}\nfields: {{email: string}}\n"
        f"waivers: [{{rule: {rule}, address: {address}, reason: consent is asked for, until: {until}}}]\n"
    )


def test_a_waiver_lets_advice_pass_for_a_while():
    model, tree = load_placed(HEAD + waived("DKD280", "fields.email"), "m.yaml")
    (one,), wrong = advised(model, tree, TODAY)
    assert wrong == []
    assert one.waiver == "consent is asked for (until 2026-03-01)"
    assert one.line().endswith("[DKD280 at fields.email] (waived: consent is asked for (until 2026-03-01))")


@pytest.mark.parametrize(
    ("text", "code"),
    [(waived("DKD280", "fields.email", "2026-02-28"), "DKD265"), (waived("DKD280", "fields.phone"), "DKD267")],
)
def test_a_waiver_of_advice_that_is_over_or_unused_is_a_mistake(text, code):
    advice, wrong = advised(*load_placed(HEAD + text, "m.yaml"), TODAY)
    assert [one.waiver for one in advice] == [""]
    assert [(one.where, one.code) for one in wrong] == [("m.yaml:5:11", code)]


def test_every_code_of_the_model_is_explained_and_no_other():
    files = [
        *(ROOT / "dkd" / "model").rglob("*.py"),
        ROOT / "dkd" / "explore" / "saved.py",
        ROOT / "dkd" / "plan" / "waive.py",
    ]
    texts = [file.read_text("utf-8") for file in files if file.name != "codes.py"]
    printed = {code for text in texts for code in re.findall(r'"(DKD2\d\d)"', text)}
    assert printed == {code for code in CODES if code.startswith("DKD2")}
    assert list(CODES) == sorted(CODES)


def test_the_page_of_findings_is_the_one_in_docs():
    kept = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert kept == page(CODES.values()), "run: dkd check --explain all > docs/checks.md"
