"""Reasons by behaviour against a plain reading of the rules, event by event, and against every cut of the batch."""

from itertools import pairwise
from statistics import mean, pstdev

import numpy as np
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_form import both

from dkd.enrich import stretches
from dkd.enrich.behaviour import watched
from dkd.enrich.bots import texts_of
from dkd.enrich.kinds import KIND, kinds_of
from dkd.enrich.singles import PARTY, party_keys
from dkd.enrich.visitors import Visitors
from dkd.model.schema import Model

NOW_MS = 1_780_000_020_000
HORIZON_MS = 600_000
SHOP = Model.model_validate({"dkd": 1, "site": "shop", "events": {"page_view": {}}, "enrich": {"bots": {}}})
NAMES = ("page_view", "page_view", "page_view", "click", "scroll", "search")
STEPS_MS = (0, 100, 900, 1_000, 1_001, 4_000, 4_500, 4_800, 5_500, 60_000, 61_000, 600_001, -30_000)


def base36(number):
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


PARTIES = (f"0:{base36(NOW_MS)}:new", f"0:{base36(NOW_MS - 10_000_000)}:old", "no divolte id", "server")

moves = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(STEPS_MS), st.sampled_from(NAMES), st.integers(0, 2),
              st.integers(1, 25)),
    min_size=1, max_size=12,
)  # fmt: skip


def events(found):
    rows, at = [], dict.fromkeys(range(4), NOW_MS)
    for party, step_ms, name, page, times in found:
        for seq in range(times):
            at[party] += step_ms
            url = f"https://x.example/{page}/{seq if page else 0}"
            has = None if PARTIES[party] == "server" else "an agent"
            rows.append((PARTIES[party], name, at[party], url, has, None))
    frame = pl.DataFrame(rows, ["party_id", "event", "timestamp_ms", "page_url", "user_agent", "ip"], orient="row")
    watermark = frame["timestamp_ms"].cum_max()
    keys = [pl.Series(PARTY, party_keys(frame["party_id"])), pl.Series(KIND, kinds_of(frame["event"]))]
    frame = frame.with_columns(watermark.alias("?watermark"), *keys, pl.col("user_agent", "ip").cast(pl.String))
    return frame.filter(pl.col("timestamp_ms") >= pl.col("?watermark") - HORIZON_MS)


class Plain:
    """One visitor, by the letter of the rules."""

    def __init__(self):
        self.seen, self.flags = None, set()

    def begin(self):
        self.minute, self.counts = None, [0, 0]
        self.page, self.gap, self.even, self.burst = None, 0, [], 0
        self.viewed, self.clicks, self.flags = False, 0, set()

    def see(self, party, name, time, url, watermark):
        if self.seen is None or self.seen < watermark - HORIZON_MS:
            self.begin()
        self.seen = max(time, self.seen or time)
        minute, is_page = time // 60_000, name == "page_view"
        if self.minute is None or minute > self.minute:
            self.minute, self.counts = minute, [0, 0]
        if minute == self.minute:
            self.counts[0] += 1
            self.counts[1] += is_page
        if self.counts[0] > stretches.MOST_EVENTS:
            self.flags.add("rate_visitor")
        if self.counts[1] > stretches.MOST_PAGES:
            self.flags.add("pages_per_min")
        if name in ("click", "scroll"):
            self.burst = 0
        if is_page:
            self.turn(time, url)
        self.viewed = self.viewed or is_page
        if name == "click" and not self.viewed:
            self.clicks += 1
            born = int(party.split(":")[1], 36) if party.startswith("0:") else 0
            if self.clicks >= 2 and born >= watermark - HORIZON_MS:
                self.flags.add("click_before_view")
        return set(self.flags)

    def turn(self, time, url):
        if self.page is not None and time <= self.page[0]:
            return
        if self.page is not None:
            gap, other = time - self.page[0], url != self.page[1]
            self.burst = self.burst + 1 if other and gap <= 1_000 and self.idle else 0
            like = self.gap > 0 and abs(gap - self.gap) * 2 <= self.gap
            self.even = [*self.even, gap] if other and like and 200 <= gap <= 60_000 else []
            self.gap = gap
        self.page, self.idle = (time, url), True
        if self.burst >= stretches.BURST - 1:
            self.flags.add("burst")
        if len(self.even) >= stretches.EVEN and pstdev(self.even) <= 0.15 * mean(self.even):
            self.flags.add("no_variance")

    idle = True


