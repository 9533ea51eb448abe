"""What the model says of visitors → what every route that takes their events needs to treat them so."""

import re
from typing import NamedTuple

from dkd.collect.address import Addresses
from dkd.collect.message import Headers, Request
from dkd.collect.optout import OptOut
from dkd.collect.rate import Rate
from dkd.collect.salt import Salts
from dkd.collect.scrub import Scrub
from dkd.model.schema import Model

_PARTY = re.compile(r"0:[0-9a-z]{1,13}:[A-Za-z0-9~_!.-]{1,100}")
"""Ids of the tags. Divolte's grammar allows any text, a cookie does not."""


class Cookies:
    """Sets the visitor's cookie again with every answer: Safari keeps what a script has set for seven days only."""

    def __init__(self, is_on: bool, domain: str | None) -> None:
        """Set cookies of *domain* where *is_on*; without one they are of the collector's host alone."""
        self.is_on, self._domain = is_on, f"; Domain={domain}" if domain else ""

    def headers(self, party_id: str | None, request: Request) -> Headers:
        """The headers that keep *party_id* with the browser that sent *request*."""
        if not self.is_on or party_id is None or not _PARTY.fullmatch(party_id):
            return ()
        # A page without TLS is one of somebody who tries things on his own machine.
        secure = "" if (request.header(b"origin") or "").startswith("http:") else "; Secure"
        return (("Set-Cookie", f"_dvp={party_id}; Path=/; Max-Age=63072000; SameSite=Lax{secure}{self._domain}"),)


class Visitors(NamedTuple):
    """How the events of visitors are treated."""

    addresses: Addresses
    opt_out: OptOut
    scrub: Scrub
    rate: Rate
    cookies: Cookies


def visitors(model: Model, salts: Salts, processes: int) -> Visitors:
    """What *model* says of visitors, in one of so many *processes*."""
    said = model.collector
    return Visitors(
        Addresses(said.ip, salts),
        OptOut(said.opt_out, model.site, salts),
        Scrub(said.scrub),
        Rate(said.rate / processes),
        Cookies(said.cookie == "server", said.cookie_domain),
    )
