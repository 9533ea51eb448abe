"""The address of a page becomes its host, path and query."""

import polars as pl

# One way only to match at each character: RE2-like engines then find the groups four times faster.
_TAIL = r"(?:\?([^#]*))?(?:#.*)?$"
_ABSOLUTE = r"(?s)^[A-Za-z][A-Za-z0-9+.\-]*://([^/?#\\]*)([/\\][^?#]*)?" + _TAIL
_RELATIVE = r"(?s)^()([/\\][^?#]*)?" + _TAIL
_HOST = r"^(?:.*@)?(\[[0-9A-Fa-f:.]+\]|[^\s:<>\"\[\]@]+)(?::[0-9]*)?$"


def parts(addresses: pl.Series) -> pl.DataFrame:
    """Host, path and query of each address, whatever its scheme.

    Args:
        addresses: URLs, or paths that begin with ``/`` as web server logs hold them; anything else, such as
            ``about:blank``, has no parts.

    Returns:
        Columns ``host`` (lower case, without port and user; punycode as it is), ``path`` (``/`` where an address has
        a host alone) and ``query`` (without ``?``; null when empty), in the order of *addresses*.
    """
    texts = addresses.str.strip_chars()
    found = _groups(texts, _ABSOLUTE)
    relative = texts.str.contains(r"^[/?\\]").fill_null(False)
    if relative.any():
        whole = pl.when(texts.str.starts_with("//")).then("http:" + pl.lit(texts))
        found = _either(found, _groups(pl.select(whole).to_series(), _ABSOLUTE))
        found = _either(found, _groups(pl.select(pl.when(relative).then(pl.lit(texts))).to_series(), _RELATIVE))
    return _parts(found)


def _groups(texts: pl.Series, pattern: str) -> pl.DataFrame:
    return texts.str.extract_groups(pattern).struct.rename_fields(["authority", "path", "query"]).struct.unnest()


def _either(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Rows of *first*; where it found no address at all, of *second*."""
    missing = first["authority"].is_null()
    return first.select(pl.when(missing).then(second[name]).otherwise(name).alias(name) for name in first.columns)


def _parts(found: pl.DataFrame) -> pl.DataFrame:
    host = pl.col("authority").str.extract(_HOST).str.to_lowercase()
    known = found.with_columns(host.alias("host"))
    # An authority that is no host spoils the address; without one (a path, a file) there is none to spoil.
    sound = (pl.col("authority") == "") | pl.col("host").is_not_null()
    path = pl.when(pl.col("host").is_not_null()).then(pl.col("path").fill_null("/")).otherwise("path")
    return known.select(
        "host",
        pl.when(sound).then(path).alias("path"),
        pl.when(sound & (pl.col("query") != "")).then("query").alias("query"),
    )


def add_url(batch: pl.DataFrame) -> pl.DataFrame:
    """``page_host``, ``page_path`` and ``page_query`` of each ``page_url``; null where it is no address."""
    return parts(batch["page_url"]).rename({"host": "page_host", "path": "page_path", "query": "page_query"})
