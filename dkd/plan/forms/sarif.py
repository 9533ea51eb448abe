"""A report becomes SARIF 2.1.0, which code hosts show beside the lines of a change."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dkd.errors import Problem
from dkd.plan.diff import Changed
from dkd.plan.forms.report import Report, before_and_after
from dkd.systems.classes import BREAKING, ChangeClass
from dkd.systems.rules import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LONGEST = 1_000


def as_sarif(report: Report, version: str) -> str:
    """One run with a result for each change and for each mistake of a waiver.

    Args:
        report: What was found.
        version: Of dkd.
    """
    rules = sorted({change.rule.code: change.rule for change in report.changes}.values())
    codes = [*(rule.code for rule in rules), *sorted({mistake.code for mistake in report.mistakes})]
    driver = {
        "name": "dkd",
        "version": version,
        "rules": [*map(_rule, rules), *({"id": code, **_level("error")} for code in codes[len(rules) :])],
    }
    results = [_result(one, codes) for one in report.changes] + [_mistake(one, codes) for one in report.mistakes]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


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


def _mistake(mistake: Problem, codes: Sequence[str]) -> dict[str, Any]:
    file, line, column = mistake.where.rsplit(":", 2)
    region = _region(int(line), int(column), int(column) + 1)
    return {
        "ruleId": mistake.code,
        "ruleIndex": codes.index(mistake.code),
        "level": "error",
        "message": {"text": f"{mistake.problem}; {mistake.remedy}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": region}}],
        "partialFingerprints": {"dkd/v1": _fingerprint(mistake.code, mistake.problem)},
    }


def _region(line: int, column: int, end_column: int) -> dict[str, int]:
    return {"startLine": line, "startColumn": column, "endLine": line, "endColumn": end_column}


def _uri(file: str) -> str:
    """A file's path without the git ref before it."""
    path = quote(file.rpartition(":")[2])
    return f"file://{path}" if path.startswith("/") else path


def _fingerprint(code: str, place: str) -> str:
    """The same for the same finding wherever it stands in the file."""
    return hashlib.sha256(f"{code} {place}".encode()).hexdigest()[:32]
