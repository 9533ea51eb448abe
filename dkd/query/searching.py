"""A regular expression that somebody types → whether Druid finds the same with it everywhere, and soon."""

import re

from dkd.model.pattern import compiled

_PIECE = re.compile(
    r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\((?:\?:)?|[)|]|(?P<repeat>[*+?]|\{(?P<least>\d+)(?P<more>,(?P<most>\d*))?\})\??|.",
    re.DOTALL,
)
_ENDLESS = 200.0
"""Ways in which an endless repeat can end, for a text of the usual length."""
_MOST_WAYS = 1e8


def require_searchable(pattern: str) -> None:
    """Nothing, when Druid can search texts for *pattern*.

    Java tries one way to fit a pattern after another and cannot be stopped meanwhile, so a pattern that can fit a text
    in very many ways would hold one of Druid's threads for minutes or for ever.

    Raises:
        ValueError: When Java and Python do not read it alike, or it can fit in too many ways; its text says why.
    """
    compiled(pattern)
    if _ways(pattern) > _MOST_WAYS:
        raise ValueError(
            "a search for it may take Druid for ever: repeat no repeats and no alternatives, "
            "and leave out all but three of the endless repeats"
        )


def _ways(pattern: str) -> float:
    """In how many ways at most a text can be tried; infinite where a repeat holds what has several ways itself."""
    # Of each group that is open: the ways of its finished alternatives, of this one, and of this one's last piece.
    open_groups = [[0.0, 1.0, 1.0]]
    for found in _PIECE.finditer(pattern):
        group, piece = open_groups[-1], found[0]
        if found["repeat"]:
            group[2] = _repeated(group[2], found)
        elif piece.startswith("("):
            open_groups.append([0.0, 1.0, 1.0])
        elif piece == ")" and len(open_groups) > 1:
            finished, current, last = open_groups.pop()
            group = open_groups[-1]
            group[1], group[2] = group[1] * group[2], finished + current * last
        elif piece == "|":
            group[0], group[1], group[2] = group[0] + group[1] * group[2], 1.0, 1.0
        else:
            group[1], group[2] = group[1] * group[2], 1.0
    finished, current, last = open_groups[0]
    return finished + current * last


def _repeated(ways: float, found: re.Match[str]) -> float:
    sign = found["repeat"]
    if sign == "?":
        return ways + 1
    is_counted = sign.startswith("{")
    least = int(found["least"]) if is_counted else int(sign == "+")
    most = (int(found["most"]) if found["most"] else None if found["more"] else least) if is_counted else None
    if ways > 1 and (most is None or most > 20):
        return float("inf")
    return _ENDLESS if most is None else (most - least + 1) * ways**most
