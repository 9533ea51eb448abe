"""Sending: every line arrives, in its visitor's order, whatever the collector does in between."""

import itertools
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import DkdError
from dkd.jobs.lanes import BODY_BYTES, BODY_EVENTS, Body, bodies, lanes
from dkd.jobs.lines import Line
from dkd.jobs.send import Reply, Sending


def line(body: str, party: str | None = "p", *, is_log: bool = False) -> Line:
    return Line(body.encode(), 0, party, is_timed=True, is_log=is_log)


def carried(*lanes: list[Line]) -> list[Iterator[Body]]:
    return [bodies(lines, f"run-{number}") for number, lines in enumerate(lanes)]


class Memory:
    """A collector that keeps what it takes; *moods* is what happens to the next requests."""

    where = "memory"

    def __init__(self, moods: list[int] | None = None) -> None:
        self.moods = moods or []
        self.taken: list[Body] = []
        self.tries: list[str] = []

    def close(self) -> None:
        pass

    def post(self, body: Body) -> Reply:
        self.tries.append(body.batch)
        mood = self.moods.pop(0) if self.moods else 200
        if mood in (0, 1):
            if mood == 1:  # taken, but the answer is lost
                self.taken.append(body)
            raise ConnectionError("gone")
        if mood != 200:
            return Reply(mood, problem=f"answers {mood}")
        self.taken.append(body)
        bad = sum(text.startswith(b"bad") for text in body.lines)
        return Reply(200, len(body.lines) - bad, Counter({"not_json": bad}) if bad else {})


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr("dkd.jobs.send._FIRST_WAIT_S", 0.001)


def test_a_lane_is_the_partition_that_kafka_would_choose():
    parties = [f"party-{n}" for n in range(200)] + ["é", "0:mi3:~x"]
    made = lanes([line(party, party) for party in parties], 7)
    with warnings.catch_warnings(action="ignore"):  # its import uses a deprecated function of Python's
        from kafka.partitioner.default import murmur2
    for number, lane in enumerate(made):
        assert all((murmur2(one.body) & 0x7FFFFFFF) % 7 == number for one in lane)
    assert sum(len(lane) for lane in made) == len(parties)


@given(st.lists(st.tuples(st.integers(0, 9000), st.booleans()), max_size=1200))
def test_bodies_hold_every_line_once_in_order_within_the_collectors_limits(shape):
    given_lines = [line(f"{n}:" + "x" * size, is_log=is_log) for n, (size, is_log) in enumerate(shape)]
    made = list(bodies(given_lines, "run"))
    for is_log in (False, True):
        sent = [text for body in made if body.is_log is is_log for text in body.lines]
        assert sent == [one.body for one in given_lines if one.is_log is is_log]
    assert all(0 < len(body.lines) <= BODY_EVENTS for body in made)
    assert all(len(b"\n".join(body.lines)) <= BODY_BYTES for body in made)
    assert len({body.batch for body in made}) == len(made)


@pytest.mark.parametrize("moods", [[], [503, 503], [0, 0, 0], [1], [429, 1, 502, 0]])
def test_what_was_not_answered_is_sent_again_as_the_same_batch(moods):
    wanted = [[line(f"{'bad' if n % 7 == 0 else 'ok'}{n}") for n in range(1300)]]
    memory = Memory([200, *moods])
    with Sending(lambda: memory, carried(*wanted)) as sending:
        assert sending.done(10)
    tally = sending.total
    assert (tally.sent, tally.accepted, tally.reasons["not_json"]) == (1300, 1114, 186)
    assert tally.in_doubt == 500 * len(moods)
    assert tally.waits_for == ""
    once = {body.batch: body for body in memory.taken}
    assert [text for body in once.values() for text in body.lines] == [one.body for one in wanted[0]]
    assert [key for key, _ in itertools.groupby(memory.tries)] == list(once)


def test_while_the_collector_is_away_the_lane_says_what_it_waits_for():
    memory = Memory([0] * 5000)
    with Sending(lambda: memory, carried([line("a")])) as sending:
        assert not sending.done(0.1)
        assert "run dkd up" in sending.total.waits_for


def test_a_body_that_is_too_long_for_the_collector_is_halved():
    memory = Memory([413, 413])
    with Sending(lambda: memory, carried([line(str(n)) for n in range(8)])) as sending:
        assert sending.done(10)
    assert [len(body.lines) for body in memory.taken] == [2, 2, 4]
    assert [text for body in memory.taken for text in body.lines] == [str(n).encode() for n in range(8)]


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_a_refusal_for_good_ends_the_replay(status):
    memory = Memory([status])
    with Sending(lambda: memory, carried([line("a")], [])) as sending:
        while not (lane := sending._lanes[0]).done():
            pass
        with pytest.raises(DkdError, match="DKD807"):
            sending.done(10)
    assert lane.done()
