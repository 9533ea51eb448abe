"""Frames of the spool: what was written is read, and damage costs what it hit and nothing else."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.collect.frame import framed, frames
from dkd.collect.message import Message

SEED = 0x5EED
names = st.text(st.characters(codec="utf-8"), max_size=8)
messages = st.builds(
    Message,
    topic=st.sampled_from(["shop.raw", "shop.rejects", "größe.raw"]),
    key=st.none() | st.binary(max_size=512),
    value=st.binary(max_size=60),
    timestamp_ms=st.integers(0, (1 << 48) - 1),
    headers=st.lists(st.tuples(names, st.binary(max_size=9)), max_size=3).map(tuple),
)


def written(groups: Sequence[Sequence[Message]]) -> tuple[bytes, list[int]]:
    """The bytes of *groups*, and where each message's frame ends."""
    numbers: dict[str, int] = {}
    content, ends = b"", []
    for group in groups:
        for message in group:
            content += framed([message], numbers, SEED)
            ends.append(len(content))
    return content, ends


def read(content: bytes, seed: int = SEED) -> list[Message]:
    return [frame.message for frame in frames(content, 0, seed) if frame.message is not None]


@given(st.lists(st.lists(messages, max_size=4), max_size=4))
def test_what_is_written_is_read(groups: list[list[Message]]):
    numbers: dict[str, int] = {}
    content = b"".join(framed(group, numbers, SEED) for group in groups)
    assert read(content) == [message for group in groups for message in group]
    assert not any(frame.is_after_gap for frame in frames(content, 0, SEED))


@given(st.lists(messages, min_size=1, max_size=4), st.integers(0, 40))
def test_a_tail_that_is_torn_at_any_byte_costs_that_frame_alone(group: list[Message], zeros: int):
    content, ends = written([group])
    for cut in range(len(content)):
        # A disk that made room and lost power before it was filled; zeros that belong there do no harm.
        torn = content[:cut] + bytes(zeros)
        same = next((at for at in range(cut, len(torn)) if torn[at : at + 1] != content[at : at + 1]), len(torn))
        assert read(torn) == [message for message, end in zip(group, ends, strict=True) if end <= same]
        assert not any(frame.is_after_gap for frame in frames(torn, 0, SEED))


@given(st.lists(messages, min_size=2, max_size=4), st.integers(1, 255))
def test_a_byte_that_changes_costs_one_frame_wherever_it_is(group: list[Message], flip: int):
    group = [message._replace(topic="shop.raw") for message in group]
    content, ends = written([group])
    first = content.index(b"shop.raw") + len("shop.raw")
    for at in range(first, len(content)):
        spoiled = bytearray(content)
        spoiled[at] ^= flip
        hit = next(number for number, end in enumerate(ends) if at < end)
        assert read(bytes(spoiled)) == group[:hit] + group[hit + 1 :]
        gaps = [frame.is_after_gap for frame in frames(bytes(spoiled), 0, SEED)]
        assert any(gaps) == (hit + 1 < len(group))


@given(st.binary(max_size=300))
def test_what_was_never_written_holds_nothing(content: bytes):
    assert read(content) == []


def test_nobody_writes_a_frame_into_a_value():
    forged = framed([Message("shop.raw", b"victim", b"forged", 1)], {}, seed=0)
    content = framed([Message("shop.raw", b"p", forged, 2), Message("shop.raw", b"q", b"real", 3)], {}, SEED)
    spoiled = bytearray(content)
    spoiled[30] ^= 1
    assert [message.key for message in read(bytes(spoiled))] == [b"q"]


@pytest.mark.parametrize("size", [0, 3, 8, 19])
def test_zeros_are_no_frames(size: int):
    assert read(bytes(size)) == []


def test_damage_in_a_large_file_is_passed_over_quickly():
    content = framed([Message("shop.raw", b"p", b"v", 1)], {}, SEED)
    assert len(read(content + bytes(30_000_000) + b"x" + content)) == 2
