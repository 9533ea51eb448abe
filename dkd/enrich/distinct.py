"""Answers that depend on one text are found once per distinct text of a batch, and spread to its rows."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray


def text_by_text(texts: pl.Series, find: Callable[[str], str | None]) -> pl.Series:
    """Ask *find* about each distinct text; null is asked nothing and stays null. In the order of *texts*."""
    asked = texts.drop_nulls().unique()
    answers = pl.Series("?answer", list(map(find, asked.to_list())), pl.String)
    return _spread(texts, asked, answers.to_frame())["?answer"].alias(texts.name)


def by_text(texts: pl.Series, find: Callable[[str], Sequence[str | None]], names: Sequence[str]) -> pl.DataFrame:
    """Ask *find* about each distinct text.

    Args:
        texts: Strings; null is asked nothing and gets null in every column.
        find: One text per column.
        names: Of the columns.

    Returns:
        One row per text, in the order of *texts*.
    """
    asked = texts.drop_nulls().unique()
    answers = zip(*map(find, asked.to_list()), strict=True) if len(asked) else [[] for _ in names]
    table = pl.DataFrame(
        [pl.Series(name, list(column), pl.String) for name, column in zip(names, answers, strict=True)]
    )
    return _spread(texts, asked, table)


def _spread(texts: pl.Series, asked: pl.Series, answers: pl.DataFrame) -> pl.DataFrame:
    table = answers.with_columns(asked.alias("?text"))
    return texts.alias("?text").to_frame().join(table, on="?text", how="left", maintain_order="left").drop("?text")


def number_by_text(texts: pl.Series, find: Callable[[str], int]) -> NDArray[np.uint16]:
    """Ask *find* about each distinct text; null is asked nothing and gets 0. In the order of *texts*."""
    asked = texts.drop_nulls().unique()
    answers = np.fromiter(map(find, asked.to_list()), np.uint16, len(asked))
    if not answers.any():  # most batches of addresses hold no network that is known
        return np.zeros(len(texts), np.uint16)
    found = _spread(texts, asked, pl.Series("?answer", answers).to_frame())["?answer"]
    return found.fill_null(0).to_numpy(writable=True)
