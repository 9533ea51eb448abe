"""Messages → the frames of a spool segment and back, whatever a crash or a bad disk has done to some of them.

A frame is the length of its body (u32), the body's CRC-32 (u32), and the body: number of the topic (u8), timestamp in
milliseconds (u64), length of the key (u16), key, value; all little-endian. A topic's number is told by a frame of its
own before the first message that uses it, so a segment needs nothing beside it to be read.
"""

import re
import struct
import zlib
from collections.abc import Iterator, MutableMapping, Sequence
from mmap import mmap
from typing import NamedTuple

from dkd.collect.message import Message

_HEAD = struct.Struct("<II")
_BODY = struct.Struct("<BQH")
_COUNT, _SIZE = struct.Struct("<H"), struct.Struct("<I")
_NAMING = 0x7F
"""The number of frames that name a topic."""
_WITH_HEADERS = 0x80
_NO_KEY = 0xFFFF
_LIKELY = re.compile(rb"(?=(?!\0{4}).{3}\0.{4}.{7}\0\0)", re.DOTALL)
"""A length, neither 0 nor beyond 16 MiB, and a time, whose two upper bytes stay 0 for eight thousand years."""

Content = bytes | mmap
"""The bytes of a segment: themselves, or a file's."""


class Frame(NamedTuple):
    """One frame that is whole.

    Attributes:
        end: Where it ends.
        message: None of a frame that only names a topic.
        is_after_gap: Whether bytes before it are none that were written.
    """

    end: int
    message: Message | None
    is_after_gap: bool


def framed(messages: Sequence[Message], numbers: MutableMapping[str, int], seed: int) -> bytes:
    """The frames of *messages*.

    Args:
        messages: In their order.
        numbers: Topics that the segment has named already, and their numbers; is added to.
        seed: Starts the checksum. Nobody who can choose a value can so write a frame into it.
    """
    parts: list[bytes] = []
    for topic, key, value, timestamp_ms, headers in messages:
        number = numbers.get(topic)
        if number is None:
            number = numbers[topic] = len(numbers)
            name = topic.encode()
            parts += _frame(_BODY.pack(_NAMING, number, len(name)) + name, seed)
        if headers:
            number |= _WITH_HEADERS
            value = _packed(headers) + value
        size = _NO_KEY if key is None else len(key)
        parts += _frame(_BODY.pack(number, timestamp_ms, size) + (key or b"") + value, seed)
    return b"".join(parts)


def frames(content: Content, start: int, seed: int) -> Iterator[Frame]:
    """The whole frames of *content* from *start* on; what lies between or behind them is passed over."""
    topics: dict[int, str] = {}
    at, is_after_gap = start, False
    while at < len(content):
        body = _body(content, at, seed)
        if body is None:
            following = _next(content, at + 1, seed)
            if following is None:
                return
            at, is_after_gap = following, True
            continue
        at += _HEAD.size + len(body)
        message = _message(body, topics)
        yield Frame(at, message, is_after_gap)
        is_after_gap = False


def _frame(body: bytes, seed: int) -> tuple[bytes, bytes]:
    return _HEAD.pack(len(body), zlib.crc32(body, seed)), body


def _body(content: Content, at: int, seed: int) -> bytes | None:
    """The body of the frame at *at*; None where there is no whole one."""
    head = content[at : at + _HEAD.size]
    if len(head) < _HEAD.size:
        return None
    size, checksum = _HEAD.unpack(head)
    # A file that was made longer and never filled holds zeros, and those would be an empty frame.
    if size < _BODY.size or at + _HEAD.size + size > len(content):
        return None
    body = content[at + _HEAD.size : at + _HEAD.size + size]
    return body if zlib.crc32(body, seed) == checksum else None


def _next(content: Content, start: int, seed: int) -> int | None:
    """Where the first whole frame at or after *start* begins."""
    for found in _LIKELY.finditer(content, start):
        if _body(content, found.start(), seed) is not None:
            return found.start()
    return None


def _message(body: bytes, topics: dict[int, str]) -> Message | None:
    number, timestamp_ms, size = _BODY.unpack_from(body)
    at = _BODY.size
    if number == _NAMING:
        topics[timestamp_ms] = body[at:].decode()
        return None
    key = None if size == _NO_KEY else body[at : at + size]
    at += len(key or b"")
    headers: tuple[tuple[str, bytes], ...] = ()
    if number & _WITH_HEADERS:
        headers, at = _unpacked(body, at)
    topic = topics.get(number & ~_WITH_HEADERS)
    return None if topic is None else Message(topic, key, body[at:], timestamp_ms, headers)


def _packed(headers: Sequence[tuple[str, bytes]]) -> bytes:
    parts = [_COUNT.pack(len(headers))]
    for name, value in headers:
        text = name.encode()
        parts += (_COUNT.pack(len(text)), text, _SIZE.pack(len(value)), value)
    return b"".join(parts)


def _unpacked(body: bytes, at: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
    """The headers at *at*, and where the value begins."""
    found = []
    (count,), at = _COUNT.unpack_from(body, at), at + _COUNT.size
    for _ in range(count):
        (size,), at = _COUNT.unpack_from(body, at), at + _COUNT.size
        name, at = body[at : at + size].decode(), at + size
        (size,), at = _SIZE.unpack_from(body, at), at + _SIZE.size
        value, at = body[at : at + size], at + size
        found.append((name, value))
    return tuple(found), at
