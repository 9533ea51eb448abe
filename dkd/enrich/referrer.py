"""Where a visitor came from gets a name: medium and source of the referrer, and the channel group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from dkd.enrich.channel import Tag, of_campaign, of_site
from dkd.enrich.distinct import text_by_text
from dkd.enrich.url import first_value, parts

_SEPARATOR = "\x1f"
_TAG = ("utm_source", "utm_medium", "utm_campaign")
_MEDIUM_OF = {"video": "social", "shopping": "unknown"}
_TERMS = ("q", "query", "text", "wd", "word", "searchfor", "search_query", "kw", "keyword", "keywords", "p", "k")
"""How search engines call what was searched; a name that also counts pages comes late."""
_MAX_LABELS = 8
_COUNTRY_LETTERS = 3


class Site(NamedTuple):
    """A known site.

    Attributes:
        kind: search, social, video, shopping, email, paid or unknown. Only channels tell video and shopping apart;
            ``referrer_medium`` has the words search, social, email, paid, internal, unknown.
        name: Such as Google.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Sites:
    """Known sites by host; a host ``google.*`` stands for every country's domain, and for hosts below it."""

    by_host: Mapping[str, Site]
    by_name: Mapping[str, Site]

    def at(self, host: str, folder: str = "") -> Site | None:
        """The site of *host*, by the longest known host that it equals or lies below; None when it is not known.

        A key ``bing.com/images`` is that host with the first part of a path, and comes before the host alone.
        """
        labels = host.lower().rstrip(".").split(".")[-_MAX_LABELS:]
        for start in range(len(labels)):
            rest = labels[start:]
            for name in (".".join(rest), *_wildcards(rest)):
                for key in (f"{name}/{folder}", name):
                    if key in self.by_host:
                        return self.by_host[key]
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


def add_referrer(batch: pl.DataFrame, sites: Sites, own_domain: str | None = None, term: bool = False) -> pl.DataFrame:
    """Medium and source of ``referrer_url``, and the channel.

    Args:
        batch: ``referrer_url``, ``page_host`` and the ``utm_*`` columns.
        sites: Known sites.
        own_domain: Referrers at or below it are internal too.
        term: Whether ``referrer_term`` is added: what was searched, where the referrer is a search engine that tells.

    Returns:
        ``referrer_medium`` is ``internal`` for the page's own host (with or without ``www.``), ``unknown`` for a site
        that is not known; ``referrer_source`` is the site's name, else its host. Both are null without a referrer.
        ``channel`` is that of the campaign where there is one, else of the referrer; null where there is neither, or
        the referrer is internal, which is no arrival.
    """
    found = batch.select("page_host", *_TAG).hstack(_known(batch["referrer_url"], sites))
    found = found.with_columns(_is_internal(own_domain).alias("internal"))
    channel = text_by_text(_evidence(found), lambda text: _channel(text, sites))
    medium = pl.when("internal").then(pl.lit("internal")).otherwise(pl.col("kind").replace(_MEDIUM_OF))
    added = found.select(
        pl.when(pl.col("host").is_not_null()).then(medium.fill_null("unknown")).alias("referrer_medium"),
        pl.when("internal").then("host").otherwise(pl.coalesce("name", "host")).alias("referrer_source"),
        channel.alias("channel"),
        pl.when(~pl.col("internal")).then("term").alias("referrer_term"),
    )
    return added if term else added.drop("referrer_term")


def _known(addresses: pl.Series, sites: Sites) -> pl.DataFrame:
    """``host``, ``kind``, ``name`` and ``term`` of each address; most events of a page repeat their referrer."""
    asked = addresses.drop_nulls().unique().alias("address")
    split = parts(asked)
    rows = [_of(host, path, query, sites) for host, path, query in split.iter_rows()]
    names = ("kind", "name", "term")
    answers = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    table = pl.DataFrame([asked, split["host"], *answers.get_columns()])
    return (
        addresses.alias("address")
        .to_frame()
        .join(table, on="address", how="left", maintain_order="left")
        .drop("address")
    )


def _of(host: str | None, path: str | None, query: str | None, sites: Sites) -> tuple[str | None, ...]:
    site = sites.at(host, (path or "")[1:].partition("/")[0]) if host else None
    if site is None:
        return (None, None, None)
    return (site.kind, site.name, first_value(query, _TERMS) if query and site.kind == "search" else None)


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
