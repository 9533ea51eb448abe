"""A live artefact → a form that tells of a secret only whether it changed."""

import json

from dkd.systems.seal import ABSENT, digest, sealed

SPEC = {"ioConfig": {"consumerProperties": {"sasl.jaas.config": "canary", "bootstrap.servers": "k:1"}}, "list": [1]}


def test_a_secret_becomes_a_fingerprint_that_depends_on_it_and_on_the_key():
    one = sealed(SPEC, b"key")
    assert "canary" not in json.dumps(one)
    assert one["ioConfig"]["consumerProperties"]["bootstrap.servers"] == "k:1"
    other = {"ioConfig": {"consumerProperties": {"sasl.jaas.config": "new", "bootstrap.servers": "k:1"}}, "list": [1]}
    assert digest(sealed(other, b"key")) != digest(one)
    assert digest(sealed(SPEC, b"other key")) != digest(one)
    assert digest(sealed(SPEC, b"key")) == digest(one)


def test_without_a_key_a_secret_is_only_hidden():
    assert sealed(SPEC, None)["ioConfig"]["consumerProperties"]["sasl.jaas.config"] == "(hidden)"


def test_what_is_not_there_has_a_digest_of_its_own():
    assert digest(None) == ABSENT
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
