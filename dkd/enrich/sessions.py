"""Events that count as conversions are flagged; grouping into sessions leaves its columns null until it is built."""

import polars as pl

from dkd.model.enrichers import Sessions


def add_sessions(batch: pl.DataFrame, options: Sessions) -> pl.DataFrame:
    """``is_conversion`` by the model's list; null where the model lists none.

    ``session_id`` and ``first_in_session`` are null.
    """
    events = [conversion.event for conversion in options.conversions]
    # Not select alone: of constants it makes one row, however long the batch is.
    return batch.with_columns(
        pl.lit(None, pl.String).alias("session_id"),
        pl.lit(None, pl.Boolean).alias("first_in_session"),
        (pl.col("event").is_in(events) if events else pl.lit(None, pl.Boolean)).alias("is_conversion"),
    ).select("session_id", "first_in_session", "is_conversion")
