"""Which partitions of a group nobody reads, and which member ends that."""

import pytest

from dkd.stream.orphans import Look, assigned, is_ours_to_leave, lasting, look, orphans


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ({"a": [0, 1], "b": [2, 3]}, set()),
        ({"a": [2, 3], "b": []}, {0, 1}),
        ({"a": [0]}, {1, 2, 3}),
        ({}, {0, 1, 2, 3}),
    ],
)
def test_what_no_member_has_is_orphaned(shares: dict[str, list[int]], wanted: set[int]):
    assert orphans(shares, 4) == wanted


@pytest.mark.parametrize(
    ("shares", "leaves"),
    [
        ({"a": [2, 3], "b": []}, "b"),
        ({"a": [2], "b": [3]}, "a"),
        ({"c": [1], "b": [2, 3], "a": [4, 5]}, "c"),
        ({"a": [0]}, "a"),
    ],
)
def test_one_member_leaves_the_one_that_has_least(shares: dict[str, list[int]], leaves: str):
    assert [name for name in shares if is_ours_to_leave(shares, name)] == [leaves]


def test_in_a_group_without_members_nobody_leaves():
    assert not is_ours_to_leave({}, "a")


@pytest.mark.parametrize(
    ("assignment", "wanted"),
    [
        (b"", []),
        (b"\0\1" + b"\0\0\0\0" + b"\0\0\0\0", []),
        (b"\0\1" + b"\0\0\0\1" + b"\0\3raw" + b"\0\0\0\2" + b"\0\0\0\2" + b"\0\0\0\3" + b"\xff" * 4, [2, 3]),
    ],
)
def test_an_assignment_is_read(assignment: bytes, wanted: list[int]):
    assert assigned(assignment) == wanted


def test_what_is_wrong_must_last_for_two_looks():
    half, whole = look({"a": [2, 3], "b": []}, "b", 4), look({"a": [2, 3], "b": [0, 1]}, "b", 4)
    assert lasting(Look(), half) == ""
    assert lasting(half, whole) == ""
    assert lasting(half, half) == "nobody in the group reads partitions [0, 1]"


def test_a_member_that_has_more_waits_for_the_one_that_has_less():
    busy = look({"a": [2, 3], "b": []}, "a", 4)
    assert lasting(busy, busy) == ""


@pytest.mark.parametrize("shares", [{}, {"a": [0, 1]}])
def test_who_is_no_member_for_two_looks_joins_anew(shares: dict[str, list[int]]):
    lost = look(shares, "b", 2)
    assert lasting(Look(), lost) == ""
    assert lasting(lost, lost).startswith("Kafka does not know us")
