"""The served tag is made of its source, small, packed beforehand, and kept by browsers as long as it may be."""

import gzip
import hashlib
import json
import re
from importlib.util import find_spec

import pytest
from minify import MINIFIED, SOURCE, heading

from dkd.collect.message import Answer, Request
from dkd.collect.routes import routes
from dkd.collect.tag import script
from dkd.model.collector import Collector
from dkd.model.load import load
from dkd.settings import settings

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "shop.yaml")
MOST_BYTES = 3000


def asked(target: str, **headers: str) -> Answer:
    lowered = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    found = routes(MODEL, settings(MODEL, "local", {}))(Request("GET", target.encode(), lowered, b"", "10.0.0.1", 0))
    assert isinstance(found, Answer)
    return found


def header(answer: Answer, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", answer.head.decode(), re.MULTILINE)
    return found[1] if found else ""


def test_the_shorter_form_is_of_this_source():
    assert MINIFIED.read_text("utf-8").startswith(heading()), "run python tests/minify.py"
    assert "DKD_SETTINGS" in SOURCE.read_text("utf-8")


def test_it_is_small_and_holds_what_the_model_says():
    assert len(gzip.compress(script(Collector()), 9, mtime=0)) <= MOST_BYTES
    said = Collector(cookie_domain='a"b.example', opt_out="drop", cookie="server")
    text = script(said).decode()
    assert json.dumps({"domain": 'a"b.example', "optOut": "drop", "server": True}, separators=(",", ":")) in text
    assert "DKD_SETTINGS" not in text
    assert b"=({}" in script(Collector()) or b"={}" in script(Collector())


@pytest.mark.parametrize("name", ["/dkd.js", "/divolte.js"])
def test_each_form_is_unpacked_to_the_same_script(name: str):
    plain, zipped = asked(name), asked(name, accept_encoding="deflate, gzip")
    assert gzip.decompress(zipped.body) == plain.body == script(Collector())
    assert (header(plain, "Content-Encoding"), header(zipped, "Content-Encoding")) == ("", "gzip")
    if find_spec("brotli"):
        import brotli

        packed = asked(name, accept_encoding="gzip, deflate, br, zstd")
        assert brotli.decompress(packed.body) == plain.body
        assert len(packed.body) < len(zipped.body)
    for answer, accepted in ((plain, ""), (zipped, "gzip")):
        assert header(answer, "Vary") == "Accept-Encoding"
        assert header(answer, "Cache-Control") == "public, max-age=3600"
        again = asked(name, accept_encoding=accepted, if_none_match=f'"x", W/{header(answer, "ETag")}')
        assert again.head.startswith(b"HTTP/1.1 304 ")
        assert again.body == b""
    assert header(plain, "ETag") != header(zipped, "ETag")


def test_by_its_own_name_it_is_kept_for_ever():
    digest = hashlib.sha256(script(Collector())).hexdigest()[:16]
    answer = asked(f"/dkd.{digest}.js")
    assert answer.body == script(Collector())
    assert header(answer, "Cache-Control") == "public, max-age=31536000, immutable"
    assert asked("/dkd.0123456789abcdef.js").head.startswith(b"HTTP/1.1 404 ")
