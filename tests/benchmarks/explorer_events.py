"""A number of events → believable ones as files of columns, and those files as rows of Druid.

Two weeks of a shop: 200,000 possible visitors of whom few come often, 5,000 pages of which few are read by most,
sessions of several events, more at noon than at night. The same number gives the same rows, on any machine.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import polars as pl

from dkd.enrich.singles import party_keys, party_numbers
from dkd.model.schema import Model
from dkd.systems.druid.batch import batch_spec, folder
from dkd.systems.druid.render import columns_of

DAYS, VISITORS, PAGES = 14, 200_000, 5_000
FIRST_DAY = date(2026, 10, 5)
DAY_MS = 86_400_000
_EVENTS = ("page_view", "product_view", "click", "search", "add_to_cart", "begin_checkout", "purchase", "heartbeat")
_SHARES = (0.46, 0.17, 0.12, 0.05, 0.05, 0.02, 0.012, 0.118)
_COUNTRIES = (
    *("DE", "NL", "GB", "FR", "US", "PL", "ES", "IT", "SE", "BE", "AT", "CH", "DK", "NO", "FI"),
    *("IE", "PT", "CZ", "GR", "RO", "TR", "BR", "IN", "JP", "CN", "CA", "AU", "MX", "ZA", "AR"),
)
_CITIES = 400
_BROWSERS, _SYSTEMS = (
    ("Chrome", "Safari", "Firefox", "Edge", "Samsung Internet", "Opera"),
    ("Windows", "Android", "iOS", "macOS", "Linux"),
)
_DEVICES, _CHANNELS = (
    ("desktop", "mobile", "tablet"),
    ("organic_search", "direct", "paid_search", "social", "email", "referral"),
)
_SOURCES, _MEDIA = ("google", "newsletter", "instagram", "bing", "partner"), ("cpc", "email", "social", "affiliate")
_CAMPAIGNS, _PRODUCTS, _TERMS = 40, 3_000, 900
_START_MS = round(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC).timestamp() * 1000)
_NOON = np.array([2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 12, 11, 10, 10, 10, 11, 12, 13, 12, 9, 6, 4], float)


def interval() -> str:
    """The whole days that hold all events; sessions of the last evening end in the night after it."""
    return f"{FIRST_DAY}T00:00:00Z/{FIRST_DAY + timedelta(days=DAYS + 1)}T00:00:00Z"


def written(model: Model, count: int, place: Path) -> Iterator[tuple[int, int]]:
    """Write a file for each day; yields the day's number and its rows."""
    place.mkdir(parents=True, exist_ok=True)
    names = [column.name for column in columns_of(model, "events")]
    for day in range(DAYS):
        size = count // DAYS + (day < count % DAYS)
        rows = _day(day, size)
        empty = [pl.lit(None).alias(name) for name in names if name not in rows.columns]
        rows.with_columns(empty).select("timestamp_ms", *names).write_csv(
            place / f"{day:02}.tsv", separator="\t", include_header=False, null_value="", quote_style="never"
        )
        yield day, size


def load(model: Model, place: Path, coordinator: str, heard: Any) -> int:
    """Rows that Druid made of the files in *place*; *heard* is told how it goes."""
    spec = batch_spec(model, "events", folder(str(place), "*.tsv"), interval())
    # As ``compact_after`` leaves what is older.
    spec["spec"]["dataSchema"]["granularitySpec"]["segmentGranularity"] = "DAY"
    columns = ["timestamp_ms", *(column.name for column in columns_of(model, "events"))]
    spec["spec"]["ioConfig"]["inputFormat"] = {"type": "tsv", "columns": columns, "findColumnsFromHeader": False}
    task = _call(f"{coordinator}/druid/indexer/v1/task", spec)["task"]
    began_s = time.monotonic()
    while (state := _call(f"{coordinator}/druid/indexer/v1/task/{task}/status")["status"])["status"] == "RUNNING":
        heard(f"Druid reads the files, {time.monotonic() - began_s:.0f} s")
        time.sleep(2)
    report = _call(f"{coordinator}/druid/indexer/v1/task/{task}/reports")
    if state["status"] != "SUCCESS":
        raise SystemExit(f"Druid's task ended as {state['status']}: {state.get('errorMsg')}")
    built = report["ingestionStatsAndErrors"]["payload"]["rowStats"]["buildSegments"]
    if built["thrownAway"] or built["unparseable"] or built["processedWithError"]:
        raise SystemExit(f"Druid did not take all rows: {built}")
    return int(built["processed"])


