"""The model's own fields are kept, truncated or made pseudonyms; what is to be dropped was never mapped.

E-mail addresses in the addresses of pages and in campaigns are scrubbed, unless the model says otherwise.
"""

from collections.abc import Mapping
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

import polars as pl

from dkd.enrich.distinct import text_by_text
from dkd.model.schema import Field, Model
from dkd.model.types import in_ms

_KEPT_CHARACTERS = 3
_KEPT_DIGITS = 2
_DAY_MS = 86_400_000

_MAY_HOLD_EMAIL = (
    "page_url", "page_path", "page_query", "referrer_url", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "search_term", "referrer_term", "click_id", "referrer_source",
)  # fmt: skip

SCRUBBED = "email"
"""What stands in place of an address."""

# An escape before it, such as %3D, is no part of it.
# Also where @ . + or the letters of the address are written as %XX once or twice, as forms and redirects do.
_AT = r"(?:@|%(?:25)?40)"
_USER = r"(://)[^/?#@\\]*@"
_ESCAPE = r"(%(?:25)?[0-9a-f]{2})?"
_NAME = r"(?:[a-z0-9._+\-]|%(?:25)?2[be]|%(?:25)?5f)+"
_DOMAIN = r"(?:[a-z0-9\-]+(?:\.|%(?:25)?2e))+[a-z]{2,}"
_EMAIL = f"(?i){_ESCAPE}{_NAME}{_AT}{_DOMAIN}"


def truncated(text: str) -> str:
    """What is left of a text that may identify somebody.

    An IPv4 address keeps its first 24 bits and an IPv6 address its first 48, the rest is zero; a URL loses query and
    fragment; an e-mail address keeps its domain; any other text keeps its first three characters.
    """
    try:
        address = ip_address(text.strip())
    except ValueError:
        return _truncated_text(text)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address))  # without its zone
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)


def _truncated_text(text: str) -> str:
    if "://" in text:
        return text.partition("#")[0].partition("?")[0]
    if "@" in text:
        return "@" + text.rpartition("@")[2]
    return text[:_KEPT_CHARACTERS]


def pseudonym(text: str, key: bytes) -> str:
    """32 hexadecimal digits, the same for the same text and key, from which nobody without the key finds the text."""
    short = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
    return blake2b(text.encode(), digest_size=16, key=short).hexdigest()


def epoch_key(key: bytes, epoch: int) -> bytes:
    """The key of one epoch: who has it alone can tell nothing of another epoch, and who has *key* can make it anew."""
    short = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
    return blake2b(f"epoch {epoch}".encode(), key=short).digest()


def needs_key(model: Model) -> tuple[str, ...]:
    """Names of the fields that become pseudonyms."""
    return tuple(name for name, field in model.all_fields.items() if field.privacy == "pseudonymise")


def protect(batch: pl.DataFrame, model: Model, key: bytes | None) -> pl.DataFrame:
    """The columns of *batch* that the model's ``privacy`` changes, changed.

    Args:
        batch: Events with the model's fields, and ``timestamp_ms`` where pseudonyms rotate.
        model: Says which field is treated how.
        key: Secret of pseudonyms; may be None only where :func:`needs_key` is empty.

    Returns:
        Truncated columns keep their type: texts as :func:`truncated` says, each text of a list, numbers with two
        digits, times the start of their day (UTC), booleans as they are. Pseudonyms are strings. Null stays null.
        Standard columns are there where an e-mail address in them became :data:`SCRUBBED`.
    """
    options = model.enrich.protection
    changed = scrubbed(batch) if options.emails == "scrub" else {}
    for name, field in model.all_fields.items():
        if name in batch.columns and field.privacy == "truncate":
            changed[name] = _truncate(batch[name], field)
        elif name in batch.columns and field.privacy == "pseudonymise":
            every_ms = in_ms(options.rotate) if options.rotate else None
            changed[name] = _pseudonyms(batch, name, key or b"", every_ms)
    return pl.DataFrame(changed)


def scrubbed(batch: pl.DataFrame) -> dict[str, pl.Series]:
    """The columns of addresses and campaigns in which something looks like an e-mail address, without it.

    A password before the host of an address, as in ``https://user:pw@host/``, goes with its user.
    """
    changed = {}
    for name in _MAY_HOLD_EMAIL:
        texts = batch[name] if name in batch.columns else None
        if texts is not None and texts.str.contains_any(["@", "%40", "%2540"]).any():
            changed[name] = texts.str.replace_all(_USER, "${1}").str.replace_all(_EMAIL, "${1}" + SCRUBBED)
    return changed


def _pseudonyms(batch: pl.DataFrame, name: str, key: bytes, every_ms: int | None) -> pl.Series:
    """Of the column *name*; by event time from epoch to epoch others, where *every_ms* says how long one is."""
    texts = _as_text(batch[name])
    if every_ms is None:
        return text_by_text(texts, lambda text: pseudonym(text, key))
    epochs = batch["timestamp_ms"] // every_ms
    keys = {epoch: epoch_key(key, epoch) for epoch in epochs.unique().to_list()}
    tagged = pl.select(pl.concat_str(epochs.cast(pl.String), pl.lit(":"), texts).alias(name)).to_series()
    return text_by_text(tagged, lambda text: _of_epoch(text, keys))


def _of_epoch(tagged: str, keys: Mapping[int, bytes]) -> str:
    epoch, _, text = tagged.partition(":")
    return pseudonym(text, keys[int(epoch)])


def _truncate(values: pl.Series, field: Field) -> pl.Series:
    if field.type == "timestamp":
        return values - values % _DAY_MS
    if values.dtype.is_numeric():
        return values.to_frame().select(pl.first().round_sig_figs(_KEPT_DIGITS)).to_series()
    if values.dtype == pl.String:
        return text_by_text(values, truncated)
    if values.dtype == pl.List:
        lists = [None if texts is None else [text and truncated(text) for text in texts] for texts in values.to_list()]
        return pl.Series(values.name, lists, values.dtype)
    return values


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.List:
        return values.list.join("\x1f")
    return values.cast(pl.String)
