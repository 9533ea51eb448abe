"""A model → names of it that change with what it says, and with nothing else."""

import pytest

from dkd.model.digest import digest, dumped, running_digest
from dkd.model.load import load
from dkd.model.schema import Model

TEXT = """\
dkd: 1
site: tiny
events: {page_view: {description: seen}, buy: {fields: {revenue: double, description: string}}}
measures: {views: {count: events}}
topics: {partitions: 2}
"""


def of(text):
    return load(text, "m.yaml")


def test_comments_and_layout_are_not_part_of_it():
    assert digest(of(TEXT)) == digest(of("# a comment\n" + TEXT.replace("{partitions: 2}", "\n  partitions: 2")))


def test_a_dumped_model_loads_as_the_same():
    assert Model.model_validate(dumped(of(TEXT))) == of(TEXT)


@pytest.mark.parametrize(
    ("before", "after"),
    [("count: events", "count_distinct: party_id"), ("partitions: 2", "partitions: 3"), ("seen", "looked at")],
)
def test_what_collectors_and_enrichers_do_not_use_restarts_none_of_them(before, after):
    changed = of(TEXT.replace(before, after))
    assert digest(changed) != digest(of(TEXT))
    assert running_digest(changed) == running_digest(of(TEXT))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("revenue: double", "revenue: long"),
        ("description: string", "remark: string"),
        ("revenue: double, description: string", "description: string, revenue: double"),
        ("site: tiny", "site: tiny\ncollector: {ip: hash}"),
    ],
)
def test_what_they_use_does(before, after):
    assert running_digest(of(TEXT.replace(before, after))) != running_digest(of(TEXT))
