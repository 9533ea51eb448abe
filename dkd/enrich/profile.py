"""What is known of a visitor or a user elsewhere becomes columns of each event, by a left join.

Profiles of a file are one table. Profiles of a topic change while events come: an event is joined with the one that its
key had when the collector received the event, by the times of the topic's records. So the answer follows from the two
topics, not from when the enricher read them or how batches were cut, for as long as compaction has left the record, and
where the records' times are those at which they came, as the broker's are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

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


def add_profile(batch: pl.DataFrame, key: str, profiles: "pl.DataFrame | Profiles") -> pl.DataFrame:
    """The columns of each event's profile by its column *key*, of a table as :func:`latest` gives it or of a topic."""
    if isinstance(profiles, Profiles):
        return profiles.joined(batch, key)
    keys = batch.select(pl.col(key).cast(pl.String).alias("?key"))
    return keys.join(profiles, on="?key", how="left", maintain_order="left").drop("?key")


class Told(NamedTuple):
    """One record of a topic of profiles.

    Attributes:
        key: Whose.
        since_ms: From when on it counts; not below that of an earlier record of the key.
        place: Partition and offset, as ``0:17``.
        fields: None for a tombstone.
    """

    key: str
    since_ms: int
    place: str
    fields: Mapping[str, object] | None


_KEPT_MS = 7 * 86_400_000
"""A profile that another one replaced so long before the newest record is forgotten."""

_FEW = 1_000


@dataclass
class Profiles:
    """Profiles of a topic as they changed; those that came lately are apart, so that learning one costs little.

    Attributes:
        fields: Those that become columns.
    """

    fields: tuple[str, ...]
    _known: pl.DataFrame = field(init=False, repr=False)
    _lately: pl.DataFrame = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._known = self._lately = self._table(())

    def learn(self, records: Sequence[Told]) -> None:
        """Take *records*, which come after all earlier ones."""
        self._lately = _in_order(pl.concat((self._lately, self._table(records))))
        if self._lately.height > _FEW + self._known.height // 8:
            self.put_away()

    def put_away(self) -> None:
        """Put those that came lately to the others, and forget what was replaced long ago."""
        self._known = _pruned(_in_order(pl.concat((self._known, self._lately))))
        self._lately = self._table(())

    def joined(self, batch: pl.DataFrame, key: str) -> pl.DataFrame:
        """The columns of each event's profile, by its column *key* when it was received; null without one."""
        asked = batch.select(
            pl.int_range(pl.len()).alias("?row"), pl.col(key).cast(pl.String).alias("?key"), "received_ms"
        )
        named = asked.filter(pl.col("?key").is_not_null()).sort("received_ms")
        found, known = (
            named.join_asof(
                # An as-of join groups all of the table, which is large, for the few keys of a batch.
                table.join(named.select("?key"), on="?key", how="semi", maintain_order="left"),
                left_on="received_ms",
                right_on="?since_ms",
                by="?key",
                check_sortedness=False,
            )
            for table in (self._lately, self._known)
        )
        is_late = found["?place"].is_not_null()
        names = [name for name in self._known.columns if not name.startswith("?")]
        columns = (pl.select(pl.when(is_late).then(found[one]).otherwise(known[one]).alias(one)) for one in names)
        rows = pl.concat([named.select("?row"), *columns], how="horizontal")
        return asked.select("?row").join(rows, on="?row", how="left", maintain_order="left").drop("?row")

    def _table(self, records: Iterable[Told]) -> pl.DataFrame:
        rows = [
            (
                key,
                since_ms,
                place,
                *(_shown((fields or {}).get(name)) for name in self.fields),
                None if fields is None else place,
            )
            for key, since_ms, place, fields in records
        ]
        texts = dict.fromkeys((f"{PREFIX}{name}" for name in self.fields), pl.String())
        schema = {"?key": pl.String(), "?since_ms": pl.Int64(), "?place": pl.String(), **texts, VERSION: pl.String()}
        return pl.DataFrame(rows, schema=schema, orient="row")


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    last = table.unique(["?key", "?since_ms"], keep="last", maintain_order=True)
    return last.sort("?since_ms", maintain_order=True)


def _pruned(table: pl.DataFrame) -> pl.DataFrame:
    replaced = pl.col("?since_ms").shift(-1).over("?key")
    return table.filter(replaced.is_null() | (replaced > pl.col("?since_ms").max() - _KEPT_MS))
