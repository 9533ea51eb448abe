"""How the model writes where a field's value comes from: steps that are tried in turn, and conditions on sources."""

from typing import Literal

from pydantic import Field as Option

from dkd.model.types import Frozen

Literals = str | int | float | bool
"""A value that stands in the model itself."""


class Condition(Frozen):
    """True or false of one event: a test of a source, or conditions put together.

    It is neither where what it tests is absent; ``equals``, ``is`` and ``same_as`` always know.
    """

    source: str | None = Option(None, description="what is tested, written as in from")
    is_: Literal["present", "absent"] | None = Option(None, alias="is", description="whether the source has a value")
    equals: Literals | None = Option(None, description="the one value that the source must have")
    matches: str | None = Option(None, description="a regular expression for the source's whole text")
    same_as: str | None = Option(None, description="another source that must have the same value; two absent ones do")
    not_: "Condition | None" = Option(None, alias="not", description="the opposite of this condition")
    all: tuple["Condition", ...] | None = Option(None, description="each of these conditions holds")
    any: tuple["Condition", ...] | None = Option(None, description="at least one of these conditions holds")


class Step(Frozen):
    """One way to a field's value: exactly one of source, value and test."""

    source: str | None = Option(
        None, description="such as parameter NAME, path $.a[*].b, query NAME, cookie NAME, header NAME, location path"
    )
    value: Literals | None = Option(None, description="this very value")
    test: Condition | None = Option(None, description="whether a condition holds; for a boolean field")
    match: str | None = Option(
        None, description="a regular expression for the source's whole text; a boolean field then says whether it fits"
    )
    group: int | str | None = Option(
        None, description="the group of match that is the value, by number or name; default: the first"
    )
    geo: str | None = Option(None, description="what is known of the place of the IPv4 address in the source's text")
    when: Condition | None = Option(None, description="the step counts only where this holds")
