"""A query's parameters → whether they arrived as the tag sent them."""

import mmh3

from dkd.collect import base36
from dkd.collect.target import Parameters

_MASK = 0xFFFFFFFF


def is_intact(parameters: Parameters) -> bool:
    """Whether the checksum in parameter ``x`` is that of the others; a missing or unreadable one is wrong.

    Two hashes count for text outside Unicode's basic plane (emoji): the correct one, which every tag sends, and the one
    that Divolte's server computes, whose Guava gets surrogate pairs wrong (google/guava#5648). So the tag's own
    requests are intact here, where Divolte calls them corrupt, and whoever sends Divolte's number is right too.
    """
    given = parameters.get("x")
    expected = base36.read(given[0]) if given else None
    if expected is None:
        return False
    text = canonical_text(parameters)
    if mmh3.hash(text.encode("utf-8", "surrogatepass"), 0) == expected:
        return True
    return not text.isascii() and max(text) > "\uffff" and divolte_hash(text) == expected


def canonical_text(parameters: Parameters) -> str:
    """What the checksum covers: every parameter but ``x``, sorted by name, as ``name=value,value,;``."""
    names = sorted(parameters)
    if not "".join(names).isascii():
        names.sort(key=lambda name: name.encode("utf-16-be"))
    values = [(name, parameters[name]) for name in names if name != "x"]
    return "".join([f"{name}={found[0] if len(found) == 1 else ','.join(found)},;" for name, found in values])


def divolte_hash(text: str) -> int:
    """MurmurHash3 (32 bits, seed 0, signed) of *text* as Guava 23 to 30 computes it from UTF-16.

    A character outside the basic plane puts its four bytes into the buffer without moving on, so the next one is
    written over them.
    """
    start = _ascii_groups(text)
    state = 0
    for at in range(0, start, 4):
        state = _mixed(state, int.from_bytes(text[at : at + 4].encode(), "little"))
    buffer = shift = 0
    for character in text[start:]:
        code = character.encode("utf-8", "surrogatepass")
        buffer |= int.from_bytes(code, "little") << shift
        shift += 8 * len(code) if len(code) < 4 else 0
        if shift >= 32:
            state = _mixed(state, buffer & _MASK)
            buffer >>= 32
            shift -= 32
    state ^= _scrambled(buffer & _MASK)
    return _finished(state, len(text.encode("utf-8", "surrogatepass")))


def _ascii_groups(text: str) -> int:
    """Length of the run of whole groups of four ASCII characters at the start."""
    at = 0
    while at + 4 <= len(text) and text[at : at + 4].isascii():
        at += 4
    return at


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _MASK


def _scrambled(block: int) -> int:
    return _rotated(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _mixed(state: int, block: int) -> int:
    return (_rotated(state ^ _scrambled(block), 13) * 5 + 0xE6546B64) & _MASK


def _finished(state: int, size: int) -> int:
    state ^= size
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    return state - (1 << 32) if state >> 31 else state
