"""The script that pages include: the file beside this one, with what the model says of it → its answers.

``dkd.js`` is the source, ``dkd.min.js`` the shorter form of it that is served (by terser, which ``tests/minify.py``
calls: no minifier on PyPI renames variables, and that is a fifth of it).
"""

import base64
import gzip
import hashlib
import json
from http import HTTPStatus
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec

from dkd.collect.message import DIVOLTE, Answer, Request, answer, not_allowed
from dkd.model.collector import Collector

_SETTINGS = "DKD_SETTINGS"
_FOR_AN_HOUR = "public, max-age=3600"
_FOR_EVER = "public, max-age=31536000, immutable"

_Answers = tuple[str, Answer, Answer]
"""ETag, the script, and that the browser has it already."""


def script(collector: Collector) -> bytes:
    """The tag's text for a site of *collector*."""
    text = files(__package__).joinpath("dkd.min.js").read_text("utf-8").partition("\n")[2].strip()
    said = {"domain": collector.cookie_domain, "optOut": collector.opt_out, "server": collector.cookie == "server"}
    wanted = {name: value for name, value in said.items() if value and value != "ignore"}
    return text.replace(_SETTINGS, json.dumps(wanted, separators=(",", ":")), 1).encode()


class Tag:
    """The route of the tag; it answers as Divolte answers for its own.

    Attributes:
        name: What it may be called too; another text would have another name, so this one may be kept for ever.
    """

    def __init__(self, collector: Collector) -> None:
        """Prepare the answers for a site of *collector*."""
        content = script(collector)
        digest = hashlib.sha256(content).digest()
        self.name = f"dkd.{digest.hex()[:16]}.js"
        self._passing, self._kept = (_forms(content, digest, caching) for caching in (_FOR_AN_HOUR, _FOR_EVER))

    def __call__(self, request: Request) -> Answer:
        """The script, or 304 where the browser has it already."""
        return self._answer(request, self._passing)

    def kept(self, request: Request) -> Answer:
        """The same by its own name."""
        return self._answer(request, self._kept)

    def _answer(self, request: Request, forms: dict[str, _Answers]) -> Answer:
        if request.method.upper() != "GET":
            return not_allowed(request.method, "GET")
        accepted = {word.strip() for word in (request.header(b"accept-encoding") or "").split(",")}
        etag, found, unchanged = next(one for name, one in forms.items() if name in accepted or not name)
        asked = request.header(b"if-none-match") or ""
        return unchanged if etag in {word.strip().removeprefix("W/") for word in asked.split(",")} else found


def _forms(content: bytes, digest: bytes, caching: str) -> dict[str, _Answers]:
    """The answers by encoding, the smallest first; Brotli's where its library is installed."""
    name = base64.b64encode(digest).decode()
    zipped = {"gzip": gzip.compress(content, mtime=0)}
    if find_spec("brotli"):
        zipped = {"br": import_module("brotli").compress(content), **zipped}
    start = {"gzip": "gz", "br": "br"}
    found = {
        encoding: _answers(f'"{start[encoding]}+{name}"', body, caching, (("Content-Encoding", encoding),))
        for encoding, body in zipped.items()
    }
    return found | {"": _answers(f'"{name}"', content, caching, ())}


def _answers(etag: str, content: bytes, caching: str, extra: tuple[tuple[str, str], ...]) -> _Answers:
    headers = (
        *DIVOLTE,
        ("Content-Type", "application/javascript"),
        ("Cache-Control", caching),
        ("Vary", "Accept-Encoding"),
        ("ETag", etag),
        *extra,
    )
    return etag, answer(HTTPStatus.OK, headers, content), answer(HTTPStatus.NOT_MODIFIED, headers)
