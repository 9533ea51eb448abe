"""The model's own fields are kept, truncated or made pseudonyms; what is to be dropped was never mapped."""

from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

import polars as pl

from dkd.enrich.distinct import text_by_text
from dkd.model.schema import Field, Model

_KEPT_CHARACTERS = 3
_KEPT_DIGITS = 2
_DAY_MS = 86_400_000


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


def needs_key(model: Model) -> tuple[str, ...]:
    """Names of the fields that become pseudonyms."""
    return tuple(name for name, field in model.all_fields.items() if field.privacy == "pseudonymise")


def protect(batch: pl.DataFrame, model: Model, key: bytes | None) -> pl.DataFrame:
    """The columns of *batch* that the model's ``privacy`` changes, changed.

    Args:
        batch: Events with the model's fields.
        model: Says which field is treated how.
        key: Secret of pseudonyms; may be None only where :func:`needs_key` is empty.

    Returns:
        Truncated columns keep their type: texts as :func:`truncated` says, each text of a list, numbers with two
        digits, times the start of their day (UTC), booleans as they are. Pseudonyms are strings. Null stays null.
    """
    changed: dict[str, pl.Series] = {}
    for name, field in model.all_fields.items():
        if name in batch.columns and field.privacy == "truncate":
            changed[name] = _truncate(batch[name], field)
        elif name in batch.columns and field.privacy == "pseudonymise":
            changed[name] = text_by_text(_as_text(batch[name]), lambda text: pseudonym(text, key or b""))
    return pl.DataFrame(changed)


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
