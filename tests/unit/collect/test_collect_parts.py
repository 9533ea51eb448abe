"""The small parts of Divolte's wire, against numbers that Divolte, Guava and the real tag gave."""

import io
from decimal import Decimal
from pathlib import Path

import fastavro
import mmh3
import pytest

from dkd.collect import base36, mincode
from dkd.collect.address import Addresses, is_loopback
from dkd.collect.avro import Writer
from dkd.collect.checksum import canonical_text, divolte_hash, is_intact
from dkd.collect.duplicates import Duplicates
from dkd.collect.ids import canonical
from dkd.collect.salt import Salts
from dkd.collect.target import MOST_PARAMETERS, MalformedTarget, canonical_path, parameters, split

COMMON = (
    "p=0:k0abc123:partyA&s=0:k0abc123:sessA&v=0:pvA&e=0:pvA0&c=k0abc124&n=t&f=t&l=https://shop.example/"
    "&i=1hc&j=u0&k=2&w=100&h=hs&"
)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("t=pageView", "-lcwznc"),
        ("t=pageView&r=https://ref.example/?q%3D1", "-daqw4q"),
        ("t=addToCart&u=(ssku!A~~1~!!dqty!2!)", "81onaw"),
        ("t=caf%C3%A9", "6wm8cj"),
        ("t=pageView&u=(sm!%F0%9F%98%80!)", "jnee71"),
        ("t=pageView&u=(sm!%F0%9F%98%80!)", "j6wcl"),
    ],
)
def test_the_checksum_of_the_tag_and_of_the_server_are_both_right(extra: str, expected: str):
    assert is_intact(parameters(f"{COMMON}{extra}&x={expected}"))
    assert not is_intact(parameters(f"{COMMON}{extra}&x={expected}&utm=1"))


def test_the_checksum_covers_names_in_order_and_every_value():
    given = parameters("b=2&a=1&a=3&x=zz&c")
    assert canonical_text(given) == "a=1,3,;b=2,;c=,;"
    assert base36.write(mmh3.hash(canonical_text(given).encode())) == "h727rm"


@pytest.mark.parametrize("x", ["", "&x=", "&x=1.5", "&x=%2B"])
def test_a_checksum_that_is_none_is_wrong(x: str):
    assert not is_intact(parameters(f"{COMMON}t=pageView{x}"))


def test_the_servers_hash_is_the_correct_one_inside_the_basic_plane():
    for text in ("", "a", "abcd", "abcdé", "購入 café", "x" * 99 + "\u07ff\u0800"):
        assert divolte_hash(text) == mmh3.hash(text.encode())


def test_a_slot_remembers_its_last_event_only():
    memory = Duplicates(2)
    assert [memory.seen("p", "s", "1"), memory.seen("p", "s", "1")] == [False, True]
    events = [str(number) for number in range(50)]
    for event in events:
        memory.seen("p", "s", event)
    assert sum(memory.seen("p", "s", event) for event in events[:-2]) <= 1


