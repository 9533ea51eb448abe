"""What is known of a visitor or a user elsewhere becomes columns of each event, by a left join."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import polars as pl

PREFIX = "profile_"

VERSION = "profile_version"


def latest(records: Iterable[tuple[str, Mapping[str, object] | None]], fields: Sequence[str]) -> pl.DataFrame:
    """The profiles that are left when *records* were read in their order.

    Args:
        records: Key and fields; a later record of a key takes the place of an earlier one as a whole, and None removes
            it, as a tombstone of a compacted topic does.
        fields: Those that become columns.

    Returns:
        ``?key``, a column ``profile_<field>`` for each field, and ``profile_version``: 12 hex digits of the profiles
        with these fields. Numbers, booleans and lists are JSON; null and what a profile lacks is null.
    """
    kept: dict[str, Mapping[str, object]] = {}
    for key, found in records:
        if found is None:
            kept.pop(key, None)
        else:
            kept[key] = found
    rows = [(key, *(_shown(kept[key].get(name)) for name in fields)) for key in sorted(kept)]
    version = sha256(json.dumps([list(fields), rows]).encode()).hexdigest()[:12]
    names = ("?key", *(f"{PREFIX}{name}" for name in fields))
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return table.with_columns(pl.lit(version).alias(VERSION))


def _shown(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def add_profile(batch: pl.DataFrame, key: str, table: pl.DataFrame) -> pl.DataFrame:
    """The columns of *table*, as :func:`latest` gives it, by each event's column *key*; null without a profile."""
    keys = batch.select(pl.col(key).cast(pl.String).alias("?key"))
    return keys.join(table, on="?key", how="left", maintain_order="left").drop("?key")
