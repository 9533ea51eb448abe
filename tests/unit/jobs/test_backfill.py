"""A backfill without a stack: rows of an interval, the journal, and batches that fail, stop and miscount."""

import json
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from crowd import crowd
from session_script import sessions
from stream_site import Writer, loop_on, memory, run_out, written

from dkd.collect.events import YEAR_2100_MS
from dkd.enrich.resources import open_resources
from dkd.errors import DkdError, PartlyError, RefusedError, UsageError
from dkd.jobs.backfill import Here, Wanted, planned
from dkd.jobs.backfill_journal import Journal
from dkd.jobs.backfill_load import Load, require_free
from dkd.jobs.backfill_rows import ROWS, Account, Place, Rows, kept_lines
from dkd.jobs.collected import Collector
from dkd.jobs.fit import closing_ms
from dkd.jobs.gaps import Asked, Shared, tried, with_gap, with_split
from dkd.jobs.hours import Hours, Kept
from dkd.jobs.offline import Given, enriched, work_of
from dkd.jobs.raw_records import kept_raw, require_kept
from dkd.local.progress import Silent
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.model.types import duration
from dkd.settings import settings
from dkd.stream.reader import Found, Range
from dkd.stream.records import Batch, Record, tick_record
from dkd.stream.source import Limits
from dkd.systems.druid.loading import Ended, Loaded, Span

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 20_500 * DAY_MS
INTERVAL = Span(START_MS, START_MS + DAY_MS)
RECEIVED_MS = START_MS + 9 * DAY_MS
NOWHERE = Path("no such folder")
ALL = Loaded(3, 0, 0)


@pytest.fixture(scope="module")
def model():
    return load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")


@pytest.fixture(scope="module")
def where(model):
    return settings(model, "local", {"DKD_PSEUDONYM_KEY": "a key of tests"}, 26_000)


