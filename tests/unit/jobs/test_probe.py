"""What Druid says of a record that becomes no row → what is wrong with it, without what stands in it."""

import pytest

from dkd.jobs.probe import Probe, reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Timestamp[bad] is unparseable! Event: {ts=bad, event=pv} (Line: 2)", "Timestamp[…] is unparseable!"),
        ("Unable to parse row [not [json]] into JSON (Line: 5)", "Unable to parse row […] into JSON"),
        ("Unable to parse row [a\nb] (Record: 1)", "Unable to parse row […]"),
    ],
)
def test_an_error_names_no_value(said, told):
    assert reason(said) == told


def test_what_is_wrong_comes_first_and_long_values_are_cut():
    probe = Probe("x", "t", 1, 1, {"a": 1}, {"b": 0}, ({"event": "e" * 100},))
    first, error, empty, row = probe.lines()
    assert (first, error) == ("probe of x: 1 record of t read, 1 would be rows", "    1 record not: a")
    assert empty.endswith(": b")
    assert len(row) < 80
    assert not probe.ok
