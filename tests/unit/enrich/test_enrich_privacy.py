import hashlib

import polars as pl
import pytest

from dkd.enrich.privacy import protect, pseudonym, truncated
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
