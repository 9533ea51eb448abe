"""A rule becomes its explanation; all rules become the page that lists them."""

from collections.abc import Iterable

from dkd.systems.classes import BREAKING
from dkd.systems.rules import Rule

_HEAD = """\
# What a change does

`dkd diff` gives each change one of these rules; `dkd diff --explain CODE` prints one of them, `--explain all` all.
Classes marked with * fail `--fail-on breaking`, unless a waiver in the model lets the change pass for a while; what is
*blocked* has no waiver.
"""


def explained(rule: Rule) -> str:
    """One rule for people at a terminal."""
    lines = [f"{rule.code}  {rule.what}", f"class:  {rule.effect}", f"why:    {rule.why}", f"remedy: {rule.remedy}"]
    lines += [f"order:  {' > '.join(rule.steps)}"] if rule.steps else []
    return "\n".join([*lines, f"how:    {rule.mode}"]) + "\n"


def page(rules: Iterable[Rule]) -> str:
    """The Markdown page of all rules, by code."""
    return _HEAD + "".join(map(_section, sorted(rules)))


def _section(rule: Rule) -> str:
    order = f"\n\nOrder: {' → '.join(rule.steps)}." if rule.steps else ""
    star = "*" if rule.effect in BREAKING else ""
    how = "" if rule.mode == "in-place" else f", applied by {rule.mode}"
    return f"\n## {rule.code}: {rule.what}\n\n_{rule.effect}_{star}{how}. {rule.why} Remedy: {rule.remedy}.{order}\n"
