"""A report as text, JSON, Markdown, SARIF and JUnit: each finding in all of them, whatever the model's texts hold."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from comparing import changed
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from sarif import SARIF

from dkd.errors import Problem
from dkd.plan.diff import Changed
from dkd.plan.forms.explain import explained, page
from dkd.plan.forms.junit import as_junit
from dkd.plan.forms.markdown import LIMIT, MARK, as_markdown, code, text
from dkd.plan.forms.plain import as_json, as_text
from dkd.plan.forms.report import Report
from dkd.plan.forms.sarif import as_sarif
from dkd.systems.classes import BREAKING
from dkd.systems.table import RULES

OLD = """
dkd: 1
site: shop
events: {page_view: {}}
fields: {price: double, name: string, user_id: {privacy: pseudonymise}}
topics: {partitions: 4, retention: {clean: 3d}}
"""
NEW = """
dkd: 1
site: shop
events: {page_view: {}}
fields: {price: double, title: string, user_id: {privacy: keep}, coupon: string}
topics: {partitions: 2, retention: {clean: 2d}}
"""
WRONG = Problem("specs/shop.yaml:9:3", "DKD267", "nothing at x is a DKD937", "remove the waiver")


def report() -> Report:
    found = changed(OLD, NEW)
    waived = [replace(one, waiver="agreed") if one.rule.code == "DKD981" else one for one in found]
    return Report("main", ".", waived, [WRONG])


FORMS = {
    "text": as_text, "json": as_json, "markdown": as_markdown, "sarif": lambda one: as_sarif(one, "1"),
    "junit": as_junit,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_each_change_and_each_mistake_is_in_every_form(form):
    shown = form(report())
    assert {one.effect for one in report().changes} >= {"blocked", "destructive", "privacy-widening", "additive"}
    for change in report().changes:
        assert change.address in shown
        assert change.rule.code in shown
    assert "DKD267" in shown


def test_text_tells_values_class_code_line_reason_remedy_and_order():
    shown = as_text(report())
    assert (
        "~ kafka/topic/shop.raw/partitions  4 -> 2\n"
        "    blocked  DKD933 a topic gets fewer partitions  specs/shop.yaml:6:10\n"
        "    why: Kafka cannot take partitions away.\n"
        "    remedy: keep the number, or use a new site name and switch\n"
    ) in shown
    assert "    remedy: is it title or coupon now? say which: was: OLD at the new field" in shown
    assert "    waived: agreed\n" in shown
    assert (
        "order for 2 changes: views and questions > schema kept by its id > Druid > enrichers > collectors > site\n"
        in shown
    )
    assert shown.splitlines()[-2] == f"{WRONG.where}: {WRONG.problem}; {WRONG.remedy} [{WRONG.code}]"


def test_no_change_is_said_in_every_form():
    nothing = Report("a", "b", [])
    assert as_text(nothing) == "Nothing changes.\n"
    assert "nothing changes" in as_markdown(nothing)
    assert json.loads(as_json(nothing))["changes"] == []
    assert json.loads(as_sarif(nothing, "1"))["runs"][0]["results"] == []
    assert Xml.fromstring(as_junit(nothing)).get("tests") == "0"


def test_json_holds_each_change_whole():
    found = json.loads(as_json(report()))
    (one,) = [change for change in found["changes"] if change["address"] == "kafka/topic/shop.raw/partitions"]
    assert one == {
        "address": "kafka/topic/shop.raw/partitions", "system": "kafka", "action": "update", "before": 4, "after": 2,
        "class": "blocked", "rule": "DKD933", "what": "a topic gets fewer partitions",
        "why": "Kafka cannot take partitions away.", "remedy": "keep the number, or use a new site name and switch",
        "note": "", "order": ["topics", "enrichers", "collectors", "Druid", "old topic removed"], "mode": "replace",
        "range": {"file": "specs/shop.yaml", "start": {"line": 6, "col": 10}, "end": {"line": 6, "col": 20}},
        "waiver": "",
    }  # fmt: skip
    assert found["summary"]["blocked"] == len([one for one in report().changes if one.effect == "blocked"])
    assert found["open"] == len(report().open)
    assert found["mistakes"] == [WRONG.as_dict()]


def test_junit_fails_what_needs_a_decision_and_skips_what_is_waived():
    whole = Xml.fromstring(as_junit(report()))
    cases = list(whole.iter("testcase"))
    failed = {case.get("name") for case in cases if case.find("failure") is not None}
    skipped = {case.get("name") for case in cases if case.find("skipped") is not None}
    assert failed == {f"{one.rule.code} {one.address}" for one in report().open} | {f"DKD267 {WRONG.where}"}
    assert skipped == {"DKD981 model/shop/field/user_id/privacy"}
    assert [int(whole.get(name)) for name in ("tests", "failures", "skipped")] == [
        len(cases), len(failed), len(skipped),
    ]  # fmt: skip
    assert [suite.get("name") for suite in whole] == ["model", "avro", "divolte", "kafka", "druid", "waivers"]


def test_sarif_is_sarif_and_names_the_lines():
    found = json.loads(as_sarif(report(), "1.2"))
    assert list(Draft7Validator(SARIF).iter_errors(found)) == []
    (run,) = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    levels = {one.address: one.effect for one in report().changes}
    for result in run["results"][:-1]:
        effect = levels[result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]]
        expected = "error" if effect in BREAKING else "warning" if effect == "needs-order" else "note"
        assert result["level"] == expected
    (waived,) = [one for one in run["results"] if "suppressions" in one]
    assert waived["ruleId"] == "DKD981"
    assert run["results"][-1]["locations"][0]["physicalLocation"]["region"]["startLine"] == 9


def test_a_fingerprint_does_not_know_the_line():
    moved = OLD.replace("site: shop\n", "site: shop\n\n\n"), NEW.replace("site: shop\n", "site: shop\n\n\n")
    prints = [
        [one["partialFingerprints"] for one in json.loads(as_sarif(Report("", "", found), "1"))["runs"][0]["results"]]
        for found in (changed(OLD, NEW), changed(*moved))
    ]
    assert prints[0] == prints[1]


def test_markdown_opens_with_the_mark_and_the_verdict_and_folds_the_rest():
    lines = as_markdown(report()).splitlines()
    assert lines[0] == MARK
    asked = len(report().open)
    assert lines[1].startswith(f"### dkd diff: {asked} of {len(report().changes)} changes to decide on (")
    shown = "\n".join(lines)
    assert shown.index("#### blocked") < shown.index("#### destructive") < shown.index("<summary>needs-order")
    assert "<summary>waived (1)</summary>" in shown
    assert "<summary>rollout order</summary>" in shown
    assert shown.count("<details>") == shown.count("</details>")


@pytest.mark.parametrize("length", [5, 5_000])
def test_markdown_keeps_the_limit_and_its_tags_closed(length):
    rules = [rule for code, rule in sorted(RULES.items())]
    many = [
        Changed(f"model/shop/{'x' * length}/{seq}", 1, "y" * length, rules[seq % len(rules)]) for seq in range(3000)
    ]
    shown = as_markdown(Report("main", ".", many))
    assert len(shown) <= LIMIT
    assert "More does not fit here" in shown
    assert shown.count("<details>") == shown.count("</details>")
    assert "#### blocked" in shown


def test_markdown_lets_no_text_of_a_model_be_markup():
    waiver = "<script> @everyone [x](y) `z` #1"
    hostile = Changed("model/shop/x", "`a` <b> @c", "```\n|", RULES["DKD937"], waiver="")
    shown = as_markdown(Report("a`b", "c", [hostile, replace(hostile, waiver=waiver)]))
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", shown)
    assert "<b>" not in outside
    assert "<script>" not in outside
    assert "@everyone" not in outside
    assert "@c" not in outside


@given(st.text(max_size=30))
def test_code_is_one_span_that_holds_the_text(value):
    span = code(value)
    fence = re.match(r"`+", span)[0]
    inner = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in re.findall("`+", inner)
    assert value in inner


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_plain_text_has_no_bare_markup(value):
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`*|]", text(value))
    assert "@" not in re.sub("@\u200b", "", text(value))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_fits_into_every_form(before, after):
    one = Changed("model/shop/x", before, after, RULES["DKD937"], waiver="")
    two = replace(one, waiver=before.replace("\x00", "") or "x")
    found = Report("main", ".", [one, two])
    Xml.fromstring(as_junit(found).encode())
    assert list(Draft7Validator(SARIF).iter_errors(json.loads(as_sarif(found, "1")))) == []
    (change, _) = json.loads(as_json(found))["changes"]
    assert (change["before"], change["after"]) == (before, after)
    assert as_markdown(found).startswith(MARK)
    assert "~ model/shop/x" in as_text(found)


def test_each_rule_is_explained_and_the_page_in_docs_holds_them_all():
    from pathlib import Path

    kept = Path(__file__).parents[3] / "docs" / "changes.md"
    assert kept.read_text("utf-8") == page(RULES.values()), "run: dkd diff --explain all > docs/changes.md"
    for one in RULES.values():
        assert one.remedy in explained(one)
