"""Events of automated visitors are flagged by their user agent, with the reason."""

from collections.abc import Callable, Collection, Sequence

import polars as pl

from dkd.enrich.agent import cut
from dkd.enrich.distinct import text_by_text

REASONS = ("ua_list", "ua_empty", "ua_generic", "headless")
"""Strongest first: a known crawler or tool; no agent; an agent that names nothing; a browser driven by a program."""

Match = Callable[[str], Collection[str]]
"""The reasons whose patterns an agent matches, in any order."""

_EMPTY = frozenset(("", "-", "null", "undefined", "none", "nil", "(null)", "n/a"))


def reasons_of(agent: str, match: Match) -> str | None:
    """Why *agent* counts as automated, strongest first with commas between; None when it doesn't."""
    if agent.lower() in _EMPTY:
        return "ua_empty"
    found = match(agent)
    return ",".join(reason for reason in REASONS if reason in found) or None


def add_bots(batch: pl.DataFrame, match: Match, allow: Sequence[str] = ()) -> pl.DataFrame:
    """``is_bot`` and ``bot_reason`` of each event.

    An event without agent is automated when it came with an address, as every request of a browser does; a server
    that sends neither for a visitor has said nothing about it.

    Args:
        batch: ``user_agent`` and ``ip``.
        match: Reasons of one agent.
        allow: Agents that contain one of these texts, in any case, are never flagged.
    """
    allowed = [text.lower() for text in allow]

    def reason_of(agent: str) -> str | None:
        known = any(text in agent.lower() for text in allowed)
        return None if known else reasons_of(agent, match)

    agents = cut(batch["user_agent"])
    reason = text_by_text(agents, reason_of)
    missing = pl.lit(agents.is_null() & batch["ip"].is_not_null())
    flagged = pl.select(pl.when(missing).then(pl.lit("ua_empty")).otherwise(pl.lit(reason)).alias("bot_reason"))
    return flagged.select(pl.col("bot_reason").is_not_null().alias("is_bot"), "bot_reason")
