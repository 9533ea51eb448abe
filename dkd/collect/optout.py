"""A browser that asks not to be followed (Sec-GPC, DNT) → whether its events are stored, and under whom."""

import hashlib
import re
from typing import Literal

from dkd.collect import base36
from dkd.collect.address import parsed, spelled, truncated
from dkd.collect.message import Request
from dkd.collect.salt import DAY_MS, Salts

Policy = Literal["ignore", "anonymous", "drop"]

_IDS = re.compile(rb'("(?:party_id|session_id|collector_session_id)"\s*:\s*")[^"]*')
_ASKING = ((b"sec-gpc", b"1"), (b"dnt", b"1"))


class OptOut:
    """Hears who asks not to be followed."""

    def __init__(self, policy: Policy, site: str, salts: Salts) -> None:
        """Follow *policy* on *site*."""
        self._policy, self._site, self._salts = policy, site.encode(), salts

    def asked(self, request: Request) -> Literal["anonymous", "drop"] | None:
        """What is done with the events of *request*; None where nothing is asked or heard."""
        if self._policy == "ignore" or not any(header in request.headers for header in _ASKING):
            return None
        return self._policy

    def party_id(self, request: Request) -> str:
        """A party for one day: the same for all requests of one address and browser, and tomorrow another.

        It is keyed with a secret that is destroyed when the day is over, so nobody can join two of them afterwards.
        """
        day = request.received_ms // DAY_MS
        browser = b"\n".join((self._site, request.client.encode(), (request.header(b"user-agent") or "").encode()))
        made = hashlib.blake2b(browser, digest_size=16, key=self._salts.of(day)).hexdigest()
        return f"0:{base36.write(day * DAY_MS)}:{made}"

    def anonymous(self, request: Request) -> tuple[Request, str]:
        """*request* without what would know its browser again tomorrow, and the party of its events."""
        party_id = self.party_id(request)
        address = parsed(request.client)
        client = spelled(truncated(address)) if address else request.client
        headers = [header for header in request.headers if header[0] != b"cookie"]
        return request._replace(client=client, headers=headers), party_id


def nameless(content: bytes) -> bytes:
    """The JSON that a browser sent, with nothing as its party and its session."""
    return _IDS.sub(rb"\1", content)
