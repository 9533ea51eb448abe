"""What is written for Java is read back by Java's own rules, whatever the project's path holds."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import DkdError
from dkd.local.java import arguments, environment, java, properties

paths = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).filter(
    lambda text: text[0] not in " \t\f"
)


def loaded(text: str) -> dict[str, str]:
    """``java.util.Properties.load`` for one ``name=value`` a line, by its documentation."""
    found = {}
    for line in text.encode("ascii").decode("latin-1").splitlines():
        name, value = line.split("=", 1)
        units = re.sub(r"\\u([0-9a-f]{4})|\\(.)|(.)", _unit, value.lstrip(" \t\f"))
        found[name] = units.encode("utf-16-be", "surrogatepass").decode("utf-16-be")
    return found


def _unit(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2] or found[3]


def read_argument_file(text: str) -> list[str]:
    """An ``@argfile`` of quoted arguments, by the rules of the ``java`` command."""
    return [re.sub(r"\\(.)", r"\1", line[1:-1]) for line in text.splitlines()]


@given(paths)
def test_a_property_is_read_back_as_it_was(value):
    assert loaded(properties({"dir": value})) == {"dir": value}


@given(paths)
def test_an_argument_is_read_back_as_it_was(value):
    if "\u2028" in value or "\u2029" in value or "\x85" in value:
        value = "plain"
    assert read_argument_file(arguments([value], [], ["Main"])) == [value, "-cp", "", "Main"]


def test_the_class_path_is_one_argument(tmp_path):
    jars = [tmp_path / "a b.jar", tmp_path / "c.jar"]
    read = read_argument_file(arguments(["-Xmx1g"], jars, ["Main", "x"]))
    assert read == ["-Xmx1g", "-cp", f"{jars[0]}:{jars[1]}", "Main", "x"]


def test_the_runtime_that_came_with_dkd_is_used(monkeypatch):
    monkeypatch.delenv("DKD_JAVA", raising=False)
    assert java().name == "java"


def test_another_java_may_be_named(monkeypatch):
    monkeypatch.setenv("DKD_JAVA", sys.executable)
    assert str(java()) == sys.executable


def test_a_java_that_is_no_program_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("DKD_JAVA", str(tmp_path / "java"))
    with pytest.raises(DkdError, match="DKD605"):
        java()


def test_options_of_the_users_shell_do_not_reach_the_servers():
    given_there = {"JAVA_TOOL_OPTIONS": "-Xmx9g", "CLASSPATH": "x", "LANG": "C", "PATH": "/bin"}
    found = environment(given_there)
    assert found["PATH"] == "/bin"
    assert not {"JAVA_TOOL_OPTIONS", "CLASSPATH", "LANG"} & set(found)
