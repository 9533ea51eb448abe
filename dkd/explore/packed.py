"""Scripts and styles go to browsers packed: each is packed once and kept.

Streamlit sends them as they lie on the disk, some 3 MB for a page; packing them for every browser would cost more time
than it saves.
"""

import gzip

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PLACES, _TEXTS = ("/static/", "/parts/"), (".js", ".css", ".svg", ".json")
_LEAST_BYTES = 1_000
_MOST_FILES = 500


class Packed:
    """Middleware; passes on everything but files of text in their folders."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _is_wanted(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._kept:
            found = await self._read(scope, receive)
            if found.status_code != 200 or len(self._kept) >= _MOST_FILES:
                await found(scope, receive, send)
                return
            self._kept[path] = await run_in_threadpool(_packed, found)
        await self._kept[path](scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> Response:
        """The whole answer of the application within."""
        start: Message = {}
        body: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.append(message.get("body", b""))

        await self._app(_whole(scope), receive, keep)
        found = Response(b"".join(body), start["status"])
        found.raw_headers = list(start["headers"])
        return found


def _is_wanted(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    is_file = scope["path"].startswith(_PLACES) and scope["path"].endswith(_TEXTS)
    headers = Headers(scope=scope)
    return is_file and "gzip" in headers.get("accept-encoding", "") and "range" not in headers


def _whole(scope: Scope) -> Scope:
    """The request without what would make its answer less than the whole file."""
    asks = (b"if-none-match", b"if-modified-since", b"if-range")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name.lower() not in asks]}


def _packed(found: Response) -> Response:
    body = bytes(found.body)
    if len(body) < _LEAST_BYTES or "content-encoding" in found.headers:
        return found
    packed = gzip.compress(body, compresslevel=6, mtime=0)
    made = Response(packed)
    made.raw_headers = list(found.raw_headers)
    headers = MutableHeaders(raw=made.raw_headers)
    headers["content-length"] = str(len(packed))
    headers["content-encoding"] = "gzip"
    headers.add_vary_header("Accept-Encoding")
    # The tag is of the bytes as they lie on the disk.
    del headers["etag"]
    return made
