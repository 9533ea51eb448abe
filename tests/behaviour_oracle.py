"""A crowd of visitors with ties, bots, wrong clocks and ids without one, and what plain Python says of what it did."""

import random
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from dkd.query.instead import Nothing

CROWD = "crowd"
"""The channel of every event, by which the crowd is told from whatever else a site has."""
NAMES = ("page_view", "cart", "purchase")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number):
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def crowd(start: datetime, days: int, visitors: int, seed: int = 3):
    """Events, with what Druid needs of them, and the rows of the sessions that they make, in order of time."""
    dice, events = random.Random(seed), []
    start_ms = round(start.timestamp() * 1000)
    for visitor in range(visitors):
        born_ms = start_ms + dice.randrange(-2 * 86_400_000, days * 86_400_000)
        party = f"0:{base36(born_ms)}:{visitor:06d}"
        if visitor % 11 == 0:
            party = f"server-{visitor}"
        elif visitor % 13 == 0:
            party = f"0:{base36(start_ms - 800 * 86_400_000)}:{visitor:06d}"
        elif visitor % 17 == 0:
            # A clock that goes two days fast.
            party = f"0:{base36(born_ms + 2 * 86_400_000)}:{visitor:06d}"
        for visit in range(dice.choice([1, 1, 2, 3])):
            begin_ms = max(start_ms, born_ms) + visit * dice.randrange(1, 3 * 86_400_000)
            for seq in range(dice.randrange(1, 9)):
                # Seconds only, so that many are at the same time.
                at_ms = begin_ms // 1000 * 1000 + dice.randrange(0, 30) * 1000
                events.append({
                    "event": dice.choice(NAMES), "timestamp_ms": at_ms, "party_id": party,
                    "session_id": None if dice.random() < 0.03 else f"s{visitor}-{visit}",
                    "event_id": f"c{visitor}-{visit}-{seq}", "page_path": f"/{dice.choice('abcd')}",
                    "channel": CROWD, "country": dice.choice(["NL", "DE", None]), "is_bot": visitor % 19 == 0,
                })  # fmt: skip
    end_ms = round((start + timedelta(days=days)).timestamp() * 1000)
    events = [one for one in events if one["timestamp_ms"] < end_ms]
    return sorted(events, key=lambda one: one["timestamp_ms"])


def people(events):
    return [one for one in events if not one["is_bot"]]


def by_unit(events, unit):
    """Lists of events by visitor or session, each in order of time."""
    name = {"visitor": "party_id", "session": "session_id"}[unit]
    kept = sorted((one for one in events if one[name]), key=lambda one: (one[name], one["timestamp_ms"]))
    return {key: list(own) for key, own in groupby(kept, key=lambda one: one[name])}


def depth(events, names, window_ms, any_order):
    """How many steps somebody did, by trying every choice of events."""
    found = 0
    for count in range(1, len(names) + 1):
        if not _can(events, names[:count], window_ms, any_order):
            break
        found = count
    return found


def _can(events, names, window_ms, any_order):
    ways = [()]
    for name in names:
        times = [one["timestamp_ms"] for one in events if name is None or one["event"] == name]
        ways = {(*way, at) for way in ways for at in times if any_order or not way or at > way[-1]}
        # Only where a way began and where it is now matter to what can follow.
        ways = {(min(way), way[-1]) if not any_order else (min(way), max(way)) for way in ways}
        if window_ms is not None:
            ways = {way for way in ways if max(way) - min(way) <= window_ms}
    return bool(ways)


def entry(events, name, dimension):
    """The value of the first event of the first step; of two at one time the one that comes first in order."""
    first = [one for one in events if name is None or one["event"] == name]
    at_ms = min(one["timestamp_ms"] for one in first)
    values = [one[dimension] for one in first if one["timestamp_ms"] == at_ms]
    return min(values, key=lambda value: (value is None, value or ""))


def funnel(events, funnel_, window_ms):
    """How many did each step, in all and by the value of the split."""
    names = [step.event for step in funnel_.steps]
    total, parts = [0] * len(names), {}
    for own in by_unit(people(events), funnel_.unit).values():
        reached = depth(own, names, window_ms, funnel_.any_order)
        if not reached:
            continue
        value = entry(own, names[0], funnel_.split) if funnel_.split else None
        for seq in range(reached):
            total[seq] += 1
            parts.setdefault(value, [0] * len(names))[seq] += 1
    return total, parts


def instead(events, funnel_, window_ms):
    """What those who did the first step alone did next: the first event after their first first step."""
    names, found = [step.event for step in funnel_.steps], {}
    for own in by_unit(people(events), funnel_.unit).values():
        if depth(own, names, window_ms, funnel_.any_order) != 1:
            continue
        begin_ms = min(one["timestamp_ms"] for one in own if names[0] in (None, one["event"]))
        later = [one for one in own if one["timestamp_ms"] > begin_ms]
        next_ = min(later, key=lambda one: (one["timestamp_ms"], one["event_id"]), default=None)
        if next_ is not None and window_ms is not None and next_["timestamp_ms"] - begin_ms > window_ms:
            next_ = None
        key = Nothing.none if next_ is None else (next_["event"], next_["page_path"])
        found[key] = found.get(key, 0) + 1
    return found


def retention(events, starts, question, grain, back):
    """By cohort: size, those seen later, and how many were back in each period; and those before and unknown."""
    place, start_ms = ZoneInfo(question.zone), question.span.start.timestamp() * 1000

    def period(at_ms):
        day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(place).date()
        return day if grain == "P1D" else day - timedelta(days=day.weekday())

    labels = [start.astimezone(place).date() for start in starts]
    found = {label: [0, 0, [0] * len(labels)] for label in labels}
    before = unknown = 0
    for party, own in by_unit(people(events), "visitor").items():
        first_ms = own[0]["timestamp_ms"]
        middle = party.split(":")[1] if party.startswith("0:") else None
        born_ms = int(middle, 36) if middle else None
        if born_ms is None or first_ms - born_ms > 730 * 86_400_000:
            unknown += 1
            continue
        cohort = period(min(born_ms, first_ms))
        if min(born_ms, first_ms) < start_ms:
            before += 1
        elif cohort != period(first_ms):
            found[cohort][1] += 1
        else:
            found[cohort][0] += 1
            for label in {period(one["timestamp_ms"]) for one in own if back is None or one["event"] == back}:
                found[cohort][2][labels.index(label)] += 1
    return found, before, unknown


def walks(events):
    """Pages of each session in order of time, then of the ids."""
    for own in by_unit(people(events), "session").values():
        ordered = sorted(own, key=lambda one: (one["timestamp_ms"], one["event_id"]))
        yield [one["page_path"] for one in ordered], 1
