"""Campaign parameters of a page's query string, and ids of clicks on advertisements, become columns."""

from typing import NamedTuple
from urllib.parse import unquote_plus

import polars as pl

from dkd.enrich.distinct import by_text

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

CLICK = ("click_id", "click_network")


class Network(NamedTuple):
    """Who numbers clicks by one parameter.

    Attributes:
        name: Such as google.
        source: What ``utm_source`` and ``utm_medium`` become where both are absent; empty where the parameter also
            stands in links that nobody paid for.
        medium: Of the same.
    """

    name: str
    source: str = ""
    medium: str = ""


# Written from general knowledge, not checked against each network's own pages. Auto-tagged clicks of Google Ads count
# as google / cpc and Campaign Manager's as dfa / cpm in Google Analytics; fbclid, igshid, epik and srsltid stand in
# links of plain posts and results too.
NETWORKS: dict[str, Network] = {
    "gclid": Network("google", "google", "cpc"),
    "gbraid": Network("google", "google", "cpc"),
    "wbraid": Network("google", "google", "cpc"),
    "dclid": Network("google", "dfa", "cpm"),
    "msclkid": Network("microsoft", "bing", "cpc"),
    "ttclid": Network("tiktok", "tiktok", "cpc"),
    "twclid": Network("twitter", "twitter", "cpc"),
    "li_fat_id": Network("linkedin", "linkedin", "cpc"),
    "ScCid": Network("snapchat", "snapchat", "cpc"),
    "rdt_cid": Network("reddit", "reddit", "cpc"),
    "yclid": Network("yandex", "yandex", "cpc"),
    "qclid": Network("quora", "quora", "cpc"),
    "fbclid": Network("meta"),
    "igshid": Network("meta"),
    "epik": Network("pinterest"),
    "srsltid": Network("google"),
}
"""By parameter; of several in one address the first of this order counts. Parameters differ by case."""

_NAMES = frozenset((*UTM, *NETWORKS))
_LONGEST = 200
"""No name that counts is longer, even where each of its letters is written as %XX."""


def campaign_of(query: str) -> list[str | None]:
    """Values of :data:`UTM` in *query*, decoded, then of :data:`CLICK`; of a repeated one the first that is not empty.

    A paid click without ``utm_source`` and ``utm_medium`` has those of its network. Bytes that are not UTF-8 become the
    replacement character.
    """
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = unquote_plus(name) if "%" in name and len(name) <= _LONGEST else name
        if name in _NAMES and name not in found:
            text = unquote_plus(value).strip()
            if text:
                found[name] = text
    parameter = next((name for name in NETWORKS if name in found), None)
    network = NETWORKS[parameter] if parameter else Network("")
    if network.source and not found.keys() & {"utm_source", "utm_medium"}:
        found |= {"utm_source": network.source, "utm_medium": network.medium}
    return [*map(found.get, UTM), found[parameter] if parameter else None, network.name or None]


def add_campaign(batch: pl.DataFrame, click_ids: bool = False) -> pl.DataFrame:
    """Campaign columns from ``page_query``; null where it has none.

    Args:
        batch: Has ``page_query``.
        click_ids: Whether :data:`CLICK` are added too.
    """
    found = by_text(batch["page_query"], campaign_of, (*UTM, *CLICK))
    return found if click_ids else found.drop(CLICK)
