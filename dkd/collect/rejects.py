"""An event that is refused → the record of it in the site's rejects topic, and what its sender is told."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from dkd.collect.message import Message
from dkd.collect.weblog import NOT_COMBINED

MOST_BYTES = 65_536
"""More of a refused event is not kept."""

_CODE = {
    "not_json": "DKD401", "not_an_object": "DKD402", "missing_party": "DKD403", "bad_party": "DKD404",
    "unknown_event": "DKD405", "missing_field": "DKD406", "bad_type": "DKD407", "bad_enum": "DKD408",
    "bad_time": "DKD409", "too_large": "DKD410", "bad_session": "DKD411", "not_combined_log": NOT_COMBINED,
}  # fmt: skip


class Reject(NamedTuple):
    """One refused event.

    Attributes:
        reason: The machine's word for it, one of a fixed list; each has its own code.
        field: The column or parameter at fault; empty where it is the event as a whole.
        content: What was sent.
        key: Its Kafka key, where its party is known.
    """

    reason: str
    field: str
    problem: str
    remedy: str
    content: bytes
    key: bytes | None = None

    def told(self, index: int) -> dict[str, object]:
        """The reject as its sender sees it; *index* counts the events of the body from 0."""
        return {
            "index": index,
            "code": _CODE[self.reason],
            "reason": self.reason,
            "field": self.field,
            "problem": self.problem,
            "remedy": self.remedy,
        }

    def message(
        self, topic: str, received_ms: int, reject_id: str | None = None, origin: Mapping[str, str] | None = None
    ) -> Message:
        """The reject as a record of *topic*.

        Args:
            topic: The site's rejects topic.
            received_ms: When it came.
            reject_id: What a repeat is known by; None for a hash of what was sent.
            origin: Further headers: what sending it again must know of its sender.
        """
        sent = hashlib.blake2b((self.key or b"") + b"\0" + self.content, digest_size=16)
        headers = {
            "dkd-reject-id": reject_id or sent.hexdigest(),
            "dkd-stage": "collect",
            "dkd-code": _CODE[self.reason],
            "dkd-reason": self.reason,
            "dkd-problem": self.problem,
            "dkd-remedy": self.remedy,
            "dkd-received-ms": str(received_ms),
            **(origin or {}),
        }
        encoded = tuple((name, text.encode("utf-8", "replace")) for name, text in headers.items())
        return Message(topic, self.key, self.content[:MOST_BYTES], received_ms, encoded)
