"""Streamlit's files go out packed where a browser takes them so, the same bytes once unpacked; all else as it is."""

import asyncio
import gzip

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from dkd.explore.packed import Packed

TEXT = "let a = 1;\n" * 500


class Files:
    """An application that serves one text under every name but those with "none" in them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        answer = PlainTextResponse(TEXT, headers={"etag": '"1"', "cache-control": "immutable"})
        if "none" in scope["path"]:
            answer.status_code = 404
        if "if-none-match" in Headers(scope=scope):
            answer = PlainTextResponse("", 304)
        await answer(scope, receive, send)


def asked(app, path, **headers):
    """Status, headers and body of one request."""
    sent = []

    async def send(message):
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": given}
    asyncio.run(app(scope, None, send))
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), b"".join(one.get("body", b"") for one in sent)


def test_a_script_is_packed_once_and_is_the_same_script():
    files = Files()
    packed = Packed(files)
    for _ in range(3):
        _, headers, body = asked(packed, "/static/js/a.js", accept_encoding="br, gzip")
        assert (headers["content-encoding"], headers["vary"]) == ("gzip", "Accept-Encoding")
        assert int(headers["content-length"]) == len(body) < len(TEXT) / 10
        assert gzip.decompress(body).decode() == TEXT
        assert headers["cache-control"] == "immutable"
        assert "etag" not in headers
    assert files.asked == ["/static/js/a.js"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.js", {}),
        ("/static/js/a.js", {"accept_encoding": "gzip", "range": "bytes=0-5"}),
        ("/static/media/a.woff2", {"accept_encoding": "gzip"}),
        ("/values", {"accept_encoding": "gzip"}),
        ("/static/js/none.js", {"accept_encoding": "gzip"}),
    ],
    ids=["not asked for", "a range", "no text", "another route", "not found"],
)
def test_what_should_not_be_packed_is_not(path, headers):
    status, found, body = asked(Packed(Files()), path, **headers)
    assert "content-encoding" not in found
    assert (status, body.decode()) == (404 if "none" in path else 200, TEXT)


def test_a_browser_that_has_the_file_does_not_leave_an_empty_one_behind():
    packed = Packed(Files())
    for _ in range(2):
        status, _, body = asked(packed, "/static/js/a.js", accept_encoding="gzip", if_none_match='"1"')
        assert (status, gzip.decompress(body).decode()) == (200, TEXT)
