"""The last lines of a log, and those that are added."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.local.logs import follow, last_lines


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("logs") / "druid.log"


@settings(max_examples=60)
@given(
    lines=st.lists(st.text("abc é", max_size=9) | st.just("x" * 70_000), max_size=12),
    count=st.integers(0, 14),
    ends=st.booleans(),
)
def test_the_last_lines_are_those_of_the_whole_file(log, lines, count, ends):
    text = "\n".join(lines) + ("\n" if ends and lines else "")
    log.write_text(text, "utf-8")
    assert last_lines(log, count) == (text.splitlines()[-count:] if count else [])


def test_a_log_that_is_not_there_has_no_lines(tmp_path):
    assert last_lines(tmp_path / "none.log", 5) == []


def test_added_lines_are_seen_once_even_after_the_log_was_set_aside(tmp_path):
    log = tmp_path / "druid.log"
    log.write_text("old\n")
    lines = follow([log])
    with log.open("a") as file:
        file.write("one\ntwo\nhal")
    seen = [next(lines)[1], next(lines)[1]]
    with log.open("a") as file:
        file.write("f\n")
    seen.append(next(lines)[1])
    log.rename(tmp_path / "druid.log.1")
    log.write_text("new\n")
    seen.append(next(lines)[1])
    assert seen == ["one", "two", "half", "new"]
