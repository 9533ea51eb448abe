"""A report becomes SARIF 2.1.0, which code hosts show beside the lines of a change."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dkd.errors import Problem
from dkd.plan.diff import Changed
from dkd.plan.forms.report import Report, before_and_after
from dkd.systems.classes import BREAKING, ChangeClass
from dkd.systems.rules import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LONGEST = 1_000
_PLACE = re.compile(r"(?P<file>.*):(?P<line>\d+):(?P<column>\d+)", re.DOTALL)


def as_sarif(report: Report, version: str) -> str:
    """One run with a result for each change and for each mistake of a waiver.

    Args:
        report: What was found.
        version: Of dkd.
    """
    rules = sorted({change.rule.code: change.rule for change in report.changes}.values())
    codes = [*(rule.code for rule in rules), *sorted({mistake.code for mistake in report.mistakes})]
    told = [*map(_rule, rules), *({"id": code, **_level("error")} for code in codes[len(rules) :])]
    results = [_result(one, codes) for one in report.changes]
    results += [placed(one, codes.index(one.code), "error") for one in report.mistakes]
    return whole(version, told, results)


def whole(version: str, rules: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> str:
    """The text of one run.

    Args:
        version: Of dkd.
        rules: What each result's ``ruleIndex`` counts.
        results: In the order in which they are shown.
    """
    driver = {"name": "dkd", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def placed(problem: Problem, rule_seq: int, level: str) -> dict[str, Any]:
    """The result for *problem*, at its line where it has one; *rule_seq* counts its rule from 0."""
    place = _PLACE.fullmatch(problem.where)
    uri = _uri(place["file"] if place else problem.where)
    line, column = (int(place["line"]), int(place["column"])) if place else (1, 1)
    physical = {"artifactLocation": {"uri": uri}, "region": _region(line, column, column + 1)}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule_seq,
        "level": level,
        "message": {"text": f"{problem.problem}; {problem.remedy}" if problem.remedy else problem.problem},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"dkd/v1": _fingerprint(problem.code, problem.problem)},
    }


def _level(level: str) -> dict[str, Any]:
    return {"defaultConfiguration": {"level": level}}


def _severity(effect: ChangeClass) -> str:
    return "error" if effect in BREAKING else "warning" if effect == "needs-order" else "note"


def _rule(rule: Rule) -> dict[str, Any]:
    order = f" Order: {', then '.join(rule.steps)}." if rule.steps else ""
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why} Remedy: {rule.remedy}.{order}"},
        **_level(_severity(rule.effect)),
        "properties": {"class": rule.effect},
    }


def _result(change: Changed, codes: Sequence[str]) -> dict[str, Any]:
    rule = change.rule
    before, after = before_and_after(change, _LONGEST)
    note = f" {change.note}" if change.note else ""
    spot = change.spot
    region = spot and _region(spot.line, spot.column, spot.end_column)
    logical = {"logicalLocations": [{"fullyQualifiedName": change.address}]}
    physical = {"physicalLocation": {"artifactLocation": {"uri": _uri(spot.file)}, "region": region}} if spot else {}
    found = {
        "ruleId": rule.code,
        "ruleIndex": codes.index(rule.code),
        "level": _severity(rule.effect),
        "message": {"text": f"{change.address}: {before} -> {after}: {rule.what} ({rule.effect}).{note}"},
        "locations": [{**physical, **logical}],
        "partialFingerprints": {"dkd/v1": _fingerprint(rule.code, change.address)},
        "properties": {"class": rule.effect},
    }
    if change.waiver:
        found["suppressions"] = [{"kind": "external", "justification": change.waiver}]
    return found


def _region(line: int, column: int, end_column: int) -> dict[str, int]:
    return {"startLine": line, "startColumn": column, "endLine": line, "endColumn": end_column}


def _uri(file: str) -> str:
    """A file's path without the git ref before it."""
    path = quote(file.rpartition(":")[2])
    return f"file://{path}" if path.startswith("/") else path


def _fingerprint(code: str, place: str) -> str:
    """The same for the same finding wherever it stands in the file."""
    return hashlib.sha256(f"{code} {place}".encode()).hexdigest()[:32]
