"""Addresses in what was sent → the same without the parameters that a site never wants to store, such as tokens."""

import re
from collections.abc import Iterable

from dkd.collect.target import MalformedTarget, decoded

_BEGINS = rb"(?:[?&#;]|%(?:25)?(?:3f|26|23|3b)|\\u00(?:26|3f|23|3b))"
_IS = rb"(?:=|%(?:25)?3d|\\u003d)"
_ENDS = rb"(?=" + _BEGINS + rb'|["\s]|%(?:25)?(?:22|20|0a)|$)'


class Scrub:
    """Cuts listed parameters out of addresses; their names count in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        """Cut *names*."""
        self._names = frozenset(name.lower() for name in names)
        listed = b"|".join(re.escape(name.encode()) for name in sorted(self._names))
        self._sent = re.compile(rb"(%s(?:%s)%s).*?%s" % (_BEGINS, listed, _IS, _ENDS), re.IGNORECASE | re.DOTALL)

    def __bool__(self) -> bool:
        """Whether there is anything to cut."""
        return bool(self._names)

    def values(self, values: list[object]) -> None:
        """Cut in every text of *values*, in place."""
        for slot, value in enumerate(values):
            if isinstance(value, str):
                if "=" in value or "?" in value:
                    values[slot] = self.text(value)
            elif isinstance(value, list):
                values[slot] = [self.text(one) if isinstance(one, str) else one for one in value]

    def text(self, text: str) -> str:
        """*text*, whose query and fragment hold none of the parameters any more; a text without both stays as it is."""
        head, mark, fragment = text.partition("#")
        path, asked, query = head.partition("?")
        kept = self._kept(query)
        left = path + (asked + kept if kept or not query else "")
        if mark:
            # Some sign-ins come back with their token after the #, as a query of its own or after one more ?.
            before, again, inner = fragment.rpartition("?")
            left += f"{mark}{before}{again}{self._kept(inner)}"
        # What is left may hold another address, escaped.
        return self.content(left.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def content(self, content: bytes) -> bytes:
        """What was sent, whatever form it has, with nothing as the value of each of the parameters."""
        return self._sent.sub(rb"\1", content) if self._names else content

    def _kept(self, query: str) -> str:
        # A line of a web server's log goes on after a blank.
        query, blank, tail = query.partition(" ")
        parts = query.split("&")
        kept = [part for part in parts if not self._is_listed(part.partition("=")[0])]
        return "&".join(kept) + blank + tail

    def _is_listed(self, name: str) -> bool:
        try:
            return decoded(name).lower() in self._names
        except MalformedTarget:
            return name.lower() in self._names
