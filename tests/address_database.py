"""Networks and what is known of them → a file in MaxMind's form: https://maxmind.github.io/MaxMind-DB/."""

from collections.abc import Mapping
from ipaddress import ip_network

_SPLIT = b"\0" * 16
_MARKER = b"\xab\xcd\xefMaxMind.com"
_TEXT, _SHORT, _INT, _MAP = 2, 5, 6, 7
_LONG, _LIST = b"\x08\x02", b"\x00\x04"
"""Eight bytes follow; a list of nothing."""


def database(records: Mapping[str, object]) -> bytes:
    """A database of IPv4 *records* by network, none inside another; 24 bits a record."""
    nodes: list[list[object]] = [[None, None]]
    for network, record in records.items():
        parsed = ip_network(network)
        bits = f"{int(parsed.network_address):032b}"[: parsed.prefixlen]
        place = 0
        for bit in map(int, bits[:-1]):
            if nodes[place][bit] is None:
                nodes.append([None, None])
                nodes[place][bit] = len(nodes) - 1
            place = nodes[place][bit]
        nodes[place][int(bits[-1])] = (record,)
    tree, kept = b"", b""
    for node in nodes:
        for side in node:
            place = side
            if side is None:
                place = len(nodes)
            elif isinstance(side, tuple):
                place = len(nodes) + len(_SPLIT) + len(kept)
                kept += _value(side[0])
            tree += place.to_bytes(3)
    return tree + _SPLIT + kept + _MARKER + _facts(len(nodes))


def _facts(node_count: int) -> bytes:
    short = {"record_size": 24, "ip_version": 4, "binary_format_major_version": 2, "binary_format_minor_version": 0}
    facts = {name: _head(_SHORT, 2) + value.to_bytes(2) for name, value in short.items()}
    facts |= {"node_count": _value(node_count), "database_type": _value("test"), "description": _value({})}
    facts |= {"build_epoch": _LONG + (1).to_bytes(8), "languages": _LIST}
    return _head(_MAP, len(facts)) + b"".join(_value(name) + value for name, value in facts.items())


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return _head(_TEXT, len(value.encode())) + value.encode()
    if isinstance(value, int):
        return _head(_INT, 4) + value.to_bytes(4)
    return _head(_MAP, len(value)) + b"".join(_value(key) + _value(one) for key, one in value.items())


def _head(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
