"""Values that a trusted sender gave for columns of enrichers; they count only where an enricher finds nothing."""

import json

import polars as pl

from dkd.model.columns import GIVEN_COLUMNS

_NAMES = tuple(sorted(GIVEN_COLUMNS))


def given_columns(texts: pl.Series) -> pl.DataFrame:
    """The columns in ``given``, one row for each text.

    Args:
        texts: JSON objects of strings, or null. Whatever is not JSON, not an object, or not a string counts as absent.

    Returns:
        String columns, only those that hold a value at all.
    """
    if texts.null_count() == len(texts):
        return pl.DataFrame()
    rows = [_strings(text) for text in texts.to_list()]
    names = [name for name in _NAMES if any(name in row for row in rows)]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
    )


def _strings(text: str | None) -> dict[str, str]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str) and value and _is_text(value)}


def _is_text(value: str) -> bool:
    # JSON can spell half of a surrogate pair, which no UTF-8 can hold.
    return not any("\ud800" <= character <= "\udfff" for character in value)


def filled(found: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """*found* with its nulls filled from the column of the same name in *given*."""
    both = [name for name in found.columns if name in given.columns]
    return found.with_columns(found[name].fill_null(given[name]) for name in both) if both else found
