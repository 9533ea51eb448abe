"""Whether the topic of rejects is there: without it rejects are counted and thrown away, and events are not held up."""

import threading
from collections.abc import Callable, Collection, Sequence

from dkd.collect.message import Message


class RejectsTopic:
    """What is known of it. The loop and the replay's thread both ask.

    Attributes:
        name: Of the topic.
        is_missing: Set when a reject has failed and Kafka knows no such topic; taken back when it does.
        unkept: How many rejects were thrown away.
    """

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        """It is there until it is found missing; *say* is told of each change."""
        self.name, self._say = name, say
        self.is_missing, self.unkept = False, 0
        self._lock = threading.Lock()

    def look(self, topics: Collection[str] | None) -> None:
        """Compare with the *topics* that Kafka has; None where it does not answer."""
        if topics is None or self.is_missing is (self.name not in topics):
            return
        self.is_missing = not self.is_missing
        if self.is_missing:
            self._say(
                f"the topic {self.name} is missing: refused events are counted and thrown away until it is deployed"
            )
        else:
            self._say(f"the topic {self.name} is there again")

    def without(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Those of *messages* whose topic is not missing; the others are counted."""
        if not self.is_missing:
            return messages
        kept = [message for message in messages if message.topic != self.name]
        with self._lock:
            self.unkept += len(messages) - len(kept)
        return kept
