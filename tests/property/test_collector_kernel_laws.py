"""Laws of the collector's compiled loops: they give what the plain forms give, or leave it to them, on any bytes."""

import random
import struct
from urllib.parse import quote_from_bytes

import httptools
import mmh3
import pytest
from avro_values import VALUES
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd import kernel
from dkd.collect import base36, duplicates, mincode
from dkd.collect.avro import Writer
from dkd.collect.checksum import canonical_text
from dkd.collect.layout import Layout
from dkd.collect.queries import Queries
from dkd.collect.target import MalformedTarget, is_sound
from dkd.collect.values import BadValue
from dkd.model.load import load

pytestmark = pytest.mark.skipif(not kernel.IS_COMPILED, reason="there was no C compiler when dkd was installed")

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}, buy: {fields: {n: int}}}\n", "shop.yaml")
KINDS = ["string", "boolean", "int", "long", "float", "double"]
UNIONS = [*KINDS, *(["null", one] for one in KINDS), *([one, "null"] for one in KINDS)]
LISTS = [{"type": "array", "items": one} for one in UNIONS]
TEXTS = st.text(max_size=30) | st.sampled_from(["", "x" * 5_000, "\ud83d", "a\udc00b", "\U0010ffff", "é" * 70])


def spoilt(content: bytes, chance: random.Random) -> bytes:
    """*content* with some bytes changed, taken out or put in."""
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        start = chance.randrange(len(content) + 1)
        end = min(start + chance.choice((0, 0, 1, 1, 2, 50)), len(content))
        put = chance.choice((b"", bytes((chance.randrange(256),)), b"%C3", b"%F0%9F%98%80", b"&", b"=", b"%0A", b"+"))
        content = content[:start] + put + content[end:]
    return content


def value_of(kind) -> st.SearchStrategy:
    if isinstance(kind, list):
        return st.one_of(*map(value_of, kind))
    if isinstance(kind, dict):
        return st.lists(value_of(kind["items"]), max_size=5)
    return TEXTS if kind == "string" else VALUES[kind]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*UNIONS, *LISTS, *(["null", one] for one in LISTS)]), max_size=8), st.data())
def test_a_record_has_the_bytes_of_the_plain_writer(kinds, data):
    fields = [{"name": f"f{at}", "type": kind} for at, kind in enumerate(kinds)]
    writer = Writer({"type": "record", "name": "r", "fields": fields}, b"frame")
    assert writer.write is not writer.plain
    values = [data.draw(value_of(kind)) for kind in kinds]
    assert writer.write(values) == writer.plain(values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("string", 1), ("string", b"x"), ("int", "1"), ("long", 1.0), ("double", "1"), ("float", 1e39), ("int", None),
     ({"type": "array", "items": "string"}, [None]), ({"type": "array", "items": "long"}, ["1"])],
)  # fmt: skip
def test_a_value_that_is_none_of_its_field_is_an_error_in_both(kind, value):
    writer = Writer({"type": "record", "name": "r", "fields": [{"name": "f", "type": kind}]})
    for write in (writer.write, writer.plain):
        with pytest.raises((TypeError, AttributeError, OverflowError, struct.error)):
            write([value])


QUERIES = Queries(Layout(MODEL))
USUAL = {
    "p": "0:k0abc123:partyA", "s": "0:k0abc123:sessA", "v": "0:pvA", "e": "0:pvA0", "c": "k0abc124", "n": "t", "f": "t",
    "l": "https://shop.example/é?a=1&b=2", "r": "", "t": "pageView", "i": "1hc", "j": "u0", "k": "2", "w": "100",
    "h": "hs", "u": "(ssku!A~~1~!!dqty!2!)",
}  # fmt: skip
SPOILT = [
    "", "0", "0:", "1:a:b", "0:0k:x", "0:-5:x", "0:abcdefghijklm:x", "0:K0:x", "zzzzzzzzzzzzz", "-5", "+5", "zik0zk",
    "1y2p0ij32e8e8", "1_0", "\0", " ", "=", "%", "t", "true", "😀", "\ufffd", "a;b",
]  # fmt: skip
ODD_PARTS = ["", "a", "=", "=b", "p=0:k0:x", "b=%zz", "b=%", "b=%ED%A0%80", "b=%F0%9F%98%80", "b=%00+", "é=1"]


