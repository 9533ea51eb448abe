"""Target and environment → Settings; what is missing is named at once, and secrets stay out of text."""

import pytest

from dkd.errors import UsageError
from dkd.model.load import load
from dkd.settings import Ports, druid_settings, settings

MODEL = load(
    """
dkd: 1
site: a
events: {x: }
targets:
  prod:
    kafka: {servers: "${BROKER}:9092", security: SASL_SSL, user: "${KAFKA_USER}", password: "${KAFKA_PASSWORD}"}
    druid: {router: "https://druid:8888/", user: analyst, password: "${DRUID_PASSWORD}"}
""",
    "m.yaml",
)
SET = {"BROKER": "k", "KAFKA_USER": "u", "KAFKA_PASSWORD": "hunter2", "DRUID_PASSWORD": "hunter3"}


def test_a_target_is_filled_from_the_environment():
    found = settings(MODEL, "prod", SET)
    assert (found.kafka.servers, found.kafka.user, found.kafka.password) == ("k:9092", "u", "hunter2")
    assert (found.druid.broker, found.druid.password) == ("https://druid:8888", "hunter3")


def test_who_only_asks_needs_druids_variables_alone():
    assert druid_settings(MODEL, "prod", {"DRUID_PASSWORD": "hunter3"}) == settings(MODEL, "prod", SET).druid
    with pytest.raises(UsageError, match="DRUID_PASSWORD is not set"):
        druid_settings(MODEL, "prod", {})


def test_secrets_are_not_in_the_text_of_settings():
    assert "hunter" not in repr(settings(MODEL, "prod", SET | {"DKD_PSEUDONYM_KEY": "hunter4"}))


def test_every_variable_that_is_not_set_is_named_at_once():
    with pytest.raises(UsageError) as caught:
        settings(MODEL, "prod", {"BROKER": "k"})
    assert "DRUID_PASSWORD, KAFKA_PASSWORD, KAFKA_USER are not set" in str(caught.value)


def test_an_unknown_target_names_the_known_ones():
    with pytest.raises(UsageError, match="local, prod"):
        settings(MODEL, "stage", {})


def test_the_local_target_is_on_loopback_from_its_base_port():
    found = settings(MODEL, "local", {}, 30000)
    assert found.kafka.servers == f"127.0.0.1:{Ports.at(30000).kafka}"
    assert found.collector == "http://127.0.0.1:30008"