def by_the_rules(frame):
    known, found = {}, []
    for row in frame.iter_rows(named=True):
        if row["user_agent"] is None:
            found.append(set())
            continue
        one = known.setdefault(row["party_id"], Plain())
        if row["event"] in ("click", "scroll"):
            one.idle = False
        found.append(one.see(row["party_id"], row["event"], row["timestamp_ms"], row["page_url"], row["?watermark"]))
    return found


def seen_by_both(batch, tables):
    return both(
        lambda: watched(batch, tables, HORIZON_MS, SHOP),
        lambda found: (found.reasons.tolist(), [rows.tobytes() for rows in found.changed]),
    )


def in_cuts(frame, cuts):
    edges, visitors, reasons = [0, *sorted({cut % (frame.height + 1) for cut in cuts}), frame.height], Visitors(), []
    for start, end in pairwise(edges):
        batch = frame[start:end]
        found = seen_by_both(batch, [(visitors, 0, batch.height)])
        reasons.append(found.reasons)
        if batch.height:
            visitors = visitors.plus(found.changed[0], batch["?watermark"][-1] - HORIZON_MS)
    return np.concatenate(reasons), visitors, frame["?watermark"][-1] - HORIZON_MS


@settings(max_examples=80, deadline=None)
@given(moves, st.lists(st.integers(0, 400), max_size=6))
@example([(0, 900, "page_view", 1, 3), (0, 100, "click", 1, 1), (0, 900, "page_view", 1, 19)], [4])
@example(
    [(0, 900, "page_view", 1, 3), (0, 100, "click", 1, 1), (0, 0, "search", 1, 1), (0, 900, "page_view", 1, 19)], [4, 5]
)
def test_reasons_follow_the_rules_whatever_the_cut(found, cuts):
    frame = events(found)
    reasons, visitors, since_ms = in_cuts(frame, cuts)
    assert [set((texts_of(int(bits)) or "").split(",")) - {""} for bits in reasons] == by_the_rules(frame)
    whole, at_once, _ = in_cuts(frame, [])
    assert (whole == reasons).all()
    assert visitors.since(since_ms).tobytes() == at_once.since(since_ms).tobytes()


@settings(max_examples=25, deadline=None)
@given(moves, moves, st.integers(1, 9))
def test_visitors_restored_from_buckets_and_deltas_are_the_same(before, after, count):
    first, second = events(before), events(after)
    _, visitors, since_ms = in_cuts(first, [1, 5, 30])
    buckets = [(0, visitors.bucket(index, count, since_ms)) for index in range(count)]
    found = watched(second, [(visitors, 0, second.height)], HORIZON_MS, SHOP).changed[0]
    restored = Visitors.restored([*buckets, (1, found)])
    assert restored.since(since_ms).tobytes() == visitors.plus(found, since_ms).since(since_ms).tobytes()


@settings(max_examples=40, deadline=None)
@given(st.lists(moves, max_size=4), st.lists(moves, min_size=4, max_size=4))
def test_partitions_watched_together_are_as_each_alone(lanes, befores):
    """A party in two partitions is two visitors; a partition may have no event."""
    frames = [events(found) if place % 2 else events(found)[:0] for place, found in enumerate([*lanes, befores[0]] * 2)]
    tables = [in_cuts(events(befores[place % 4]), [])[1] for place in range(len(frames))]
    edges = list(pairwise([0, *np.cumsum([frame.height for frame in frames]).tolist()]))
    together = seen_by_both(pl.concat(frames), [(one, *edge) for one, edge in zip(tables, edges, strict=True)])
    for place, (frame, edge) in enumerate(zip(frames, edges, strict=True)):
        alone = watched(frame, [(tables[place], 0, frame.height)], HORIZON_MS, SHOP)
        assert (together.reasons[slice(*edge)] == alone.reasons).all()
        assert together.changed[place].tobytes() == alone.changed[0].tobytes()
