"""Where fastavro and Java disagree on a schema, dkd takes the side of whoever refuses or changes more."""

import pytest
from avro_cases import Case, cases, fastavro_reads, verdict

HARMLESS = ("safe", "additive")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_verdict_is_as_reviewed_and_fastavro_as_measured(case: Case):
    assert verdict(case.writer, case.reader) == case.dkd
    assert fastavro_reads(case.writer, case.reader, case.body) == case.fastavro


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_verdict_is_harmless_where_any_implementation_fails_or_they_differ(case: Case):
    troubled = {"refused", "fails"} & {case.java, case.fastavro} or case.checker == "incompatible"
    differ = case.java.replace(" ", "") != case.fastavro.replace(" ", "")
    if troubled or differ:
        assert not case.dkd.startswith(HARMLESS), case


def test_the_cases_hold_each_known_disagreement():
    found = cases()
    assert len(found) >= 34
    assert sum(one.java == "refused" and one.fastavro != "refused" for one in found) >= 2
    assert sum(one.checker == "compatible" and one.java in ("refused", "fails") for one in found) >= 4
    assert sum(one.checker == "incompatible" and one.java not in ("refused", "fails") for one in found) >= 3
