"""What is said of one kind of finding, as data."""

from typing import Literal, NamedTuple

Level = Literal["mistake", "advice"]


class Code(NamedTuple):
    """One kind of finding.

    Attributes:
        code: ``DKD`` and three digits; never given to another kind.
        level: A mistake makes the model unusable; advice is about a model that works.
        what: The finding, in one clause.
        why: The fact behind it.
        remedy: What to do.
    """

    code: str
    level: Level
    what: str
    why: str
    remedy: str
