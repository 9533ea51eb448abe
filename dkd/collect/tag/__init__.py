"""The script that pages include: the file beside this one, with the site's cookie domain → its answers."""

import base64
import gzip
import hashlib
import json
from http import HTTPStatus
from importlib.resources import files

from dkd.collect.message import DIVOLTE, Answer, Request, answer, not_allowed
from dkd.model.collector import Collector

_DOMAIN = 'const COOKIE_DOMAIN = "";'


def script(cookie_domain: str | None) -> bytes:
    """The tag's text; with *cookie_domain* its cookies hold for that domain and all below it."""
    text = files(__package__).joinpath("dkd.js").read_text("utf-8")
    return text.replace(_DOMAIN, f"const COOKIE_DOMAIN = {json.dumps(cookie_domain or '')};", 1).encode()


class Tag:
    """The route of the tag; it answers as Divolte answers for its own."""

    def __init__(self, collector: Collector) -> None:
        """Prepare the answers for a site of *collector*."""
        content = script(collector.cookie_domain)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        self._plain = _answers(f'"{digest}"', content, ())
        self._zipped = _answers(f'"gz+{digest}"', gzip.compress(content, mtime=0), (("Content-Encoding", "gzip"),))

    def __call__(self, request: Request) -> Answer:
        """The script, or 304 where the browser has it already."""
        if request.method.upper() != "GET":
            return not_allowed(request.method, "GET")
        accepted = {word.strip() for word in (request.header(b"accept-encoding") or "").split(",")}
        etag, found, unchanged = self._zipped if "gzip" in accepted else self._plain
        asked = request.header(b"if-none-match") or ""
        return unchanged if etag in {word.strip().removeprefix("W/") for word in asked.split(",")} else found


def _answers(etag: str, content: bytes, extra: tuple[tuple[str, str], ...]) -> tuple[str, Answer, Answer]:
    headers = (
        *DIVOLTE,
        ("Content-Type", "application/javascript"),
        ("Cache-Control", "public, max-age=3600"),
        ("Vary", "Accept-Encoding"),
        ("ETag", etag),
        *extra,
    )
    return etag, answer(HTTPStatus.OK, headers, content), answer(HTTPStatus.NOT_MODIFIED, headers)
