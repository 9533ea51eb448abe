"""A journal → a section of the status: the last deploy or destroy, what is left of it, and those before."""

from dataclasses import replace

from dkd.jobs.deployed import section
from dkd.plan.journal import Deploy, Journal

DEPLOY = Deploy("d1", "prod", "m1", "me@here", "0.1", "t0", ("kafka/topic/a", "druid/supervisor/b"))


def test_one_that_came_to_its_end_is_a_line_and_those_before_are_for_programs():
    before = replace(DEPLOY, id="d0", finalised="")
    found = section(Journal(deploy=replace(DEPLOY, finalised="t9"), past=(before,)))
    assert found.lines == ("", "deploy d1: model m1, 2 steps, by me@here, t9")
    assert found.ok
    assert [(one["id"], one["finalised"], one["steps"]) for one in found.values["history"]] == [("d0", "", 2)]


def test_one_that_nobody_is_at_is_not_well_and_names_the_command_that_goes_on():
    found = section(Journal(deploy=DEPLOY))
    assert not found.ok
    assert found.lines[1].endswith("kafka/topic/a, druid/supervisor/b to do; nobody is at it; dkd deploy goes on")
    destroyed = section(Journal(deploy=replace(DEPLOY, operation="destroy")))
    assert destroyed.lines[1].startswith("destroy d1 by me@here")
    assert destroyed.lines[1].endswith("dkd destroy --include-data goes on")
    kept = section(Journal(deploy=replace(DEPLOY, operation="destroy", steps=("druid/supervisor/b",))))
    assert kept.lines[1].endswith("dkd destroy goes on")
