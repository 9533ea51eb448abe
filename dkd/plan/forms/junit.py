"""A report becomes JUnit's XML: a suite for each system, a case for each change."""

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as Xml

from dkd.errors import Problem
from dkd.plan.diff import Changed
from dkd.plan.forms.report import Report, before_and_after
from dkd.systems.classes import BREAKING

_LONGEST = 1_000


def as_junit(report: Report) -> str:
    """Unsafe changes are failures, waived ones are skipped, all others pass."""
    systems = dict.fromkeys(change.system for change in report.changes)
    suites = {name: [_case(one) for one in report.changes if one.system == name] for name in systems}
    if report.mistakes:
        suites["waivers"] = [failed("waivers", f"{one.code} {one.where}", one) for one in report.mistakes]
    return suites_of("dkd diff", suites)


def suites_of(name: str, suites: Mapping[str, Iterable[Xml.Element]]) -> str:
    """The text of *suites*, each a name and its cases."""
    whole = _added("testsuites", [_suite(one, cases) for one, cases in suites.items()], name=name)
    Xml.indent(whole)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(whole, encoding="unicode") + "\n"


def failed(group: str, name: str, problem: Problem | None, waiver: str = "") -> Xml.Element:
    """A case that failed for *problem*, or was skipped for a waiver's reason; without a problem it passed."""
    found = Xml.Element("testcase", {"classname": group, "name": _allowed(name)})
    if waiver:
        Xml.SubElement(found, "skipped", {"message": _allowed(waiver)})
    elif problem is not None:
        failure = Xml.SubElement(found, "failure", {"type": problem.code, "message": _allowed(problem.problem)})
        failure.text = _allowed(problem.line())
    return found


def _suite(name: str, cases: Iterable[Xml.Element]) -> Xml.Element:
    return _added("testsuite", list(cases), name=name)


def _added(tag: str, inner: list[Xml.Element], name: str) -> Xml.Element:
    counts = {
        "tests": sum(1 for part in inner for _ in part.iter("testcase")),
        "failures": sum(1 for part in inner for _ in part.iter("failure")),
        "skipped": sum(1 for part in inner for _ in part.iter("skipped")),
        "errors": 0,
    }
    found = Xml.Element(tag, {"name": name, **{key: str(count) for key, count in counts.items()}})
    found.extend(inner)
    return found


def _case(change: Changed) -> Xml.Element:
    rule = change.rule
    found = Xml.Element("testcase", {"classname": change.system, "name": f"{rule.code} {change.address}"})
    if change.waiver:
        Xml.SubElement(found, "skipped", {"message": _allowed(change.waiver)})
    elif rule.effect in BREAKING:
        failure = Xml.SubElement(found, "failure", {"type": rule.code, "message": f"{rule.effect}: {rule.what}"})
        before, after = before_and_after(change, _LONGEST)
        remedy = " ".join(part for part in (change.note, rule.remedy) if part)
        failure.text = _allowed(f"{change.spot or ''}\n{before} -> {after}\n{rule.why}\nremedy: {remedy}\n")
    return found


def _allowed(text: str) -> str:
    """*text* without the characters that XML has no form for (https://www.w3.org/TR/xml/#charsets)."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
