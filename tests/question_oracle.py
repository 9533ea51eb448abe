"""What DuckDB says about a question, over the file that the events were sent from: written without dkd's query room."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

K, RANK_ERROR = 1_024, 0.0022
"""What dkd prints of quantiles: exact below 2k numbers, else off by so much of the rank, 997 times of 1000."""


def _quantile(column: str, at: float, where: str = "true") -> str:
    """How many numbers there are, and those at the rank, and at twice the error below and above it."""
    only = f"FILTER ({column} IS NOT NULL AND {where})"
    listed, count = f"list_sort(list({column}) {only})", f"count(*) {only}"
    ranks = [f"greatest(ceil({rank} * {count}), 1)" for rank in (at - 2 * RANK_ERROR, at, min(at + 2 * RANK_ERROR, 1))]
    return f"[{count}, {', '.join(f'({listed})[CAST({rank} AS BIGINT)]' for rank in ranks)}]"


MEASURES = {
    "visitors": "count(DISTINCT party_id)",
    "countries": "count(DISTINCT nullif(country, ''))",
    "events": "count(*)",
    "pageviews": "count(*) FILTER (event = 'page_view')",
    "orders": "count(*) FILTER (event = 'purchase')",
    "buyers": "count(DISTINCT party_id) FILTER (event = 'purchase')",
    "revenue": "coalesce(sum(revenue) FILTER (event = 'purchase'), 0)",
    "quantity": "coalesce(sum(quantity), 0)",
    "sessions": "count(*)",
    "bounces": "count(*) FILTER (is_bounce)",
    "value": "coalesce(sum(conversion_value), 0)",
    "big_orders": "count(*) FILTER (revenue >= 500 AND revenue < 1500)",
    "some_views": "count(*) FILTER (event = 'page_view' AND (country IN ('NL', 'DE') OR country IS NULL))",
    "by_day": "count(*) FILTER (region IN ('EU', 'rest') AND hour > 5 AND hour <= 20)",
    "pages": "count(DISTINCT page_no)",
}
QUANTILES = {
    "order_p95": _quantile("revenue", 0.95),
    "order_median": _quantile("revenue", 0.5, "event = 'purchase' AND country IS NOT NULL AND country <> 'NL'"),
    "quantity_p10": _quantile("quantity", 0.1),
    "width_p99": _quantile("viewport_width", 0.99),
    "duration_p90": _quantile("duration_s", 0.9),
}
MEASURES |= QUANTILES
OF_SESSIONS = ("sessions", "bounces", "value", "duration_p90")
RATIOS = {
    "revenue_per_visitor": ("revenue", "visitors"),
    "bounce_rate": ("bounces", "sessions"),
    "pageviews_per_session": ("pageviews", "sessions"),
    "revenue_per_buyer": ("revenue", "buyers"),
    "events_per_session": ("events", "sessions"),
    "median_per_visitor": ("order_median", "visitors"),
}
DIMENSIONS = {
    "order_size": "CASE WHEN revenue < 100 THEN 'below 100' WHEN revenue < 500.5 THEN '100 to below 500.5' "
    "WHEN revenue < 1500 THEN '500.5 to below 1500' WHEN revenue >= 1500 THEN '1500 or more' END",
    "region": "CASE WHEN country IN ('NL', 'DE') THEN 'EU' WHEN country IN ('?', '%_') OR country IS NULL "
    "THEN ''' OR 1=1 --' ELSE 'rest' END",
    "neighbour": "CASE WHEN country IN ('DE', 'FR') THEN 'near' ELSE country END",
    "page_no": "nullif(regexp_extract(page_path, '^/p(1[0-9])$', 1), '')",
    "hour": "hour({local})",
    "weekday": "dayname({local})",
    "month": "monthname({local})",
    "received_day": "day(timezone('{zone}', timezone('UTC', make_timestamp(received_ms * 1000))))",
    "origin": "coalesce(channel, country)",
}
_OF_EVENTS = ("order_size", "page_no", "received_day")

ADDITIVE = {"events", "pageviews", "orders", "revenue", "quantity", "sessions", "bounces", "value", "big_orders"}
ADDITIVE |= {"some_views", "by_day"}
OTHERS = "all the others"
_TRUNC = {"P1D": "day", "P1W": "week", "P1M": "month", "P3M": "quarter", "P1Y": "year"}
_MINUTES = {"PT5M": 5, "PT15M": 15, "PT1H": 60}


class Oracle:
    """Two tables, as they were written to *events* and *sessions*."""

    def __init__(self, events: Path, sessions: Path) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        for name, file, time in (("events", events, "timestamp_ms"), ("sessions", sessions, "start_ms")):
            self.db.execute(
                f"CREATE TABLE {name} AS SELECT *, {time} AS at_ms, make_timestamp({time} * 1000) AS moment "
                f"FROM read_json('{file}', format = 'newline_delimited')"
            )

    def counts(self, question, start: datetime, end: datetime, kept, filters=None):
        """Each measure by (bucket or None, value of each split ...); buckets are local texts, see :func:`bucket`.

        *kept* are for each split the values below each parent, which of a split that is not nested is ``()``; of a
        bucket the value is its number. *filters* take the place of the question's.
        """
        plain = {part for name in question.measures for part in RATIOS.get(name, (name,))}
        found: dict[tuple[object, ...], dict[str, float]] = {}
        for table in ("events", "sessions"):
            names = sorted(name for name in plain if (name in OF_SESSIONS) == (table == "sessions"))
            if not names:
                continue
            keys = [_bucket(question.grain, question.zone)] if question.grain else []
            keys += [_kept(question.splits[: seq + 1], values) for seq, values in enumerate(kept)]
            where = _where(question, start, end, filters)
            sql = f"SELECT {', '.join([*keys, *(MEASURES[name] for name in names)])} "
            sql += f"FROM {_table(table, question.zone)} WHERE {where}"
            groups = ", ".join(str(n + 1) for n in range(len(keys)))
            for row in self.db.execute(sql + (f" GROUP BY {groups}" if keys else "")).fetchall():
                key = row[: len(keys)] if question.grain else (None, *row[: len(keys)])
                found.setdefault(key, {}).update(zip(names, row[len(keys) :], strict=True))
        return {key: _with_ratios(question.measures, numbers) for key, numbers in found.items()}

    def numbers(self, question, split, by, start: datetime, end: datetime, filters, parent=()):
        """A measure's number of each value of the split, below the *parent* of the splits before it."""
        table = "sessions" if RATIOS.get(by, (by,))[0] in OF_SESSIONS else "events"
        sql = _one(by) if by in MEASURES else "({}) / nullif({}, 0)".format(*map(_one, RATIOS[by]))
        where = [_where(question, start, end, filters)]
        where += [_is(one, value) for one, value in zip(question.splits, parent, strict=False)]
        return dict(
            self.db.execute(
                f"SELECT {_value(split)}, {sql} FROM {_table(table, question.zone)} WHERE {' AND '.join(where)} "
                "GROUP BY 1"
            ).fetchall()
        )