@pytest.fixture(scope="module")
def work(model, where):
    return work_of(model, where.pseudonym_key, NOWHERE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A day with the six hours before and after it, in no order at all."""
    found = crowd(
        tmp_path_factory.mktemp("crowd") / "a.ndjson", START_MS - 6 * HOUR_MS, 36 * HOUR_MS, 4_000, 300, seed=3
    )
    lines = found.file.read_text("utf-8").splitlines()
    random.Random(5).shuffle(lines)
    found.file.write_text("\n".join(lines), "utf-8")
    return found


def rows_in(path: Path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_records_come_out_by_time_and_none_is_lost(tmp_path):
    chance = random.Random(1)
    kept = [Kept(chance.randrange(3 * DAY_MS), b"%d" % n, n % 2 == 0, n, b"k" * (n % 3)) for n in range(2_000)]
    hours = Hours(tmp_path / "hours")
    for one in kept:
        hours.add(one)
    found = list(hours)
    assert sorted(found) == sorted(kept)
    assert all(one.time_ms <= other.time_ms for one, other in pairwise(found))
    assert list(hours) == found


def test_rows_are_those_of_an_independent_script_whatever_the_order_of_the_file(made, model, where, work, tmp_path):
    place = Place(tmp_path / "rows", tmp_path / "rejects.ndjson")
    lines = kept_lines([str(made.file)], None, model, where, Silent())
    account = Rows(INTERVAL, work, place, Silent()).of_lines(lines, Collector(model, where, RECEIVED_MS))
    texts = dict.fromkeys(made.file.read_text("utf-8").splitlines())
    good = [json.loads(line) for line in texts if line not in {broken for broken, _ in made.broken}]
    inside = [one for one in good if INTERVAL.start_ms <= one["timestamp_ms"] < INTERVAL.end_ms]
    events = rows_in(place.rows / "events" / ROWS)
    names = ("party_id", "timestamp_ms", "event")
    told, wanted = (Counter(tuple(one[name] for name in names) for one in some) for some in (events, inside))
    assert told == wanted
    own = [row for row in sessions(made.file, (line for line, _ in made.broken))
           if INTERVAL.start_ms <= int(str(row[1])) < INTERVAL.end_ms]  # fmt: skip
    found = rows_in(place.rows / "sessions" / ROWS)
    assert Counter((one["party_id"], one["start_ms"], one["end_ms"], one["event_count"]) for one in found) == Counter(
        row[:4] for row in own
    )
    rejects = rows_in(place.rejects)
    assert Counter((one["line"], one["reason"]) for one in rejects) == Counter(made.broken)
    assert account.closes
    assert (account.read, account.duplicates, account.collector_rejects) == (made.lines, made.repeats, len(made.broken))
    assert account.around == len(good) - len(inside) > 0
    # A session that began the day before is not loaded, and its events of the day bear its id.
    assert {one["session_id"] for one in events} > {one["session_id"] for one in found}


def test_lines_far_from_the_interval_are_counted_and_not_looked_at(model, where, work, tmp_path):
    lines = [Kept(START_MS + n * DAY_MS, b"no JSON") for n in (-9, 0, 9)]
    place = Place(tmp_path / "rows", tmp_path / "rejects.ndjson")
    account = Rows(INTERVAL, work, place, Silent()).of_lines(lines, Collector(model, where, RECEIVED_MS))
    assert (account.read, account.outside, account.collector_rejects, account.events) == (3, 2, 1, 0)
    assert account.closes
    assert [one["line"] for one in rows_in(place.rejects)] == ["no JSON"]


def raw_of(made, model, where, folder: Path):
    hours = Hours(folder)
    for kept in kept_lines([str(made.file)], None, model, where, Silent()):
        hours.add(kept)
    return list(Collector(model, where, RECEIVED_MS).records(iter(hours)))


class Raw:
    """A raw topic of two partitions in memory, whose first *low* offsets of the second were deleted."""

    def __init__(self, given, low: int = 0) -> None:
        self._records = [
            Found(n % 2, n // 2, Record(one.key, one.value, one.received_ms)) for n, one in enumerate(given)
        ]
        # No event, and no record with a value.
        self._records.append(Found(0, len(given), tick_record(START_MS, START_MS)))
        self._low = low

    def ranges(self, _: str) -> dict[int, Range]:
        return {0: Range(0, len(self._records)), 1: Range(self._low, len(self._records))}

    def to_end(self, _: str, starts):
        return (one for one in self._records if one.offset >= starts.get(one.partition, len(self._records)))


def test_what_raw_holds_gives_the_rows_of_the_files_that_it_came_from(made, model, where, work, tmp_path):
    given = raw_of(made, model, where, tmp_path / "hours")
    random.Random(6).shuffle(given)
    places = [Place(tmp_path / name / "rows", tmp_path / f"{name}.ndjson") for name in ("files", "raw")]
    lines = kept_lines([str(made.file)], None, model, where, Silent())
    of_lines = Rows(INTERVAL, work, places[0], Silent()).of_lines(lines, Collector(model, where, RECEIVED_MS))
    kept = kept_raw(Raw(given), model, work.decoder, Silent())
    of_raw = Rows(INTERVAL, work, places[1], Silent()).of_raw(kept)
    for kind in ("events", "sessions"):
        assert Counter(map(str, rows_in(places[1].rows / kind / ROWS))) == Counter(
            map(str, rows_in(places[0].rows / kind / ROWS))
        )
    assert (of_raw.closes, of_raw.read) == (True, of_lines.read - of_lines.collector_rejects)
    assert (of_raw.events, of_raw.sessions, of_raw.around) == (of_lines.events, of_lines.sessions, of_lines.around)


def test_a_clock_that_is_ahead_leaves_its_event_where_the_live_stream_had_it(model, work, tmp_path):
    """A year ahead is set to the receipt; nothing else of the interval may move, or an again would lose the event."""
    writer, noon_ms = Writer(model), START_MS + DAY_MS // 2
    ahead_ms = {"sound": -1_000, "a minute ahead": 60_000, "a year ahead": 365 * DAY_MS}
    given = [
        Given(b"p", writer.value({"timestamp": noon_ms, "clientTimestamp": noon_ms + ms, "partyId": f"p{ms}",
                                  "eventId": name, "eventType": "page_view"}), noon_ms)
        for name, ms in ahead_ms.items()
    ]  # fmt: skip
    kept = list(kept_raw(Raw([*given, Given(b"p", b"junk", noon_ms)]), model, work.decoder, Silent()))
    assert [one.time_ms - noon_ms for one in kept[:3]] == [-1_000, 60_000, 0]
    assert kept[3].time_ms == YEAR_2100_MS
    place = Place(tmp_path / "rows", tmp_path / "rejects.ndjson")
    account = Rows(INTERVAL, work, place, Silent()).of_raw(kept)
    assert (account.events, account.outside, account.rejects) == (3, 0, 1)
    shared = Shared(b"a key", NOWHERE, open_resources(model))
    asked = Asked((), duration("24h"), with_bots=True)
    assert tried(kept, asked, model, asked.models(model), shared).found[0].sessions == 3


def test_raw_that_begins_too_late_is_refused(made, model, where, tmp_path):
    given = raw_of(made, model, where, tmp_path / "hours")
    require_kept(Raw(given), model, START_MS)
    require_kept(Raw(given, low=5), model, RECEIVED_MS)
    with pytest.raises(RefusedError, match="DKD697"):
        require_kept(Raw(given, low=5), model, RECEIVED_MS - 1)


def test_offline_rows_are_byte_for_byte_those_of_the_live_loop(made, model, where, work, tmp_path):
    given = raw_of(made, model, where, tmp_path / "hours")
    parts = list(enriched(given, work))
    ended_ms = START_MS + 30 * HOUR_MS + closing_ms(model.enrich.timing)
    one = model.model_copy(update={"topics": model.topics.model_copy(update={"partitions": 1})})
    store = memory(one, [*(Record(raw.key, raw.value, raw.received_ms) for raw in given), tick_record(ended_ms, 1)])
    run_out(loop_on(store, work), store, Limits(777))
    live = {kind: [record.value for record in found] for (kind, number), found in written(store).items() if not number}
    assert [row for part in parts for row in part.clean] == live["clean"]
    assert sorted(row for part in parts for row in part.sessions) == sorted(live["sessions"])


def test_gaps_are_compared_as_a_plain_walk_over_the_events_does(made, model, where, work, tmp_path):
    given = raw_of(made, model, where, tmp_path / "hours")
    times: dict[bytes, list[int]] = {}
    kept, seen = [], set()
    for part in enriched(given, work):
        for row in map(json.loads, part.clean):
            times.setdefault(row["party_id"], []).append(row["timestamp_ms"])
    for raw, time_ms in zip(given, work.decoder.decode(batch_of(given)).frame["client_ms"].to_list(), strict=True):
        kept.append(Kept(time_ms, raw.value, False, raw.received_ms, raw.key or b""))
        seen.add(time_ms)
    gaps = [duration(text) for text in ("5m", "30m", "1h")]
    shared = Shared(where.pseudonym_key, NOWHERE, open_resources(model))
    asked = Asked(tuple(gaps), duration("24h"), with_bots=True)
    found = tried(kept, asked, model, [with_gap(model, gap) for gap in gaps], shared)
    start_ms = max(seen) + 1 - DAY_MS
    for gap, under in zip(gaps, found.found, strict=True):
        opened = [
            time_ms
            for own in map(sorted, times.values())
            for before, time_ms in pairwise([-DAY_MS, *own])
            if time_ms - before > gap.total_seconds() * 1000 and time_ms >= start_ms
        ]
        assert under.sessions == len(opened)
        assert under.is_model == (under.gap == "30m")
    counts = [under.sessions for under in found.found]
    assert counts[0] > counts[1] > counts[2]
    with pytest.raises(UsageError, match="DKD707"):
        with_gap(model, duration("24h"))


def test_splits_are_compared_as_a_plain_walk_over_the_events_does(made, model, where, work, tmp_path):
    given = raw_of(made, model, where, tmp_path / "hours")
    rows = [json.loads(row) for part in enriched(given, work) for row in part.clean]
    rows.sort(key=lambda row: (row["party_id"], row["timestamp_ms"], row["event"] == "purchase"))
    times = work.decoder.decode(batch_of(given)).frame["client_ms"].to_list()
    kept = [Kept(time_ms, raw.value, False, raw.received_ms, raw.key or b"")
            for raw, time_ms in zip(given, times, strict=True)]  # fmt: skip
    shared = Shared(where.pseudonym_key, NOWHERE, open_resources(model))
    splits = ("purchase", "midnight", "midnight+purchase")
    asked = Asked((), duration("24h"), with_bots=True, splits=splits, zone="Asia/Tokyo")
    found = tried(kept, asked, model, asked.models(model), shared).found
    start_ms, gap_ms, tokyo_ms = max(times) + 1 - DAY_MS, 30 * 60_000, 9 * 3_600_000
    wanted = dict.fromkeys(["", *splits], 0)
    for before, row in pairwise([{"party_id": None, "timestamp_ms": 0}, *rows]):
        last_ms, time_ms = before["timestamp_ms"], row["timestamp_ms"]
        is_silent = before["party_id"] != row["party_id"] or time_ms - last_ms > gap_ms
        is_next_day = (last_ms + tokyo_ms) // DAY_MS != (time_ms + tokyo_ms) // DAY_MS
        is_event = row["event"] == "purchase"
        parts = {"": False, "purchase": is_event, "midnight": is_next_day, "midnight+purchase": is_event or is_next_day}
        for name, is_parted in parts.items():
            wanted[name] += (is_silent or is_parted) and time_ms >= start_ms
    assert {one.split_on: one.sessions for one in found} == wanted
    assert len(set(wanted.values())) == 4
    assert [one.is_model for one in found] == [True, False, False, False]
    with pytest.raises(UsageError, match="DKD707"):
        with_split(model, "purchases", "UTC")


@pytest.mark.parametrize("splits", [(), ("campaign",), ("midnight",)])
def test_an_unknown_zone_is_told_before_anything_is_read(model, splits):
    with pytest.raises(UsageError, match=r"--zone.*Mars/Olympus.*DKD707"):
        Asked((), duration("24h"), with_bots=True, splits=splits, zone="Mars/Olympus").models(model)


def batch_of(given):
    values = [raw.value for raw in given]
    return Batch(0, range(len(values)), [None] * len(values), values, [0] * len(values))


@pytest.mark.parametrize(
    ("interval", "code"),
    [
        ("2026-05-01/2026-05-01T05:00Z", "DKD695"),
        ("2026-05-02/2026-05-01", "DKD695"),
        ("yesterday", "DKD695"),
        ("2090-05-01/2090-05-02", "DKD696"),
        ("2003-05-01/2003-05-02", "DKD696"),
    ],
)
def test_an_interval_that_does_not_fit_is_refused_before_anything_is_asked(model, where, tmp_path, interval, code):
    file = tmp_path / "a.ndjson"
    file.write_text("{}")
    with pytest.raises((UsageError, RefusedError), match=code):
        planned(Wanted([str(file)], interval), Here(tmp_path, model, where, NOWHERE), Silent())
    assert not (tmp_path / ".dkd").exists()


def test_the_journal_of_a_stopped_run_is_gone_on_with_and_that_of_a_finished_one_is_not(tmp_path):
    journal = Journal.of(tmp_path / "run").begun().with_account(Account(read=3, reasons={"late": 1}))
    journal = journal.with_stored({"events": 7}).with_attempt("events").with_loaded("events")
    again = Journal.of(tmp_path / "run")
    assert again == journal
    assert again.begun() == journal
    assert again.with_stored({"events": 99}).stored == {"events": 7}
    fresh = again.done().begun()
    assert (fresh.account, fresh.loaded, fresh.stored, fresh.attempts) == (None, (), None, {"events": 1})


class Batches:
    """Druid's batches in memory; *ends* tells how each ends, in the order of their start."""

    def __init__(self, *ends: str, loaded: Loaded | None = ALL) -> None:
        self.ends, self._loaded = list(ends), loaded
        self.started: dict[str, str] = {}
        self.locks: dict[str, list[Span]] = {}

    def held(self, datasource: str, but: str) -> list[Span]:
        return self.locks.get(datasource, [])

    def ended(self, task_id: str) -> Ended | None:
        return Ended(self.started[task_id], "") if task_id in self.started else None

    def start(self, task_id: str, spec) -> None:
        end = self.ends.pop(0)
        if end == "lost":
            raise DkdError("DKD703", where="Druid", problem="cannot be reached")
        assert task_id not in self.started
        self.started[task_id] = end
        if end == "killed":
            self.started[task_id] = "SUCCESS"
            raise KeyboardInterrupt

    def loaded(self, task_id: str) -> Loaded | None:
        return self._loaded


def run(batches: Batches, here: Here, count: int = 3) -> Journal:
    journal = Journal.of(here.project / "run")
    return Load(here, INTERVAL, Silent()).run(batches, {}, "events", count, journal)


@pytest.mark.parametrize(("ends", "stopped", "names"), [
    (["SUCCESS"], [], ["run_shop_events_1"]),
    (["FAILED", "SUCCESS"], [PartlyError], ["run_shop_events_1", "run_shop_events_2"]),
    (["lost", "SUCCESS"], [PartlyError], ["run_shop_events_1"]),
    (["killed"], [KeyboardInterrupt], ["run_shop_events_1"]),
])  # fmt: skip
def test_a_batch_is_started_once_whatever_stops_it(model, where, tmp_path, ends, stopped, names):
    here, batches = Here(tmp_path, model, where, NOWHERE), Batches(*ends)
    for error in stopped:
        with pytest.raises(error):
            run(batches, here)
    assert run(batches, here).loaded == ("events",)
    assert run(batches, here).loaded == ("events",)
    assert list(batches.started) == names


@pytest.mark.parametrize("loaded", [Loaded(2, 0, 0), Loaded(3, 1, 0), Loaded(3, 0, 1), None])
def test_rows_that_druid_counts_otherwise_are_said(model, where, tmp_path, loaded):
    with pytest.raises(DkdError, match="DKD699"):
        run(Batches("SUCCESS", loaded=loaded), Here(tmp_path, model, where, NOWHERE))


def test_an_interval_that_a_task_holds_is_refused(model):
    batches = Batches()
    batches.locks["shop_sessions"] = [Span(INTERVAL.end_ms, INTERVAL.end_ms + 1)]
    require_free(batches, INTERVAL, model, ("events", "sessions"), "run_")
    batches.locks["shop_sessions"] = [Span(INTERVAL.end_ms - 1, INTERVAL.end_ms + 1)]
    with pytest.raises(RefusedError, match="DKD696"):
        require_free(batches, INTERVAL, model, ("events", "sessions"), "run_")


def test_a_remote_druid_gets_few_rows_inside_the_task_and_many_only_by_a_folder(model, where, tmp_path):
    load_far = Load(Here(tmp_path, model, replace(where, target="prod"), NOWHERE), INTERVAL, Silent())
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / ROWS).write_text('{"a":"ü"}\n', "utf-8")
    assert load_far.source(tmp_path, "events", has_folder=False) == {"type": "inline", "data": '{"a":"ü"}\n'}
    with (tmp_path / "events" / ROWS).open("ab") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(RefusedError, match="DKD698"):
        load_far.source(tmp_path, "events", has_folder=False)
    assert load_far.source(tmp_path, "events", has_folder=True)["baseDir"] == str(tmp_path / "events")
