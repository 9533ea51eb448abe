"""The address of a page becomes its host, path and query."""

import re
from collections.abc import Sequence
from urllib.parse import unquote, unquote_plus

import idna
import polars as pl

from dkd.enrich.distinct import text_by_text

# One way only to match at each character: RE2-like engines then find the groups four times faster.
_TAIL = r"(?:\?([^#]*))?(?:#.*)?$"
_ABSOLUTE = r"(?s)^[A-Za-z][A-Za-z0-9+.\-]*://([^/?#\\]*)([/\\][^?#]*)?" + _TAIL
_RELATIVE = r"(?s)^()([/\\][^?#]*)?" + _TAIL
_HOST = r"^(?:.*@)?(\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x1f\x7f:<>\"\[\]@^|]+)(?::[0-9]*)?$"

_DOTS = r"(?i)/(?:\.|%2e){1,2}(?:/|$)"
_LONGEST_HOST = 1_000
"""A name of 253 characters has no more, even where each of them is written as %XX."""
_BLANK = re.compile(r"\{[^{}/]*\}")


def parts(addresses: pl.Series) -> pl.DataFrame:
    r"""Host, path and query of each address, whatever its scheme.

    Args:
        addresses: URLs, or paths that begin with ``/`` as web server logs hold them; anything else, such as
            ``about:blank``, has no parts.

    Returns:
        Columns ``host`` (lower case, without port and user; an international one as punycode), ``path`` (``/`` where an
        address has a host alone, ``/`` for ``\``, without ``.`` and ``..``) and ``query`` (without ``?``; null when
        empty), in the order of *addresses*. So says https://url.spec.whatwg.org, but that what it would escape stays as
        it came: a browser has done that before it sends an address.
    """
    texts = addresses.str.strip_chars().str.replace_all(r"[\t\r\n]", "")
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
    known = known.with_columns(_named(known["host"]), _plain(known["path"]))
    # An authority that is no host spoils the address; without one (a path, a file) there is none to spoil.
    sound = (pl.col("authority") == "") | pl.col("host").is_not_null()
    path = pl.when(pl.col("host").is_not_null()).then(pl.col("path").fill_null("/")).otherwise("path")
    return known.select(
        "host",
        pl.when(sound).then(path).alias("path"),
        pl.when(sound & (pl.col("query") != "")).then("query").alias("query"),
    )


def _named(hosts: pl.Series) -> pl.Series:
    """*hosts* in the form that names are looked up by; null for one that none can have."""
    foreign = hosts.str.contains(r"[^\x00-\x7F]|%").fill_null(False)
    if not foreign.any():
        return hosts
    names = text_by_text(hosts.set(~foreign, None), _punycode)
    return pl.select(pl.when(foreign).then(names).otherwise(hosts).alias("host")).to_series()


def _punycode(host: str) -> str | None:
    if len(host) > _LONGEST_HOST:
        return None
    try:
        return idna.encode(unquote(host), uts46=True).decode().lower()
    except UnicodeError:
        return None


def _plain(paths: pl.Series) -> pl.Series:
    r"""*paths* with ``/`` for ``\``, and without the folders ``.`` and ``..``."""
    slashed = paths.str.replace_all("\\", "/", literal=True)
    dotted = slashed.str.contains(_DOTS).fill_null(False)
    if not dotted.any():
        return slashed
    walked = text_by_text(slashed.set(~dotted, None), _walked)
    return pl.select(pl.when(dotted).then(walked).otherwise(slashed).alias("path")).to_series()


def _walked(path: str) -> str:
    parts = path.split("/")[1:]
    kept: list[str] = []
    for seq, part in enumerate(parts):
        plain = part.lower().replace("%2e", ".")
        if plain == ".." and kept:
            kept.pop()
        if plain not in (".", ".."):
            kept.append(part)
        elif seq == len(parts) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def routes_of(templates: Sequence[str]) -> pl.Expr:
    """The first of *templates* that a ``page_path`` fits; null where none does.

    ``{name}`` stands for one character or more but ``/``, ``*`` at the end for anything; a slash at the end of a path
    does not count.
    """
    route = pl.lit(None, pl.String)
    for template in reversed(templates):
        head, rest = (template[:-1], ".*") if template.endswith("*") else (template.rstrip("/"), "/?")
        pattern = "[^/]+".join(map(re.escape, _BLANK.split(head)))
        route = (
            pl.when(pl.col("page_path").str.contains(f"(?s)^{pattern}{rest}$")).then(pl.lit(template)).otherwise(route)
        )
    return route.alias("page_route")


def first_value(query: str, names: Sequence[str]) -> str | None:
    """Value of the first of *names* that has one in *query*, decoded; bytes that are not UTF-8 become U+FFFD."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name in names and name not in found:
            text = unquote_plus(value).strip()
            if text:
                found[name] = text
    return next((found[name] for name in names if name in found), None)


def add_url(batch: pl.DataFrame, routes: pl.Expr | None = None, search: Sequence[str] = ()) -> pl.DataFrame:
    """``page_host``, ``page_path`` and ``page_query`` of each ``page_url``; null where it is no address.

    Args:
        batch: Has ``page_url``.
        routes: Of :func:`routes_of`; then there is ``page_route`` too.
        search: Parameters for ``search_term``, which is there only with any.
    """
    found = parts(batch["page_url"]).rename({"host": "page_host", "path": "page_path", "query": "page_query"})
    if routes is not None:
        found = found.with_columns(routes)
    if search:
        terms = text_by_text(found["page_query"], lambda query: first_value(query, search))
        found = found.with_columns(terms.alias("search_term"))
    return found