def bucket(time: datetime, grain: str, zone: str) -> str:
    """The text that names a bucket here: its start on the zone's clock for days, in UTC for less."""
    place = UTC if grain in _MINUTES else ZoneInfo(zone)
    return time.astimezone(place).strftime("%Y-%m-%d %H:%M:%S")


def local(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def changes(zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Midnights, UTC, of the newest days of 23 and of 25 hours that are over for more than five days."""
    place = ZoneInfo(zone)
    found: dict[int, datetime] = {}
    day = (now - timedelta(days=7)).astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    while len(found) < 2:
        hours = (((day + timedelta(days=1)).astimezone(UTC) - day.astimezone(UTC)).total_seconds()) / 3600
        if hours != 24:
            found.setdefault(round(hours), day.astimezone(UTC))
        day -= timedelta(days=1)
    return found[23], found[25]


def _with_ratios(measures: Iterable[str], numbers: dict[str, float]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in measures:
        if name in RATIOS:
            above, below = (_plain(numbers.get(part, nothing(part))) for part in RATIOS[name])
            found[name] = above / below if below and above is not None else None
        else:
            found[name] = numbers.get(name, nothing(name))
    return found


def nothing(name: str) -> object:
    """What a measure is where there is nothing to count."""
    return None if name in RATIOS else [0, None, None, None] if name in QUANTILES else 0


def _plain(value):
    return value[2] if isinstance(value, list) else value


def _one(name: str) -> str:
    return f"({MEASURES[name]})[3]" if name in QUANTILES else MEASURES[name]


def _table(name: str, zone: str) -> str:
    local = f"timezone('{zone}', timezone('UTC', moment))"
    found = [
        f"{sql.format(local=local, zone=zone)} AS {dimension}"
        for dimension, sql in DIMENSIONS.items()
        if name == "events" or dimension not in _OF_EVENTS
    ]
    return f"(SELECT *, {', '.join(found)} FROM {name})"


def _bucket(grain: str, zone: str) -> str:
    if grain in _TRUNC:
        return (
            f"strftime(date_trunc('{_TRUNC[grain]}', timezone('{zone}', timezone('UTC', moment))), '%Y-%m-%d %H:%M:%S')"
        )
    # Kathmandu's hours begin at a quarter past UTC's.
    shift = 45 if grain == "PT1H" and zone == "Asia/Kathmandu" else 0
    width = _MINUTES[grain] * 60_000
    start = f"(at_ms + {shift} * 60000) // {width} * {width} - {shift} * 60000"
    return f"strftime(make_timestamp(({start}) * 1000), '%Y-%m-%d %H:%M:%S')"


def _value(split) -> str:
    return split.dimension if split.bucket is None else f"CAST(floor({split.dimension} / {split.bucket}) AS BIGINT)"


def _is(split, value: object) -> str:
    return f"({_value(split)} IS NOT DISTINCT FROM {_literal(value)})"


def _kept(splits, values) -> str:
    """The last of *splits* with one name for all its values that are not kept, which may depend on the others."""
    *before, last = splits
    tests = [
        " AND ".join([*(_is(one, key) for one, key in zip(before, parent, strict=False)), _is(last, value)])
        for parent, kept in values.items()
        for value in kept
    ]
    return f"CASE WHEN {' OR '.join(tests) or 'FALSE'} THEN CAST({_value(last)} AS VARCHAR) ELSE '{OTHERS}' END"


def _where(question, start: datetime, end: datetime, filters=None) -> str:
    parts = [f"at_ms >= {_ms(start)} AND at_ms < {_ms(end)}"]
    if not question.with_bots:
        parts.append("NOT is_bot")
    for one in question.filters if filters is None else filters:
        test = f"coalesce({_test(one)}, FALSE)"
        parts.append(f"NOT {test}" if one.exclude else test)
    return " AND ".join(parts)


def _test(one) -> str:
    name = "at_ms" if one.dimension == "time" else one.dimension
    if one.contains is not None:
        return f"contains(lower({name}), lower({_literal(one.contains)}))"
    if one.matches is not None:
        return f"regexp_matches({name}, {_literal(one.matches)})"
    if one.values:
        return f"({' OR '.join(f'{name} IS NOT DISTINCT FROM {_literal(value)}' for value in one.values)})"
    ranges = [
        f"({name} >= {'-1e18' if each.at_least is None else each.at_least} "
        f"AND {name} < {'1e18' if each.below is None else each.below})"
        for each in one.ranges
    ]
    return f"({' OR '.join(ranges)})"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
