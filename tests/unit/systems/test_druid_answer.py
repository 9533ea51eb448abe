"""Druid's refusals, as recorded from Druid 33.0.0, become one line each."""

import pytest

from dkd.systems.druid.answer import LONGEST, reason

CHAIN = (
    "Cannot construct instance of `org.apache.druid.X`, problem: timestampSpec\n at [Source: (org.eclipse.HttpInput); "
    'line: 1, column: 9] (through reference chain: org.apache.druid.Y["spec"])'
)


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (404, "Cannot find any supervisor with id: [x]", "Cannot find any supervisor with id: [x]"),
        (400, '{"error":"[x] is already suspended"}', "[x] is already suspended"),
        (400, '{"error":"druidException","errorMessage":"No\\nway"}', "No way"),
        (500, "<html><head><title>Error 500</title></head><body>x</body></html>", "Error 500"),
        (
            500,
            "<html><title>Error 500 java.lang.NPE</title><tr><th>MESSAGE:</th><td>a &lt;b&gt;</td></tr></html>",
            "Error 500 java.lang.NPE a <b>",
        ),
        (415, "", "HTTP 415 without a word"),
        (400, "[1]", "[1]"),
    ],
)
def test_every_shape_of_answer_is_one_line(status, body, line):
    assert reason(status, body) == line


def test_the_path_through_druids_own_classes_is_left_out():
    import json

    found = reason(400, json.dumps({"error": CHAIN}))
    assert found == "Cannot construct instance of `org.apache.druid.X`, problem: timestampSpec"


def test_a_long_answer_is_cut():
    assert len(reason(400, "x" * 5_000)) == LONGEST