def test_the_memory_hashes_as_divolte_does():
    digest = mmh3.mmh3_x64_128_digest("0:k0abc123:partyA0:k0abc123:sessA0:pvA0".encode("utf-16-le"), 0)
    assert digest.hex() == "0487a85f808087b0f9a80a618a68faf3"
    memory = Duplicates()
    memory.seen("0:k0abc123:partyA", "0:k0abc123:sessA", "0:pvA0")
    assert memory._signatures[999_327] == int.from_bytes(digest[8:], "big", signed=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:i1t84hgy:x", "0:i1t84hgy:x"),
        ("0:I1T84HGY:x", "0:i1t84hgy:x"),
        ("0:00k0:x", "0:k0:x"),
        ("0:+k0:x", "0:k0:x"),
        ("0:-5:neg", "0:-5:neg"),
        ("0:k0:", "0:k0:"),
        ("0:1y2p0ij32e8e7:max", "0:1y2p0ij32e8e7:max"),
        ("0:1y2p0ij32e8e8:beyond", None),
        ("1:abc:u", None),
        ("0:a!c:u", None),
        ("0::u", None),
        ("0:abc", None),
        ("0:abc:u:v", None),
        ("", None),
        ("0:\uff11:u", None),
    ],
)
def test_ids_have_one_spelling(text: str, expected: str | None):
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(sfoo!hello!dbar!16!)", {"foo": "hello", "bar": 42}),
        (
            "(ja!1.5!db!-11!dc!0!jd!1e+21!de!lfls!df!1kpqzg2c!jg!0.1!jh!1e-7!di!0!)",
            {
                "a": Decimal("1.5"), "b": -37, "c": 0, "d": Decimal("1e21"), "e": 1_000_000, "f": 123_456_789_012,
                "g": Decimal("0.1"), "h": Decimal("1e-7"), "i": 0,
            },
        ),
        ("ad1!stwo!ntfn().", [1, "two", None, True, False, None, {}]),
        (
            "(sd!1970-01-01T00:00:00.000Z!nn!ninf!sk~~y~!!v~~a~!l!)",
            {"d": "1970-01-01T00:00:00.000Z", "n": None, "inf": None, "k~y!": "v~a!l"},
        ),
        ("((nested!aa!a.().))", {"nested": {"a": [[], {}]}}),
        ("d255s!", 100_000),
        ("d2gosa7pa2gw!", 9_007_199_254_740_992),
        ("sjust a string!", "just a string"),
        ("n", None),
        ("(ssku!A!)(ssku!B!)", {"sku": "A"}),
    ],
)  # fmt: skip
def test_what_the_real_tag_wrote_is_read(text: str, expected: object):
    assert mincode.decode(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "o", "z", "(", "(sa!b!", "(sa!b!.", "a)", "s", "sa", "sa~!", "d!", "dx y!", "j1,5!", "jNaN!", "{}", "(s"],
)
def test_what_is_not_mincode_is_an_error(text: str):
    with pytest.raises(mincode.MincodeError):
        mincode.decode(text)


@pytest.mark.parametrize("opening", ["a", "(a!"])
def test_deep_mincode_is_an_error_and_not_the_end_of_the_stack(opening: str):
    with pytest.raises(mincode.MincodeError):
        mincode.decode("(" + opening * 20_000)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/csc-event", "/csc-event"), ("/csc-event/", "/csc-event"), ("//csc-event", "/csc-event"),
        ("/./csc-event", "/csc-event"), ("/x/../csc-event", "/csc-event"), ("/csc%2Devent", "/csc-event"),
        ("/csc-event;j=1", "/csc-event"), ("/../csc-event", "/csc-event"), ("/CSC-EVENT", "/CSC-EVENT"), ("", "/"),
    ],
)  # fmt: skip
def test_paths_have_one_spelling(path: str, expected: str):
    assert canonical_path(path) == expected


def test_a_target_may_name_its_host():
    assert split(b"http://c.example:80/csc-event?p=1") == ("/csc-event", "p=1")
    assert split(b"/a?b?c") == ("/a", "b?c")


@pytest.mark.parametrize("code", [*b'"#<>\\^`{|}', 0x00, 0x20, 0x7F, 0x80, 0xFF])
def test_bytes_that_must_be_escaped_are_refused_raw(code: int):
    with pytest.raises(MalformedTarget):
        split(b"/x?a=" + bytes((code,)))


@pytest.mark.parametrize("query", ["a=%", "a=%1", "a=%zz", "%g0=1", "a=%+1"])
def test_an_escape_is_two_hexadecimal_digits(query: str):
    with pytest.raises(MalformedTarget):
        parameters(query)


def test_a_query_has_fewer_than_a_thousand_parameters():
    assert len(parameters("&".join(f"a{n}" for n in range(MOST_PARAMETERS)))) == MOST_PARAMETERS
    with pytest.raises(MalformedTarget):
        parameters("&".join(f"a{n}" for n in range(MOST_PARAMETERS + 1)))
    assert parameters("&" * 5000 + "a=1") == {"a": ["1"]}


