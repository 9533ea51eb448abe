"""Raw records become events with a name of the model and a time, or rejects with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dkd.model.columns import RAW_FIELDS
from dkd.model.naming import snake_case
from dkd.model.schema import Model

EARLIEST_MS = 946_684_800_000
"""2000-01-01. Older times are clocks that were never set."""

LATEST_MS = 4_102_444_800_000
"""2100-01-01. A receive time beyond it would hold the watermark in the future for good."""

AHEAD_MS = 300_000
"""How far before its event time an event may be received: clocks differ."""

_SHOWN = 80

_IDS = ("party_id", "collector_session_id", "pageview_id", "event_id")

_NO_ID = ("", "null", "undefined", "NaN", "None", "[object Object]")
"""What scripts write where they have no id; as one, it would join strangers, or drop their events as repeats."""

Schema = dict[str, pl.DataType]

REJECT_SCHEMA: Schema = {
    "offset": pl.Int64(), "code": pl.String(), "reason": pl.String(), "stage": pl.String(), "problem": pl.String(),
    "remedy": pl.String(),
}  # fmt: skip

_RAW_TYPE: dict[str, pl.DataType] = {
    "string": pl.String(), "enum": pl.String(), "boolean": pl.Boolean(), "int": pl.Int32(), "long": pl.Int64(),
    "timestamp": pl.Int64(), "float": pl.Float32(), "double": pl.Float64(), "list": pl.List(pl.String()),
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One rule of an event.

    Attributes:
        code: Of the problem.
        reason: One machine-readable word.
        failed: Whether an event breaks the rule; never null.
        problem: What was found, as a text for each event that fails.
        remedy: What to do.
    """

    code: str
    reason: str
    failed: pl.Expr
    problem: pl.Expr
    remedy: str


def raw_schema(model: Model) -> Schema:
    """Columns of a decoded raw batch and their types: the offset, Divolte's fields, the model's fields."""
    own = {name: _RAW_TYPE[field.type] for name, field in model.all_fields.items() if field.privacy != "drop"}
    return {"offset": pl.Int64(), **{field.column: _RAW_TYPE[field.type] for field in RAW_FIELDS}, **own}


def conformed(raw: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """*raw* with exactly the columns of *schema*: what is missing, or is no value of the type, is null."""
    found = raw.schema
    return raw.select(
        pl.col(name) if found.get(name) == kind else _cast(name, found.get(name), kind) for name, kind in schema.items()
    )


def _cast(name: str, found: pl.DataType | None, wanted: pl.DataType) -> pl.Expr:
    if found is None or found.is_nested() != wanted.is_nested():
        return pl.lit(None, wanted).alias(name)
    return pl.col(name).cast(wanted, strict=False)


def event_names(sent: pl.Series, events: Mapping[str, object]) -> pl.Series:
    """The model's event for each name as it was sent: itself, or its snake_case; null when the model has neither."""
    asked = [name for name in sent.unique().to_list() if name is not None and len(name) <= 2 * _SHOWN]
    known = {name: name if name in events else snake_case(name) for name in asked}
    known = {name: event for name, event in known.items() if event in events}
    return sent.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)


def timed(batch: pl.DataFrame, by_client: bool) -> pl.DataFrame:
    """``timestamp_ms`` and ``time_clamped`` of each event.

    Args:
        batch: ``received_ms`` and ``client_ms``.
        by_client: Whether ``client_ms`` is the event time, corrected by dkd's collector; where it is null, and for
            other collectors, it is the receive time.
    """
    claimed = pl.coalesce("client_ms", "received_ms") if by_client else pl.col("received_ms")
    ahead = (claimed - AHEAD_MS > pl.col("received_ms")).fill_null(False) & (claimed > EARLIEST_MS)
    return batch.select(
        pl.when(ahead).then("received_ms").otherwise(claimed).alias("timestamp_ms"), ahead.alias("time_clamped")
    )


def checks(model: Model) -> tuple[Check, ...]:
    """The rules of *model*, in the order in which the first that fails names the reject.

    They read the columns of :func:`raw_schema` (``event`` as the model names it), ``?sent`` (the name as it came) and
    ``timestamp_ms``.
    """
    received, time = pl.col("received_ms"), pl.col("timestamp_ms")
    timeless = ~(received.is_between(EARLIEST_MS, LATEST_MS) & (time >= EARLIEST_MS)).fill_null(False)
    known = ", ".join(model.events)
    return (
        Check("DKD550", "missing_party", pl.col("party_id").fill_null("") == "", pl.lit("the event has no party_id"),
              "send party_id, the visitor's long-lived id"),
        Check("DKD551", "unknown_event", pl.col("event").is_null(),
              pl.format("the model has no event '{}'", _shown(pl.col("?sent"))), f"send one of: {known}"),
        Check("DKD552", "bad_time", timeless,
              pl.format("the event's time is {} ms and its receive time {} ms", _shown(time), _shown(received)),
              "send a time of 2000 or later, in milliseconds since 1970"),
        *_required(model),
        *_enums(model),
    )  # fmt: skip


def _required(model: Model) -> list[Check]:
    fields = model.all_fields
    needed = {(event, name) for event in model.events for name in model.required_of(event)}
    return [
        Check("DKD553", "missing_field",
              pl.col("event").is_in([event for event in model.events if (event, name) in needed]).fill_null(False)
              & pl.col(name).is_null(),
              pl.format(f"event '{{}}' has no {name}, which it must carry", pl.col("event")),
              f"send {name} ({field.type})")
        for name, field in fields.items()
        if field.privacy != "drop" and any(name == one for _, one in needed)
    ]  # fmt: skip


def _enums(model: Model) -> list[Check]:
    users: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for event, own in model.events.items():
        for name, field in {**model.fields, **own.fields}.items():
            if field.type == "enum" and field.privacy != "drop":
                users.setdefault((name, field.values), []).append(event)
    return [
        Check("DKD554", "bad_enum",
              (pl.col("event").is_in(events) & ~pl.col(name).is_in(list(values))).fill_null(False),
              pl.format(f"'{{}}' is no value of {name}", _shown(pl.col(name))), f"send one of: {', '.join(values)}")
        for (name, values), events in users.items()
    ]  # fmt: skip


def _shown(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).str.slice(0, _SHOWN).fill_null("null")


def sorted_out(batch: pl.DataFrame, rules: Sequence[Check]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events that keep all *rules*, and a reject for each of the others by the first rule that it breaks."""
    broken = pl.coalesce(pl.when(rule.failed).then(pl.lit(seq, pl.Int32)) for seq, rule in enumerate(rules))
    marked = batch.with_columns(broken.alias("?broken"))
    refused = marked.filter(pl.col("?broken").is_not_null())
    kept = marked if refused.is_empty() else marked.filter(pl.col("?broken").is_null())
    return kept.drop("?broken"), rejects(refused, rules)


def rejects(refused: pl.DataFrame, rules: Sequence[Check]) -> pl.DataFrame:
    """One row of :data:`REJECT_SCHEMA` for each event; column ``?broken`` says which of *rules* it breaks."""
    if refused.is_empty():
        return pl.DataFrame(schema=REJECT_SCHEMA)
    seqs = refused["?broken"].unique().sort().to_list()
    problem = pl.coalesce(pl.when(pl.col("?broken") == seq).then(rules[seq].problem) for seq in seqs)

    def of_rule(name: str) -> pl.Expr:
        texts = [getattr(rules[seq], name) for seq in seqs]
        return pl.col("?broken").replace_strict(seqs, texts, return_dtype=pl.String).alias(name)

    return refused.select(
        "offset",
        of_rule("code"),
        of_rule("reason"),
        pl.lit("validate").alias("stage"),
        problem.alias("problem"),
        of_rule("remedy"),
    )


def _without_words(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_in(_NO_ID).not_()).then(name)


def normalised(
    raw: pl.DataFrame, model: Model, schema: Schema, rules: Sequence[Check]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events with ``timestamp_ms`` and ``time_clamped`` beside the raw columns, and the rejects.

    Args:
        raw: Decoded records in offset order.
        model: Names the events.
        schema: :func:`raw_schema` of the model.
        rules: :func:`checks` of the model.
    """
    batch = conformed(raw, schema).with_columns(_without_words(name) for name in _IDS)
    named = batch.with_columns(event_names(batch["event"], model.events).alias("event"), pl.col("event").alias("?sent"))
    return sorted_out(named.hstack(timed(named, model.collector.kind == "dkd")), rules)
