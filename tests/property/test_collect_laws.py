"""Laws of the collector's parsers, each checked by something other than the parser; none of them ever fails badly."""

import gzip
import io
import json
import math
from decimal import Decimal
from urllib.parse import parse_qsl, quote, urlencode

import fastavro
import mmh3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dkd.collect import base36, mincode
from dkd.collect.avro import Writer
from dkd.collect.checksum import canonical_text, divolte_hash, is_intact
from dkd.collect.connection import Connection, Shared
from dkd.collect.ids import canonical
from dkd.collect.message import Answer, Outcome, Request
from dkd.collect.routes import routes
from dkd.collect.target import MalformedTarget, canonical_path, parameters, split
from dkd.model.load import load
from dkd.settings import settings as settings_of

PARTY = "0:k0abc123:p"
MODEL = load(
    """
dkd: 1
site: shop
events: {page_view: {}, buy: {fields: {price: {type: double, required: true}, tags: list}}}
fields: {host: {type: string, from: location host}, c: {type: int, from: cookie c}, h: {type: string, from: header H}}
""",
    "shop.yaml",
)
COLLECTOR = routes(MODEL, settings_of(MODEL, "local", {}))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_base_36_reads_what_it_writes(value: int):
    text = base36.write(value)
    assert int(text, 36) == value == base36.read(text) == base36.read(text.upper())
    assert base36.read(text, 32) == (value if -(1 << 31) <= value < 1 << 31 else None)


@given(st.integers(-(1 << 63), (1 << 63) - 1), TEXT.filter(lambda text: ":" not in text))
def test_an_id_is_canonical_after_one_step(created_ms: int, unique: str):
    wanted = f"0:{base36.write(created_ms)}:{unique}"
    assert canonical(wanted) == wanted
    assert canonical(f"0:{base36.write(created_ms).upper()}:{unique}") == wanted


# The tag's encoder, written from its description, as the other side of the decoder.


def escaped(text: str) -> str:
    return text.replace("~", "~~").replace("!", "~!")


def encoded(value: object, name: str | None = None) -> str:
    tag = "" if name is None else escaped(name) + "!"
    if value is None:
        return "n" + tag
    if isinstance(value, bool):
        return ("t" if value else "f") + tag
    if isinstance(value, int):
        return "d" + tag + base36.write(value) + "!"
    if isinstance(value, float):
        return "j" + tag + repr(value) + "!"
    if isinstance(value, str):
        return "s" + tag + escaped(value) + "!"
    if isinstance(value, list):
        return "a" + tag + "".join(encoded(item) for item in value) + "."
    assert isinstance(value, dict)
    return "(" + tag + "".join(encoded(item, key) for key, item in value.items()) + ")"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(JSON)
def test_mincode_gives_back_every_value(value: object):
    assert plain(mincode.decode(encoded(value))) == value


@given(st.text(st.sampled_from("(a).!~stfndj01zé"), max_size=60))
def test_mincode_of_anything_is_a_value_or_an_error(text: str):
    try:
        mincode.decode(text)
    except mincode.MincodeError:
        return


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_parameters_are_what_was_encoded(pairs: list[tuple[str, str]]):
    query = urlencode(pairs)
    expected: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        expected.setdefault(name, []).append(value)
    assert parameters(query) == expected


@given(st.dictionaries(TEXT.filter(lambda name: name != "x"), st.lists(TEXT, min_size=1, max_size=3), max_size=6), TEXT)
@example({"u": ["(sm!😀!)"]}, "y")
def test_a_checksum_holds_until_a_value_changes(given_: dict[str, list[str]], other: str):
    text = canonical_text(given_)
    for value in {mmh3.hash(text.encode()), divolte_hash(text)}:
        assert is_intact({**given_, "x": [base36.write(value)]})
    changed = {**given_, "u": [*given_.get("u", []), other]}
    assert not is_intact({**changed, "x": [base36.write(mmh3.hash(text.encode()))]})


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=50))
def test_the_two_hashes_differ_only_beyond_the_basic_plane(text: str):
    assert divolte_hash(text) == mmh3.hash(text.encode())


SCHEMA = {
    "type": "record",
    "name": "E",
    "fields": [
        {"name": "s", "type": "string"},
        {"name": "a", "type": ["null", "string"], "default": None},
        {"name": "i", "type": ["null", "int"], "default": None},
        {"name": "l", "type": ["null", "long"], "default": None},
        {"name": "d", "type": ["null", "double"], "default": None},
        {"name": "f", "type": ["null", "float"], "default": None},
        {"name": "b", "type": ["null", "boolean"], "default": None},
        {"name": "t", "type": ["null", {"type": "array", "items": ["null", "string"]}], "default": None},
    ],
}
RECORD = st.tuples(
    TEXT,
    st.none() | TEXT,
    st.none() | st.integers(-(1 << 31), (1 << 31) - 1),
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.floats(allow_nan=False, width=32),
    st.none() | st.booleans(),
    st.none() | st.lists(st.none() | TEXT, max_size=4),
)


@given(RECORD)
def test_a_record_is_written_as_avros_own_writer_does(record: tuple[object, ...]):
    writer = Writer(SCHEMA)
    stream = io.BytesIO()
    parsed = fastavro.parse_schema(SCHEMA)
    fastavro.schemaless_writer(stream, parsed, dict(zip(writer.names, record, strict=True)))
    assert writer.write(list(record)) == writer.plain(list(record)) == stream.getvalue()


# Whatever a client sends, it gets an answer that is not a 500, and every event of it one outcome.


def result_of(request: Request) -> Answer | Outcome:
    return COLLECTOR(request)