@pytest.mark.parametrize(
    ("policy", "address", "stored"),
    [
        ("full", "203.0.113.9", "203.0.113.9"),
        ("full", "::1", "0:0:0:0:0:0:0:1"),
        ("full", "2001:DB8::ff", "2001:db8:0:0:0:0:0:ff"),
        ("full", "::ffff:203.0.113.9", "203.0.113.9"),
        ("full", "host.example", None),
        ("truncate", "203.0.113.9", "203.0.113.0"),
        ("truncate", "2001:db8:1:2:3:4:5:6", "2001:db8:1:0:0:0:0:0"),
        ("truncate", "fe80::1%eth0", "fe80:0:0:0:0:0:0:0"),
    ],
)
def test_of_an_address_only_what_the_model_allows_is_kept(policy: str, address: str, stored: str | None):
    assert Addresses(policy, Salts()).stored(address, 0) == stored


def test_a_hashed_address_is_the_same_for_one_day_and_then_nobody_can_find_it_again(tmp_path: Path):
    day_ms = 86_400_000
    one, beside = Addresses("hash", Salts(tmp_path)), Addresses("hash", Salts(tmp_path))
    first = one.stored("203.0.113.9", 0)
    assert first == one.stored("203.0.113.9", day_ms - 1) == beside.stored("203.0.113.9", 5)
    assert len(first or "") == 24
    (kept,) = tmp_path.glob("salt-*")
    assert kept.stat().st_mode & 0o777 == 0o600
    later = one.stored("203.0.113.9", day_ms), one.stored("203.0.113.8", day_ms)
    assert len({first, *later}) == 3
    assert [file.name for file in tmp_path.glob("salt-*")] == ["salt-1"], "the secret of the day before is destroyed"
    assert later[0] == beside.stored("203.0.113.9", day_ms)
    assert Addresses("hash", Salts()).stored("203.0.113.9", 0) != first


def test_a_secret_goes_at_the_turn_of_the_day_though_nobody_comes(tmp_path: Path):
    first = Salts(tmp_path).of(7)
    # What a crash left, and what one before a long pause did.
    (tmp_path / "salt-7.0123").write_bytes(first)
    (tmp_path / "salt-3").write_bytes(first)
    salts = Salts(tmp_path)
    assert salts.of(7) == first
    salts.forget(8)
    assert list(tmp_path.glob("salt-*")) == []
    assert salts.of(7) == salts.of(8) != first, "late requests bring no day back"
    assert [file.name for file in tmp_path.glob("salt-*")] == ["salt-8"]
    # A clock that was a year ahead.
    assert len({salts.of(400), salts.of(9), salts.of(8)}) == 2
    assert [file.name for file in tmp_path.glob("salt-*")] == ["salt-9"]


def test_a_folder_that_cannot_be_written_costs_no_event(tmp_path: Path):
    (tmp_path / "file").write_text("")
    stored = Addresses("hash", Salts(tmp_path / "file"))
    assert stored.stored("203.0.113.9", 0) == stored.stored("203.0.113.9", 1)


def test_this_machine_is_known_in_every_spelling():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("10.0.0.1", "::2", "localhost", "")))


def test_a_field_that_cannot_be_null_is_never_left_out():
    schema = {
        "type": "record",
        "name": "E",
        "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": ["int", "null"]}],
    }
    writer = Writer(schema)
    with pytest.raises(TypeError):
        writer.write([None, 1])
    for value in (None, -5):
        read = fastavro.schemaless_reader(io.BytesIO(writer.write(["x", value])), fastavro.parse_schema(schema))
        assert read == {"a": "x", "b": value}


def test_a_type_that_dkd_does_not_render_is_refused_when_the_writer_is_made():
    with pytest.raises(ValueError, match="no writer"):
        Writer({"type": "record", "name": "E", "fields": [{"name": "a", "type": {"type": "map", "values": "string"}}]})
