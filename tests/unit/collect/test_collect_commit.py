"""Group commit: one group on its way, everyone told once and rightly, nothing stands still for ever."""

import asyncio
from collections.abc import Sequence

import pytest

from dkd.collect.commit import GroupCommit
from dkd.collect.message import Message
from dkd.collect.produce import MemorySink


class Slow(MemorySink):
    """A sink that is settled when the test says so, and fails what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []
        self.waits = 1
        self.lost: list[Message] = []
        self.breaks = 0

    def send(self, messages: Sequence[Message]) -> None:
        super().send(messages)
        self.groups.append(len(messages))
        if self.breaks:
            self.breaks -= 1
            raise OSError("broken")

    def pending(self) -> int:
        return self.waits

    def failed(self) -> Sequence[Message]:
        lost, self.lost = self.lost, []
        return lost


def message(number: int) -> Message:
    return Message("shop.raw", b"p", b"%d" % number, number)


async def until(condition: object) -> None:
    for _ in range(500):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never happened")


def test_what_comes_while_a_group_is_on_its_way_goes_with_the_next_in_order():
    async def run() -> None:
        sink, told = Slow(), []
        commit = GroupCommit(sink)
        for number in range(3):
            commit.add([message(number)], lambda ok, n=number: told.append((n, ok)))
        await until(lambda: sink.groups == [3])
        for number in range(3, 10):
            commit.add([message(number)], lambda ok, n=number: told.append((n, ok)))
        await asyncio.sleep(0.02)
        assert sink.groups == [3]
        assert told == []
        sink.waits = 0
        await until(lambda: len(told) == 10)
        assert sink.groups == [3, 7]
        assert told == [(number, True) for number in range(10)]
        assert [one.timestamp_ms for one in sink.messages] == list(range(10))
        await commit.close()

    asyncio.run(run())


def test_only_those_whose_messages_are_lost_are_told_so():
    async def run() -> None:
        sink, told = Slow(), {}
        commit = GroupCommit(sink)
        for number in range(4):
            commit.add([message(number), message(number + 10)], lambda ok, n=number: told.update({n: ok}))
        await until(lambda: sink.groups)
        sink.lost, sink.waits = [message(12)], 0
        await until(lambda: len(told) == 4)
        assert told == {0: True, 1: True, 2: False, 3: True}
        await commit.close()

    asyncio.run(run())


def test_closing_waits_for_all_that_was_given():
    async def run() -> None:
        sink, told = Slow(), []
        commit = GroupCommit(sink)
        for number in range(5):
            commit.add([message(number)], told.append)
            await asyncio.sleep(0.002)
        asyncio.get_running_loop().call_later(0.05, setattr, sink, "waits", 0)
        await commit.close()
        assert told == [True] * 5

    asyncio.run(run())


@pytest.mark.parametrize("headers", [(), (("dkd-sender", b"1234567"),)])
def test_beyond_its_bound_it_refuses_at_once(headers: tuple[tuple[str, bytes], ...]):
    async def run() -> None:
        sink, told = Slow(), []
        commit = GroupCommit(sink, most_bytes=10)
        value = b"1" if headers else b"12345678"
        for _ in range(2):
            commit.add([Message("t", None, value, 0, headers)], told.append)
        assert told == [False]
        sink.waits = 0
        await until(lambda: told == [False, True])
        await commit.close()

    asyncio.run(run())


@pytest.mark.parametrize("where", ["sink", "client"])
def test_a_fault_in_one_group_does_not_stop_the_next(where: str):
    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        sink, told = Slow(), []
        sink.waits = 0
        commit = GroupCommit(sink)

        def fault(_ok: bool) -> None:
            raise ValueError("a bug in an answer")

        sink.breaks = 1 if where == "sink" else 0
        if where == "client":
            commit.add([message(0)], fault)
        commit.add([message(1)], told.append)
        await until(lambda: told == [where == "client"])
        commit.add([message(2)], told.append)
        await until(lambda: told[1:] == [True])
        await commit.close()

    asyncio.run(run())