def status_of(result: Answer | Outcome) -> int:
    return int((result.answer if isinstance(result, Outcome) else result).head.split()[1])


NAMES = st.sampled_from([b"host", b"cookie", b"h", b"user-agent", b"if-none-match", b"origin", b"accept-encoding"])
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=4)
PARTS = st.sampled_from(
    [
        "p=0:k0abc123:p",
        "s=0:k:s",
        "v=",
        "e=1",
        "c=k0",
        "n=t",
        "f",
        "u=",
        "(",
        "sa!b!",
        "%F0%9F%98%80",
        "%",
        "&",
        "=",
        "x=1",
        "l=http://a/",
    ]
)


@given(st.lists(PARTS | st.text(max_size=5), max_size=25).map("&".join), HEADERS)
def test_the_browser_route_answers_anything(query: str, headers: list[tuple[bytes, bytes]]):
    target = ("/csc-event?" + query).encode("utf-8", "surrogatepass")
    result = result_of(Request("GET", target, headers, b"", "127.0.0.1", 1))
    assert status_of(result) in (200, 304, 400)


@given(st.binary(max_size=60))
def test_any_path_is_answered(path: bytes):
    result = result_of(Request("GET", b"/" + path, [], b"", "127.0.0.1", 1))
    assert status_of(result) in (200, 400, 404, 405)


KEYS = st.sampled_from(
    ["event", "party_id", "price", "tags", "timestamp_ms", "ip", "country", "page_url", "event_id", "zzz"]
)
VALUES = JSON | st.sampled_from(["page_view", "buy", "http://[::1/x?%", "1e999", "9" * 30])
EVENT = st.dictionaries(KEYS, VALUES, max_size=7)


@given(st.lists(EVENT | JSON, min_size=1, max_size=6), st.booleans(), st.booleans(), HEADERS)
@settings(max_examples=200)
def test_every_event_of_a_body_has_one_outcome(
    events: list[object], is_browser: bool, is_zipped: bool, headers: list[tuple[bytes, bytes]]
):
    body = b"\n".join(json.dumps(event).encode() for event in events)
    headers = [
        (b"content-type", b"application/x-ndjson"),
        *(one for one in headers if one[0] not in (b"origin", b"host")),
    ]
    if is_zipped:
        headers.append((b"content-encoding", b"gzip"))
        body = gzip.compress(body)
    target = f"/collect?p={quote(PARTY)}&sent=5" if is_browser else "/collect?batch=b"
    result = result_of(Request("POST", target.encode(), headers, body, "127.0.0.1", 1_790_000_000_000))
    assert isinstance(result, Outcome)
    told = json.loads(result.answer.body)
    assert told["accepted"] + len(told["rejected"]) == len(events) == len(result.messages)
    assert [one.topic for one in result.messages].count("shop.raw") == told["accepted"]
    for message in result.messages:
        if message.topic == "shop.rejects":
            assert {"dkd-reject-id", "dkd-reason", "dkd-problem", "dkd-remedy"} <= dict(message.headers).keys()


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"gzip", b"br"]),
    st.sampled_from(["", "?format=combined", f"?p={PARTY}"]),
)
def test_any_bytes_are_a_body(body: bytes, encoding: bytes, query: str):
    headers = [(b"content-encoding", encoding)] if encoding else []
    result = result_of(Request("POST", b"/collect" + query.encode(), headers, body, "127.0.0.1", 1))
    assert status_of(result) in (200, 400, 413, 415)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_stored_as_it_was_sent(price: float):
    body = json.dumps({"event": "buy", "party_id": "me", "price": price}).encode()
    result = result_of(Request("POST", b"/collect", [], body, "127.0.0.1", 1))
    assert isinstance(result, Outcome)
    (message,) = result.messages
    assert message.topic == "shop.raw"
    assert math.isfinite(price)


@given(st.text(st.sampled_from("/.;%2Ee=+az"), max_size=20))
def test_a_canonical_path_stays_itself(text: str):
    try:
        path = canonical_path(split(("/" + text).encode()).path)
    except MalformedTarget:
        return
    assert path.startswith("/")
    assert "//" not in path
    if not set(path) & set("%;+"):
        assert canonical_path(path) == path


class Pipe:
    """The transport of a connection that nobody is at the other end of; keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def get_extra_info(self, _name: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def write(self, content: bytes) -> None:
        self.written += content

    def close(self) -> None:
        self.is_closed = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class AtOnce:
    """A commit that is done when it begins."""

    def add(self, _messages: object, done: object) -> None:
        done(True)  # type: ignore[operator]


LINES = st.sampled_from(
    [
        b"GET /ping HTTP/1.1\r\n", b"POST /collect HTTP/1.1\r\n", b"foo / HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n",
        b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello",
        b"Connection: close\r\n", b"Upgrade: h2c\r\nConnection: upgrade\r\n", b"GET /csc-event? HTTP/1.0\r\n", b"\n",
    ]
)  # fmt: skip


@given(st.lists(LINES | st.binary(max_size=8), max_size=12), st.data())
def test_any_bytes_on_a_connection_are_answered_and_not_with_500(pieces: list[bytes], data: st.DataObject):
    content = b"".join(pieces)
    cut = data.draw(st.integers(0, len(content)))
    pipe = Pipe()
    connection = Connection(Shared(COLLECTOR, AtOnce()))  # type: ignore[arg-type]
    connection.connection_made(pipe)  # type: ignore[arg-type]
    for part in (content[:cut], content[cut:]):
        if part:
            connection.data_received(part)
    found = {part[:3] for part in pipe.written.split(b"HTTP/1.1 ")[1:]}
    assert found <= {b"100", b"200", b"304", b"400", b"404", b"405", b"413", b"415"}