def _call(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=60) as answer:
        return json.load(answer)


def _day(day: int, size: int) -> pl.DataFrame:
    """The events of one day, sorted by time."""
    random = np.random.default_rng(1_000 + day)
    lengths = 1 + random.geometric(1 / 5.5, size=size // 4 + 10)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), size) + 1]
    sessions = len(lengths)
    # Squared: a tenth of the visitors makes a third of the sessions.
    visitor = (VISITORS * random.random(sessions) ** 2).astype(np.int64)
    hour = random.choice(24, sessions, p=_NOON / _NOON.sum())
    start = _START_MS + day * DAY_MS + hour * 3_600_000 + random.integers(0, 3_600_000, sessions)
    of = np.repeat(np.arange(sessions), lengths)[:size]
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    step = np.arange(size) - first[of]
    moment = start[of] + step * 25_000 + random.integers(0, 20_000, size)
    rows = {"timestamp_ms": moment, "received_ms": moment + 120, "first_in_session": (step == 0).astype(np.int64)}
    rows |= (
        _of_visitors(visitor[of])
        | _of_sessions(random, day, of, sessions, visitor)
        | _of_events(random, day, of, size, step)
    )
    return pl.DataFrame(rows).sort("timestamp_ms")


def _of_visitors(visitor: np.ndarray) -> dict[str, Any]:
    """What a visitor keeps; drawn from its number, so that it is the same on every day."""
    drawn = [((visitor * prime) % 10_007) / 10_007 for prime in (7_919, 6_101, 5_233, 4_409, 3_571, 2_203)]
    born = _START_MS - (visitor * 7_919 % 400) * DAY_MS // 2 + (visitor % (DAYS * 2)) * DAY_MS // 2
    ids = pl.Series(
        [
            f"0:{_base36(int(one))}:{number:06x}{number * 2_654_435_761 % 2**40:010x}"
            for number, one in _unique(visitor, born)
        ]
    )
    places = _inverse(visitor)
    country = _skewed(drawn[0], len(_COUNTRIES), 1.8)
    return {
        "party_id": ids.gather(places),
        "party_number": party_numbers(party_keys(ids)).gather(places),
        "country": _named(_COUNTRIES, country),
        "city": _numbered("City", (country * 13 + _skewed(drawn[1], 13, 2)) % _CITIES),
        "browser": _named(_BROWSERS, _skewed(drawn[2], len(_BROWSERS), 2)),
        "browser_version": pl.Series((110 + _skewed(drawn[3], 30, 1.5)).astype(str)),
        "os": _named(_SYSTEMS, _skewed(drawn[3], len(_SYSTEMS), 1.4)),
        "device_type": _named(_DEVICES, _skewed(drawn[4], len(_DEVICES), 1.6)),
        "viewport_width": 360 + _skewed(drawn[4], 20, 1.2) * 80,
        "viewport_height": 640 + _skewed(drawn[5], 12, 1.2) * 60,
        "user_id": _where(ids.gather(places).str.slice(-16), drawn[5] < 0.15),
        "is_bot": (drawn[1] > 0.97).astype(np.int64),
    }  # fmt: skip


def _of_sessions(
    random: np.random.Generator, day: int, of: np.ndarray, sessions: int, visitor: np.ndarray
) -> dict[str, Any]:
    """What a session keeps: where it came from."""
    channel = _skewed(random.random(sessions), len(_CHANNELS), 1.7)
    campaign = _skewed(random.random(sessions), _CAMPAIGNS, 2.0)
    has = np.isin(channel, (2, 3, 4))[of]
    ids = pl.Series([f"s{day:02}-{number * 2_654_435_761 % 2**40}" for number in range(sessions)]).gather(of)

    return {
        "session_id": ids,
        "collector_session_id": ids,
        "channel": _named(_CHANNELS, channel[of]),
        "utm_source": _where(_named(_SOURCES, (campaign % len(_SOURCES))[of]), has),
        "utm_medium": _where(_named(_MEDIA, (campaign % len(_MEDIA))[of]), has),
        "utm_campaign": _where(_numbered("campaign", campaign[of]), has),
        "referrer_source": _numbered("site", _skewed(random.random(sessions), 150, 3)[of]),
        "referrer_medium": _named(_CHANNELS, channel[of]),
        "is_conversion": np.zeros(len(of), np.int64),
    }


def _of_events(random: np.random.Generator, day: int, of: np.ndarray, size: int, step: np.ndarray) -> dict[str, Any]:
    """What each event says."""
    kind = np.where(step == 0, 0, random.choice(len(_EVENTS), size, p=_SHARES))
    page = _skewed(random.random(size), PAGES, 3.2)
    product = _skewed(random.random(size), _PRODUCTS, 2.5)
    term = _skewed(random.random(size), _TERMS, 2.5)
    path = _numbered("/shop/page", page)
    purchase, about = kind == 6, np.isin(kind, (1, 4, 6))
    price = np.round(5 + 4_000 / (20 + product), 2)
    number = pl.Series((np.arange(size, dtype=np.int64) + day * 10**8) * 2_654_435_761 % 2**53).cast(pl.String)

    return {
        "event": _named(_EVENTS, kind),
        "event_id": number,
        "pageview_id": "p" + pl.Series(of * 7 + step // 3).cast(pl.String),
        "page_path": path,
        "page_host": _named(("shop.example",), np.zeros(size, np.int64)),
        "page_url": _numbered("https://shop.example/shop/page", page),
        "product_id": _where(_numbered("P", product), about),
        "category": _where(_numbered("category", product % 25), about),
        "price": _where(price, about),
        "query": _where(_numbered("term", term), kind == 3),
        "results": _where(np.where(term % 9 == 0, 0, term % 50), kind == 3),
        "revenue": _where(np.round(price * (1 + step % 3), 2), purchase),
        "order_id": _where("O" + number, purchase),
        "is_late": np.zeros(size, np.int64),
        "time_clamped": np.zeros(size, np.int64),
    }


def _where(values: pl.Series | np.ndarray, has: np.ndarray) -> pl.Series:
    return pl.DataFrame({"value": values, "has": has}).select(pl.when("has").then("value")).to_series()


def _skewed(drawn: np.ndarray, count: int, power: float) -> np.ndarray:
    """Places 0 to *count* - 1, the first ones most often."""
    return np.minimum((count * drawn**power).astype(np.int64), count - 1)


def _named(names: tuple[str, ...], places: np.ndarray) -> pl.Series:
    return pl.Series(names).gather(places)


def _numbered(word: str, places: np.ndarray) -> pl.Series:
    return pl.Series([f"{word}-{number}" for number in range(int(places.max()) + 1)]).gather(places)


def _unique(visitor: np.ndarray, born: np.ndarray) -> Iterator[tuple[int, int]]:
    numbers, at = np.unique(visitor, return_index=True)
    return zip(numbers.tolist(), born[at].tolist(), strict=True)


def _inverse(visitor: np.ndarray) -> np.ndarray:
    return np.unique(visitor, return_inverse=True)[1]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits
