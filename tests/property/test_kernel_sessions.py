"""The compiled kernel of sessions and behaviour gives what the plain forms give, and never leaves what it was given."""

import numpy as np
import polars as pl
import pytest
import test_session_laws as laws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_form import both

from dkd import kernel
from dkd.enrich.dedup import Entries, Seen
from dkd.enrich.hashing import hashed
from dkd.enrich.rules import Rules
from dkd.enrich.runs import ROW, Pieces, Run, merged_runs
from dkd.enrich.segments import Ordered, ordered
from dkd.enrich.visitors import VISITOR, Visitors, no_rows

pytestmark = pytest.mark.skipif(not kernel.IS_COMPILED, reason="there was no C compiler when dkd was installed")

TEXT = b"one two three"
ENDS = np.array([3, 4, 13])


@settings(max_examples=laws.examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(laws.scenes(), st.lists(st.integers(1, 21), max_size=4), st.integers(2, 9))
def test_rows_and_state_are_those_of_the_plain_forms(scene, cuts, most_events):
    for most in (10_000, most_events):
        setup = laws.ruled(scene.times, most)
        both(
            lambda setup=setup: laws.ran(setup, scene.stream, cuts),
            lambda run: (run.clean, run.sessions, run.records),
        )


@st.composite
def tables(draw) -> tuple[np.ndarray, np.ndarray]:
    """Pieces by party and time, and events in offset order, of few parties and times, so that all meet."""
    keys, times, more = st.integers(1, 4), st.integers(1_000, 1_060), st.integers(0, 30)
    held = sorted(draw(st.lists(st.tuples(keys, times, more, st.integers(1, 6), st.booleans()), max_size=7)))
    came = draw(st.lists(st.tuples(keys, times, st.integers(0, 1), st.integers(0, 3)), max_size=14))
    rows, events = np.zeros(len(held), ROW), np.zeros(len(came), ROW)
    for row, (key, start, length, count, linked) in zip(rows, held, strict=True):
        row["key"], row["start_ms"], row["end_ms"], row["events"] = key, start, start + length, count
        row["origin_ms"], row["linked"] = start, linked and start % 5 == 0
    for row, (key, time, inside, tie) in zip(events, came, strict=True):
        row["key"], row["start_ms"], row["end_ms"], row["origin_ms"] = key, time, time, time
        row["events"], row["inside"], row["first_tie"], row["origin_tie"] = 1, inside, tie, tie
    return rows, events


def settled_at_once(found: Ordered, held: int) -> object:
    """What is told of the parties that are not left to the rules one by one."""
    mine = found.groups[held:] >= 0
    texts = (found.groups, found.is_first, found.origins[mine], found.ends, found.openers, found.slow)
    return [one.tolist() for one in texts]


@settings(max_examples=400, deadline=None)
@given(tables(), st.integers(1, 20), st.integers(1, 40), st.integers(2, 8))
def test_events_are_put_in_order_as_by_the_plain_form(found, gap, more, most_events):
    rows, events = found
    rules = Rules(gap_ms=gap, grace_ms=gap // 2, cap_ms=gap + gap // 2 + more, most_events=most_events)
    both(lambda: ordered(rows, events, rules), lambda one: settled_at_once(one, len(rows)))


@st.composite
def runs(draw) -> list[Run]:
    """Runs that know some parties more than once, and of some that they are gone."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        held = sorted(
            draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.binary(max_size=4)), max_size=9))
        )
        rows = np.zeros(len(held), ROW)
        for row, (key, events, blob) in zip(rows, held, strict=True):
            row["key"], row["events"], row["party_bytes"] = key, events, len(blob)
        found.append(Run.of(Pieces(rows, [blob for *_, blob in held])))
    return found


@settings(max_examples=300, deadline=None)
@given(runs(), st.booleans(), st.data())
def test_runs_merge_and_are_read_as_by_the_plain_form(found, is_whole, data):
    whole = both(
        lambda: merged_runs(found, is_whole=is_whole),
        lambda run: (run.rows.tobytes(), run.ends.tolist(), bytes(run.text)),
    )
    places = np.array(data.draw(st.lists(st.integers(0, max(len(whole) - 1, 0)), max_size=len(whole))), np.intp)
    both(lambda: whole.at(places), lambda pieces: (pieces.rows.tobytes(), pieces.blobs))


KNOWN = st.lists(st.dictionaries(st.integers(0, 12), st.integers(0, 30), max_size=8), max_size=7)


@settings(max_examples=200, deadline=None)
@given(KNOWN, st.lists(st.integers(0, 13), max_size=9), st.integers(0, 20))
def test_the_memory_of_dedup_grows_and_answers_as_by_the_plain_form(parts, asked, since_ms):
    def memory():
        found = Seen()
        for part in parts:
            found = found.plus(Entries.of(np.array([*part], np.uint64), np.array([*part.values()], np.int64)), since_ms)
        return found

    wanted = np.array(sorted(asked), np.uint64)
    both(memory, lambda found: [(run.keys.tolist(), run.times.tolist()) for run in found.runs])
    both(lambda: memory().times_of(wanted), np.ndarray.tolist)


@settings(max_examples=100, deadline=None)
@given(KNOWN, st.integers(0, 20))
def test_the_table_of_visitors_grows_as_by_the_plain_form(parts, since_ms):
    def table():
        found = Visitors()
        for seq, part in enumerate(parts):
            rows = no_rows(len(part))
            for row, key in zip(rows, sorted(part), strict=True):
                row["key"], row["seen_ms"], row["page"] = key, part[key], seq
            found = found.plus(rows, since_ms)
        return found

    both(table, lambda found: ([run.tobytes() for run in found.runs], found.bucket(1, 3, since_ms).tobytes()))


TEXTS = (
    st.none() | st.text(max_size=20) | st.integers(0, 300).map(lambda count: "ab€" * (count // 3) + "x" * (count % 3))
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.integers(0, 3))
def test_texts_are_hashed_as_by_the_library(rows, start):
    columns = [pl.Series(column, dtype=pl.String)[start:] for column in zip(*rows, strict=True)] or [pl.Series([""])]
    both(lambda: [hashed(*columns), hashed(columns[0])], lambda found: [one.tolist() for one in found])


def test_rows_are_laid_out_as_the_kernel_has_them():
    from dkd.kernel import behaviour, sessions
    from dkd.kernel import runs as compiled

    assert ROW.itemsize == sessions.ROW_BYTES == compiled.ROW_BYTES
    assert VISITOR.itemsize == behaviour.VISITOR_BYTES


# ---- what is not so is refused ---------------------------------------------------------------------------------------


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("places", "ends"),
    [((3,), ENDS), ((-1,), ENDS), ((0,), numbers(14, 14, 14)), ((1,), numbers(4, 3, 13)), ((0,), numbers(-1, 4, 13)),
     ((0,), ENDS[:2])],
)  # fmt: skip
def test_blobs_that_are_not_in_the_text_are_refused(places, ends):
    from dkd.kernel import runs as compiled

    with pytest.raises((IndexError, ValueError)):
        compiled.blobs(np.zeros(3, ROW), ends, TEXT, numbers(*places), 1)
    if not places[0]:
        with pytest.raises(ValueError, match=r"no blob|bytes, and not"):
            compiled.merged(
                [(np.zeros(3, ROW), ends, TEXT)], False, lambda n: (np.empty(n, ROW), np.empty(n, np.int64))
            )


def test_too_little_room_is_refused():
    from dkd.kernel import runs as compiled

    for made in ((2, 3), (3, 2)):
        with pytest.raises(ValueError, match="bytes, and not"):
            compiled.merged([(np.zeros(3, ROW), ENDS, TEXT)], False,
                            lambda _, made=made: (np.empty(made[0], ROW), np.empty(made[1], np.int64)))  # fmt: skip


def folded(groups: np.ndarray, count: int = 2, room: int = 2, kinds: int = 2) -> None:
    from dkd.kernel import sessions

    rows, ids, room_of = np.zeros(1, ROW), np.zeros((count, 2), np.uint64), np.zeros(count, np.int64)
    sessions.folded(rows, 1, np.zeros(2, ROW), 2, groups, count, ids, np.zeros(count, bool), 100,
                    np.empty(room, ROW), room_of, room_of.copy(), np.zeros(kinds, np.uint8))  # fmt: skip


def test_groups_that_are_not_there_are_refused():
    folded(numbers(0, 0, 1))
    for groups in (numbers(0, 0, 2), numbers(0, -1, 1), numbers(0, 0, 0)):
        with pytest.raises((IndexError, ValueError)):
            folded(groups)
    for more in ({"room": 1}, {"kinds": 1}, {"count": 3}):
        with pytest.raises(ValueError, match=r"bytes, and not|no members"):
            folded(numbers(0, 0, 1), **more)
    with pytest.raises(ValueError, match="bytes, and not"):
        folded(numbers(0, 0))


def written(paged: np.ndarray, pages: list, groups: np.ndarray, heads: list) -> list[bytes]:
    from dkd.kernel import sessions

    kinds, found = np.zeros(len(heads), np.uint8), np.zeros(len(heads), ROW)
    return sessions.written(heads, kinds, groups, np.zeros(2, ROW), 2, paged, pages, found)


def test_pages_of_no_event_or_group_are_refused():
    assert written(numbers(0, 1), [b"/a", b"/"], numbers(1, 1), [b"x", b"yy"]) == [
        b"x", b"yy" + bytes(16) + b"\x02\x00/a" + bytes(16) + b"\x01\x00/",
    ]  # fmt: skip
    for paged, pages, groups, heads in (
        (numbers(2), [b"/"], numbers(0, 0), [b""]),
        (numbers(-1), [b"/"], numbers(0, 0), [b""]),
        (numbers(0), [b"/"], numbers(1, 0), [b""]),
        (numbers(0), [b"/"], numbers(-1, 0), [b""]),
        (numbers(0), [None], numbers(0, 0), [b""]),
        (numbers(0), [bytes(65_536)], numbers(0, 0), [b""]),
        (numbers(0), [b"/", b"/"], numbers(0, 0), [b""]),
        (numbers(0), [b"/"], numbers(0), [b""]),
        (numbers(0), [b"/"], numbers(0, 0), [None]),
        (numbers(0), [b"/"], numbers(0, 0), ["x"]),
    ):
        with pytest.raises((IndexError, ValueError, TypeError)):
            written(paged, pages, groups, heads)


@pytest.mark.parametrize("lengths", [(1, 2, 1, 3), (2, 1, 1, 3), (1, 1, 2, 3), (1, 1, 1, 1)])
def test_entries_that_are_not_there_are_refused(lengths):
    from dkd.kernel import entries

    one, (count, more, asked, room) = np.zeros(1, np.uint64), lengths
    with pytest.raises(ValueError, match="bytes, and not"):  # noqa: PT012 - one of the two
        entries.merged(one, one, count, one, one, more, 0, np.empty(room, np.uint64), np.empty(2, np.int64))
        entries.latest(one, asked, one, one, 1, np.zeros(1, np.int64))


@pytest.mark.parametrize("parties", [[b"a"], ["a", "b"], [b"a", None]])
def test_events_without_parties_are_refused(parties):
    from dkd.kernel import sessions

    keys, bits = np.zeros(2, np.uint64), np.zeros(2, np.uint8)
    with pytest.raises((TypeError, ValueError)):
        sessions.alone(2, keys, keys, *[numbers(5, 6)] * 3, bits, bits, parties, np.empty(2, ROW))


def test_less_than_no_events_are_refused():
    from dkd.kernel import sessions

    keys, bits = np.zeros(0, np.uint64), np.zeros(0, np.uint8)
    with pytest.raises(ValueError, match="bytes, and not -8"):
        sessions.alone(-1, keys, keys, *[numbers()] * 3, bits, bits, [], np.empty(0, ROW))


@pytest.mark.parametrize("order", [(0, 2), (-1, 0), (0,)])
def test_an_order_of_other_events_is_refused(order):
    from dkd.kernel import sessions

    room = (np.empty(2, np.int64), np.zeros(2, bool), *(np.empty(2, np.int64) for _ in range(3)))
    with pytest.raises((IndexError, ValueError)):
        sessions.placed(np.zeros(0, ROW), 0, np.zeros(2, ROW), 2, numbers(*order), (1, 1, 1), *room)


@pytest.mark.parametrize(("order", "starts"), [((0, 2), (0,)), ((-1, 0), (0,)), ((0, 1), (0, 3)), ((0, 1), (0, 0)),
                                           ((0, 1), (-1,)), ((0,), (0,))])  # fmt: skip
def test_visitors_of_other_events_are_refused(order, starts):
    from dkd.kernel import behaviour

    times, rows = numbers(5, 6), no_rows(len(starts))
    with pytest.raises((IndexError, ValueError)):
        behaviour.watched(
            numbers(*order), 2, numbers(*starts), len(starts), times, times, np.zeros(2, np.uint8),
            np.zeros(2, np.uint64), rows, (1, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.1), (1, 2, 4, 8, 16), True,
            lambda *_: False, np.zeros(2, np.uint16), rows.copy(),
        )  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"number": 1}, {"start": 12}, {"size": 31}, {"rows": 2}, {"offset": -1}, {"offset": 1}]
)
def test_texts_that_are_not_in_their_column_are_refused(change):
    from dkd.kernel import hashes

    asked = {"size": 30, "number": 0, "start": 0, "rows": 1, "offset": 0} | change
    view = np.array([asked["size"], 0, asked["number"], asked["start"]], np.uint32)
    column = (None, view, asked["offset"], [bytes(30)])
    with pytest.raises(ValueError, match=r"leaves its column|bytes, and not|rows from"):
        hashes.hashed([column], asked["rows"], hash, np.empty(asked["rows"], np.uint64))


def test_columns_that_are_not_in_a_row_are_refused():
    from dkd.kernel import packing

    rows = np.zeros(3, VISITOR)
    for column in ((VISITOR.itemsize - 7, 8, False), (-1, 8, False), (0, 3, False), (0, 4, True)):
        with pytest.raises(ValueError, match="no column"):
            packing.packed(rows, 3, VISITOR.itemsize, [column])
    with pytest.raises(ValueError, match="bytes, and not"):
        packing.packed(rows, 4, VISITOR.itemsize, [(0, 8, False)])
