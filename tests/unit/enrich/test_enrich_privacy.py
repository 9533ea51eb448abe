import hashlib
import time

import polars as pl
import pytest

from dkd.enrich.privacy import epoch_key, protect, pseudonym, truncated
from dkd.model.schema import Model

TRUNCATED = {
    "203.0.113.77": "203.0.113.0",
    "2001:db8:aaaa:bbbb::1": "2001:db8:aaaa::",
    "::ffff:203.0.113.77": "203.0.113.0",
    "fe80::1%eth0": "fe80::",
    "jane.doe@mail.example": "@mail.example",
    "https://shop.example/reset?token=1#x": "https://shop.example/reset",
    "1012 AB": "101",
    "Jo": "Jo",
    "": "",
}


@pytest.mark.parametrize("text", TRUNCATED)
def test_a_truncated_text_keeps_this(text):
    assert truncated(text) == TRUNCATED[text]


def _model(**fields):
    return Model.model_validate({"dkd": 1, "site": "s", "fields": fields})


def test_each_type_is_truncated_by_its_rule_and_null_stays_null():
    model = _model(**{name: {"type": name, "privacy": "truncate"} for name in
                      ("string", "int", "double", "timestamp", "list", "boolean")})  # fmt: skip
    batch = pl.DataFrame({
        "string": ["203.0.113.77", None], "int": [1987, None], "double": [-0.0456, None],
        "timestamp": [86_400_000 * 3 + 5, None], "list": [["203.0.113.77", None], None], "boolean": [True, None],
    })  # fmt: skip
    assert protect(batch, model, None).rows() == [
        ("203.0.113.0", 2000, -0.046, 86_400_000 * 3, ["203.0.113.0", None], True),
        (None,) * 6,
    ]


def test_a_pseudonym_is_a_keyed_hash_of_the_text_for_every_type():
    model = _model(**{name: {"type": name, "privacy": "pseudonymise"} for name in ("string", "long", "list")})
    batch = pl.DataFrame({"string": ["jane", None], "long": [42, None], "list": [["a", "b"], None]})
    found = protect(batch, model, b"key")
    expected = [hashlib.blake2b(text, digest_size=16, key=b"key").hexdigest() for text in (b"jane", b"42", b"a\x1fb")]
    assert found.rows() == [tuple(expected), (None, None, None)]


def test_pseudonyms_differ_by_key_and_a_long_key_counts_whole():
    keys = [b"a", b"b", b"k" * 100, b"k" * 101]
    assert len({pseudonym("jane", key) for key in keys}) == len(keys)


def test_kept_fields_are_not_touched():
    assert protect(pl.DataFrame({"a": ["x"]}), _model(a={}), None).columns == []


SCRUBBED = {
    "https://s.example/reset?mail=jane.doe%40mail.example&x=1": "https://s.example/reset?mail=email&x=1",
    "https://s.example/u/jane+a_b@mail.co.example/x": "https://s.example/u/email/x",
    "https://s.example/?to=https%3A%2F%2Fx%2F%3Fm%3Djane%2540mail%252Eexample": "https://s.example/?to=https%3A%2F%2Fx%2F%3Fm%3Demail",
    "https://s.example/?a=1&m=JANE%2Btag%40MAIL.EXAMPLE#x": "https://s.example/?a=1&m=email#x",
    "https://jane:secret@s.example/x": "https://s.example/x",
    "https://s.example/@jane/posts?at=a@b": "https://s.example/@jane/posts?at=a@b",
    "https://s.example/plain": "https://s.example/plain",
}  # fmt: skip


@pytest.mark.parametrize("address", SCRUBBED)
def test_what_looks_like_an_email_leaves_an_address(address):
    batch = pl.DataFrame({"page_url": [address, None], "utm_content": [None, "jane@mail.example"]})
    found = batch.with_columns(protect(batch, _model(), None).get_columns())
    assert found.rows() == [(SCRUBBED[address], None), (None, "email")]


def test_emails_stay_where_the_model_says_so():
    model = Model.model_validate({"dkd": 1, "site": "s", "enrich": {"privacy": {"emails": "keep"}}})
    assert protect(pl.DataFrame({"page_url": ["https://s.example/?m=a@b.example"]}), model, None).columns == []


def test_an_address_that_is_hard_to_scrub_is_scrubbed_at_once():
    batch = pl.DataFrame({"page_url": ["a" * 100_000 + "@", "%2540" * 20_000, "a@b." * 25_000, "://" * 33_000 + "@"]})
    started = time.process_time()
    assert protect(batch, _model(), None).height == 4
    assert time.process_time() - started < 1


def test_pseudonyms_rotate_by_event_time():
    fields = {"user": {"privacy": "pseudonymise"}}
    model = Model.model_validate({"dkd": 1, "site": "s", "fields": fields, "enrich": {"privacy": {"rotate": "1d"}}})
    day = 86_400_000
    batch = pl.DataFrame(
        {"user": ["jane", "jane", "jane", None, "a:b"], "timestamp_ms": [0, day - 1, day, day, 5 * day]}
    )
    found = protect(batch, model, b"key")["user"].to_list()
    assert found[0] == found[1] != found[2]
    assert found == [pseudonym(user, epoch_key(b"key", epoch)) if user else None
                     for user, epoch in zip(batch["user"], (0, 0, 1, 1, 5), strict=True)]  # fmt: skip
    assert len({epoch_key(b"key", 1), epoch_key(b"key", 11), epoch_key(b"other", 1), epoch_key(b"k" * 99, 1)}) == 4
