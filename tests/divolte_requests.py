"""A random request (``random_sources.requests``) as dkd's collector takes it, and as the engine does."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from divolte_vectors import exact_json

from dkd.collect import base36
from dkd.collect.address import parsed, spelled
from dkd.collect.message import Request

RECEIVED_MS = 1_790_000_000_123


def mincode(value: object, name: str = "") -> str:
    """What Divolte's tag makes of *value*; as the member *name* of an object where there is one."""
    label = f"{_escaped(name)}!" if name else ""
    if isinstance(value, dict):
        # A member without a name has the empty one, spelled with its end alone.
        return f"({label}" + "".join(_member(inner, key) for key, inner in value.items()) + ")"
    if isinstance(value, list):
        return f"a{label}" + "".join(map(mincode, value)) + "."
    if value is None or isinstance(value, bool):
        return f"{'n' if value is None else 't' if value else 'f'}{label}"
    if isinstance(value, int):
        return f"d{label}{_base36(value)}!"
    return f"j{label}{value}!" if isinstance(value, Decimal) else f"s{label}{_escaped(str(value))}!"


def request_of(sent: dict[str, Any], at: int) -> Request:
    """The request of Divolte's browser route."""
    query = {"p": "0:1:p", "s": "0:1:s", "v": "0:v", "e": f"0:v{at}", "c": "k0abc124", "n": "t"}
    query |= {"f": "t" if sent["first"] else "f"}
    query |= {key: base36.write(value) for key, value in sent["numbers"].items()}
    given = {"l": sent["location"], "r": sent["referer"], "t": sent["event"]}
    query |= {key: value for key, value in given.items() if value is not None}
    if sent["parameters"] is not None:
        query["u"] = mincode(sent["parameters"][0])
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in sent["headers"]]
    if sent["agent"] is not None:
        headers.append((b"user-agent", sent["agent"].encode()))
    target = f"/csc-event?{urlencode(query)}".encode()
    return Request("GET", target, headers, b"", sent["client"], RECEIVED_MS)


def event_of_sent(sent: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The same for the engine; what Divolte's server itself finds out (flags, ids) is taken from dkd's record."""
    sizes = {"w": "viewportPixelWidth", "h": "viewportPixelHeight", "i": "screenPixelWidth", "j": "screenPixelHeight"}
    found = {name: sent["numbers"].get(key) for key, name in (sizes | {"k": "devicePixelRatio"}).items()}
    address = parsed(sent["client"])
    return found | {
        "location": sent["location"], "referer": sent["referer"], "eventType": sent["event"],
        "corrupt": record["detectedCorruption"], "duplicate": record["detectedDuplicate"],
        "firstInSession": sent["first"], "timestamp": RECEIVED_MS, "clientTimestamp": record["clientTimestamp"],
        "remoteHost": spelled(address) if address else None, "partyId": "0:1:p", "sessionId": "0:1:s",
        "pageViewId": "0:v", "eventId": record["eventId"], "userAgentString": sent["agent"],
        "headers": sent["headers"], "doubles": False,
        "parameters": None if sent["parameters"] is None else exact_json(sent["parameters"][0]),
    }  # fmt: skip


def _member(value: object, name: str) -> str:
    return mincode(value, name) if name else ""


def _escaped(text: str) -> str:
    return text.replace("~", "~~").replace("!", "~!")


def _base36(value: int) -> str:
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")
