"""Findings of a check become JSON, SARIF 2.1.0, JUnit's XML, or annotations of GitHub's actions."""

import json
from collections.abc import Sequence
from typing import Any

from dkd.model.codes import CODES
from dkd.model.found import Found
from dkd.plan.forms.junit import failed, suites_of
from dkd.plan.forms.sarif import placed, whole
from dkd.systems.faults import FAULTS


def as_json(findings: Sequence[Found]) -> str:
    """A list of objects, in the order of the files."""
    return json.dumps([one.as_dict() for one in findings], indent=2) + "\n"


def as_sarif(findings: Sequence[Found], version: str) -> str:
    """One run with a result for each finding; advice is a warning.

    Args:
        findings: In the order of the files.
        version: Of dkd.
    """
    codes = sorted({one.problem.code for one in findings})
    levels = {one.problem.code: _severity(one) for one in findings}
    results = [_result(one, codes.index(one.problem.code)) for one in findings]
    return whole(version, [_rule(code, levels[code]) for code in codes], results)


def as_junit(findings: Sequence[Found], file: str) -> str:
    """Findings are failures, those with a waiver are skipped; one case for *file* where there are none."""
    cases = [
        failed(one.level, f"{one.problem.code} {one.problem.where}", one.problem, one.waiver) for one in findings
    ] or [failed("model", file, None)]
    return suites_of("dkd check", {"dkd check": cases})


def as_github(findings: Sequence[Found]) -> str:
    """A workflow command for each finding, which GitHub shows beside the line.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
    """
    return "".join(_annotation(one) for one in findings if not one.waiver)


def _severity(one: Found) -> str:
    return "error" if one.level == "mistake" else "warning"


def _rule(code: str, level: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": code, "defaultConfiguration": {"level": level}}
    if code in CODES:
        what, why, remedy = CODES[code][2:]
    elif code in FAULTS:
        what, why, remedy = FAULTS[code][1:]
    else:
        return found
    help_text = f"{why} Remedy: {remedy.removesuffix('.')}."
    described = {"shortDescription": what, "fullDescription": why, "help": help_text}
    return found | {key: {"text": text} for key, text in described.items()}


def _result(one: Found, seq: int) -> dict[str, Any]:
    found = placed(one.problem, seq, _severity(one))
    if one.waiver:
        found["suppressions"] = [{"kind": "external", "justification": one.waiver}]
    return found


def _annotation(one: Found) -> str:
    problem = one.problem
    parts = problem.where.rsplit(":", 2)
    place = f"file={_escaped(parts[0])},line={parts[1]},col={parts[2]}," if len(parts) == 3 else ""
    text = f"{problem.problem}; {problem.remedy}" if problem.remedy else problem.problem
    message = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{_severity(one)} {place}title={problem.code}::{message}\n"


def _escaped(value: str) -> str:
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(character, code)
    return value