@st.composite
def queries(draw) -> bytes:
    """A tag's query, changed here and there: values, names, order, checksum, escapes, bytes."""
    given = dict(USUAL)
    for name in draw(st.lists(st.sampled_from([*USUAL, "x", "q", "é", "", "zz"]), max_size=3)):
        given[name] = draw(st.sampled_from(SPOILT) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
    for name in draw(st.lists(st.sampled_from(list(USUAL)), max_size=2)):
        given.pop(name, None)
    if draw(st.booleans()):
        text = canonical_text({name: [value] for name, value in given.items()})
        given["x"] = base36.write(mmh3.hash(text.encode()))
    safe = draw(st.sampled_from(["", "/:=?"]))
    parts = [
        f"{quote_from_bytes(name.encode())}={quote_from_bytes(text.encode(), safe)}" for name, text in given.items()
    ]
    parts += [quote_from_bytes(one.encode(), "=%:+") for one in draw(st.lists(st.sampled_from(ODD_PARTS), max_size=2))]
    draw(st.randoms(use_true_random=False)).shuffle(parts)
    return "&".join(parts).encode()


def told(read, query: bytes) -> object:
    try:
        found = read(query)
    except MalformedTarget:
        return "malformed"
    return (found.reason, found.field, found.problem) if isinstance(found, BadValue) else found


@settings(max_examples=400, deadline=None)
@given(queries())
def test_a_query_says_what_the_plain_form_hears(query):
    assert told(QUERIES.read, query) == told(QUERIES.plain, query)


def test_twenty_thousand_spoilt_queries_say_what_the_plain_form_hears():
    chance = random.Random(7)
    usual = "&".join(f"{name}={quote_from_bytes(value.encode())}" for name, value in USUAL.items()).encode()
    compiled = 0
    for _ in range(20_000):
        query = spoilt(usual, chance)
        if is_sound(b"/?" + query):
            compiled += QUERIES._compiled(query) is not None
            assert told(QUERIES.read, query) == told(QUERIES.plain, query), query
    assert compiled > 1_000


def test_a_query_as_the_tag_sends_it_is_read_by_the_kernel():
    query = "&".join(f"{name}={quote_from_bytes(value.encode())}" for name, value in USUAL.items()).encode()
    assert QUERIES._compiled(query) == QUERIES.plain(query)
    assert QUERIES._compiled(query + b"&q=" + b"%" * 3) is None
    assert QUERIES._compiled(b"&".join([query, *(b"q%d=1" % n for n in range(99))])) is None


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="()a.sdjtfn~!-+e059Zé \0", max_size=30) | st.text(max_size=20), st.booleans())
def test_an_object_in_mincode_is_read_as_the_plain_form_reads_it(text, is_object):
    text = f"(sa!x!{text}d1!2!j3!4.50!)" if is_object else text
    outcomes = []
    for read in (mincode.decode, mincode.plain):
        try:
            outcomes.append(repr(read(text)) if text else "empty")
        except mincode.MincodeError:
            outcomes.append("no mincode")
    assert outcomes[0] == outcomes[1]


@settings(max_examples=300, deadline=None)
@given(st.tuples(*[st.text(max_size=40) | st.text("abc0:_é", max_size=300)] * 3))
def test_an_event_has_the_place_that_the_plain_hash_gives(ids):
    from dkd.kernel import repeat

    place = repeat.place(*ids)
    is_short = len("".join(ids)) <= 512 and all(text <= "\xff" for text in "".join(ids))
    assert place == (duplicates.plain(*ids) if is_short else None)


class Heard:
    """What httptools tells of one request."""

    def __init__(self, data: bytes) -> None:
        self.target, self.headers, self.ends, self.parser = b"", [], 0, httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.ends = -1

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.ends += 1
        self.method, self.version, self.keeps = (
            self.parser.get_method(), self.parser.get_http_version(), self.parser.should_keep_alive()
        )  # fmt: skip


HEADS = [
    b"GET /csc-event?p=0%3Aa%3Ab&e=1 HTTP/1.1\r\nHost: c.example\r\nUser-Agent: Mozilla/5.0 (X11)\r\n\r\n",
    b'GET /ping HTTP/1.1\r\nHost: c\r\nConnection: keep-alive\r\nCookie: a=b; c="d"\r\nAccept: */*\r\n\r\n',
    b"GET / HTTP/1.1\r\n\r\n",
]
ODD = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b"\xff", b"Content-Length: 3\r\n", b"Connection: close\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Upgrade: x\r\n", b"Connection: Upgrade\r\n", b"A:b\r\n", b"A: \r\n",
    b"A: b \r\n", b" folded\r\n", b"HTTP/1.0", b"GET ", b"#", b"%", b"Expect: 100-continue\r\n",
    b"A" * 60 + b": b\r\n", b"Keep-Alive: 5\r\n",
]  # fmt: skip


def test_a_plain_get_is_what_httptools_hears():
    from dkd.kernel import head

    chance, plain = random.Random(3), 0
    for _ in range(30_000):
        data = spoilt(chance.choice(HEADS), chance)
        for _ in range(chance.choice((0, 0, 1, 2))):
            at = chance.randrange(len(data) + 1)
            data = data[:at] + chance.choice(ODD) + data[at:]
        found = head.plain(data)
        if found is not None:
            plain += 1
            heard = Heard(data)
            assert (heard.ends, heard.method, heard.version, heard.keeps) == (1, b"GET", "1.1", True), data
            assert found == (heard.target, heard.headers), data
    assert plain > 1_000
    assert all(head.plain(one) for one in HEADS)
    assert not any(head.plain(one[:size]) for one in HEADS for size in range(len(one)))
