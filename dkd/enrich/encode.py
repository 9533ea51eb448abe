"""Clean events become JSON lines: no nulls, keys in the order of the columns, the same bytes for the same event."""

from collections.abc import Sequence

import polars as pl

_SLICE = 1_000
"""So many rows at a time become texts, as they stay in the processor's cache then."""


def encode(clean: pl.DataFrame) -> list[bytes]:
    """Each row of *clean* as a JSON object in UTF-8.

    Args:
        clean: Columns as ``dkd.model.columns.event_columns`` names them; the first holds no null. Numbers that are
            not finite are left out like nulls.
    """
    return whole([members(clean, "{")])


def whole(parts: Sequence[pl.Series]) -> list[bytes]:
    """Members that follow each other as JSON objects in UTF-8; the first begin with ``{``."""
    named = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(parts)])
    objects = pl.concat_str(pl.all(), pl.lit("}")).cast(pl.Binary)
    slices = (named[start : start + _SLICE] for start in range(0, named.height, _SLICE))
    return [text for some in slices for text in some.select(objects).to_series().to_list()]


def members(frame: pl.DataFrame, before: str = ",") -> pl.Series:
    """Each row of *frame* as members of a JSON object, without its braces; empty where all are null.

    Args:
        frame: Its columns become members; after ``{``, the first holds no null.
        before: What stands before the first member.
    """
    held = [column for column in frame.get_columns() if column.null_count() < len(column)]
    if not held or frame.is_empty():
        return pl.Series([""]).new_from_index(0, frame.height)
    texts = pl.struct(column.name for column in held).struct.json_encode()
    whole = pl.concat_str(pl.lit(before), texts.str.strip_prefix("{").str.strip_suffix("}"))
    return frame.select(_without(whole, [column.name for column in held if _may_be_null(column)])).to_series()


def _may_be_null(column: pl.Series) -> bool:
    return column.null_count() > 0 or column.dtype.is_float()


def _without(texts: pl.Expr, names: list[str]) -> pl.Expr:
    """*texts* less the null members of *names*.

    Safe on any value: inside a JSON string every quote is escaped, so ``,"name":null`` can only be a whole member.
    """
    # One pattern of only these names: 11 times faster than replace_many, and faster than a pattern of any name.
    return texts.str.replace_all(f',"(?:{"|".join(names)})":null', "") if names else texts


def arrays(frame: pl.DataFrame, columns: Sequence[str]) -> list[bytes]:
    """The texts of *columns* of each row as the items of a JSON array, without its brackets."""
    found = frame.select(pl.struct(pl.concat_list(columns).alias("v")).struct.json_encode().cast(pl.Binary))
    return [text[len('{"v":[') : -2] for text in found.to_series().to_list()]
