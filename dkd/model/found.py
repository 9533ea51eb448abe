"""What a check of a file found: a mistake or a piece of advice, each at its place."""

from dataclasses import dataclass

from dkd.errors import Problem
from dkd.model.code import Level
from dkd.model.codes import CODES


@dataclass(frozen=True)
class Found:
    """One finding.

    Attributes:
        problem: Where, what and what to do.
        address: What it is about, such as ``fields.email``, by which a waiver names it; empty for a mistake, which no
            waiver opens.
        waiver: Why it may stay, and until when; empty when nobody said so.
    """

    problem: Problem
    address: str = ""
    waiver: str = ""

    @property
    def level(self) -> Level:
        """Whether it is a mistake or advice."""
        known = CODES.get(self.problem.code)
        return known.level if known else "mistake"

    def line(self) -> str:
        """The finding as one line of text, for people."""
        if self.level == "mistake":
            return self.problem.line()
        end = f" (waived: {self.waiver})" if self.waiver else ""
        return f"advice: {self.problem.line().removesuffix(']')} at {self.address}]{end}"

    def as_dict(self) -> dict[str, str]:
        """The finding as plain values."""
        return {**self.problem.as_dict(), "level": self.level, "address": self.address, "waiver": self.waiver}
