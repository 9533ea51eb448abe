"""Gestures on the line of trust and on what is kept: whose events are counted, and saved segments."""

from collections.abc import Mapping
from typing import Any

from dkd.explore.edit import asked
from dkd.explore.trust import BOTS_ONLY
from dkd.explore.view import View


def who(view: View, gesture: Mapping[str, Any]) -> View:
    """Count ``people``, ``bots`` alone, or ``all``; bots alone are all with a filter."""
    with_bots = {"people": False, "bots": True, "all": True}[gesture["who"]]
    rest = tuple(one for one in view.question.filters if one != BOTS_ONLY)
    return asked(view, filters=(*rest, BOTS_ONLY) if gesture["who"] == "bots" else rest, with_bots=with_bots)
