"""Where a visitor came from gets a name: medium and source of the referrer, and the channel group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from dkd.enrich.channel import Tag, of_campaign, of_site
from dkd.enrich.distinct import by_text, text_by_text
from dkd.enrich.url import parts

_SEPARATOR = "\x1f"
_TAG = ("utm_source", "utm_medium", "utm_campaign")
_MEDIUM_OF = {"video": "social", "shopping": "unknown"}
_MAX_LABELS = 8
_COUNTRY_LETTERS = 3


class Site(NamedTuple):
    """A known site.

    Attributes:
        kind: search, social, video, shopping, email or unknown. Only channels tell video and shopping apart;
            ``referrer_medium`` has the words search, social, email, internal, unknown.
        name: Such as Google.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Sites:
    """Known sites by host; a host ``google.*`` stands for every country's domain, and for hosts below it."""

    by_host: Mapping[str, Site]
    by_name: Mapping[str, Site]

    def at(self, host: str) -> Site | None:
        """The site of *host*, by the longest known host that it equals or lies below; None when it is not known."""
        labels = host.lower().rstrip(".").split(".")[-_MAX_LABELS:]
        for start in range(len(labels)):
            rest = labels[start:]
            for name in (".".join(rest), *_wildcards(rest)):
                if name in self.by_host:
                    return self.by_host[name]
        return None

    def called(self, source: str) -> Site | None:
        """The site that a campaign's source means: its name, or one of its hosts."""
        return self.by_name.get(source.lower()) or self.at(source)


def _wildcards(labels: list[str]) -> list[str]:
    """``mail.google.*`` for mail.google.com and mail.google.co.uk: one or two short labels stand for the country."""
    return [
        ".".join([*labels[:-size], "*"])
        for size in (1, 2)
        if size < len(labels) and all(len(label) <= _COUNTRY_LETTERS for label in labels[-size:])
    ]


def add_referrer(batch: pl.DataFrame, sites: Sites, own_domain: str | None = None) -> pl.DataFrame:
    """Medium and source of ``referrer_url``, and the channel.

    Args:
        batch: ``referrer_url``, ``page_host`` and the ``utm_*`` columns.
        sites: Known sites.
        own_domain: Referrers at or below it are internal too.

    Returns:
        ``referrer_medium`` is ``internal`` for the page's own host (with or without ``www.``), ``unknown`` for a site
        that is not known; ``referrer_source`` is the site's name, else its host. Both are null without a referrer.
        ``channel`` is that of the campaign where there is one, else of the referrer; null where there is neither, or
        the referrer is internal, which is no arrival.
    """
    host = _hosts(batch["referrer_url"])
    known = by_text(host, lambda text: sites.at(text) or (None, None), ("kind", "name"))
    found = batch.select("page_host", *_TAG).hstack(known).with_columns(host.alias("host"))
    found = found.with_columns(_is_internal(own_domain).alias("internal"))
    channel = text_by_text(_evidence(found), lambda text: _channel(text, sites))
    medium = pl.when("internal").then(pl.lit("internal")).otherwise(pl.col("kind").replace(_MEDIUM_OF))
    return found.select(
        pl.when(pl.col("host").is_not_null()).then(medium.fill_null("unknown")).alias("referrer_medium"),
        pl.when("internal").then("host").otherwise(pl.coalesce("name", "host")).alias("referrer_source"),
        channel.alias("channel"),
    )


def _hosts(addresses: pl.Series) -> pl.Series:
    """Host of each address; most events of a page repeat their referrer."""
    asked = addresses.drop_nulls().unique().alias("address")
    table = asked.to_frame().with_columns(parts(asked)["host"])
    return addresses.alias("address").to_frame().join(table, on="address", how="left", maintain_order="left")["host"]


def _is_internal(own_domain: str | None) -> pl.Expr:
    host, own = pl.col("host"), (own_domain or "").lstrip(".").lower()
    below = (host == own) | host.str.ends_with(f".{own}") if own else pl.lit(False)
    return (_bare("host") == _bare("page_host")).fill_null(False) | below.fill_null(False)


def _bare(name: str) -> pl.Expr:
    return pl.col(name).str.strip_prefix("www.")


def _evidence(found: pl.DataFrame) -> pl.Series:
    """What the channel of each event depends on, as one text; null where there is no channel to find."""
    tagged = pl.col("utm_source").is_not_null() | pl.col("utm_medium").is_not_null()
    tag = pl.concat_str([pl.lit("tag"), *(pl.col(name).fill_null("") for name in _TAG)], separator=_SEPARATOR)
    site = pl.concat_str(pl.lit("site"), pl.col("kind").fill_null("unknown"), separator=_SEPARATOR)
    arrived = pl.col("host").is_not_null() & ~pl.col("internal")
    return found.select(pl.when(tagged).then(tag).when(arrived).then(site)).to_series()


def _channel(evidence: str, sites: Sites) -> str:
    form, *values = evidence.split(_SEPARATOR, len(_TAG))
    if form == "site":
        return of_site(values[0])
    source, medium, campaign = values
    site = sites.called(source) if source else None
    return of_campaign(Tag(source.lower(), medium.lower(), campaign.lower(), site.kind if site else ""))
