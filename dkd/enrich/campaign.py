"""Campaign parameters of a page's query string become columns."""

from urllib.parse import unquote_plus

import polars as pl

from dkd.enrich.distinct import by_text

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def campaign_of(query: str) -> list[str | None]:
    """Values of :data:`UTM` in *query*, decoded; of a repeated one the first that is not empty.

    Bytes that are not UTF-8 become the replacement character.
    """
    found: dict[str, str] = {}
    for pair in query.split("&"):
        if "utm" in pair and "=" in pair:
            name, _, value = pair.partition("=")
            text = unquote_plus(value).strip()
            if text:
                found.setdefault(unquote_plus(name), text)
    return [found.get(name) for name in UTM]


def add_campaign(batch: pl.DataFrame) -> pl.DataFrame:
    """Campaign columns from ``page_query``; null where it has none."""
    tagged = pl.col("page_query").str.contains("utm", literal=True)
    queries = batch.select(pl.when(tagged).then("page_query")).to_series()
    return by_text(queries, campaign_of, UTM)
