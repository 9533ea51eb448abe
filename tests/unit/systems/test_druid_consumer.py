"""Where Kafka is → what Druid's consumer is told, secrets quoted as JAAS wants them."""

import pytest

from dkd.settings import KafkaSettings
from dkd.systems.druid.consumer import consumer_properties


def test_druid_gets_servers_alone_where_nothing_is_secured():
    assert consumer_properties(KafkaSettings("k:1")) == {"bootstrap.servers": "k:1"}


@pytest.mark.parametrize(
    ("mechanism", "module"), [("PLAIN", "plain.PlainLoginModule"), ("SCRAM-SHA-512", "scram.ScramLoginModule")]
)
def test_druid_gets_user_and_password_quoted_as_jaas_wants_them(mechanism, module):
    found = consumer_properties(KafkaSettings("k:1", "SASL_SSL", mechanism, "me", 'a"b\\c'))
    assert found == {
        "bootstrap.servers": "k:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": (
            f'org.apache.kafka.common.security.{module} required username="me" password="a\\"b\\\\c";'
        ),
    }


def test_an_authority_of_ones_own_is_in_the_spec_as_druid_has_no_such_file():
    found = consumer_properties(KafkaSettings("k:1", "SSL", ca="/etc/ca.pem"), "-----BEGIN CERTIFICATE-----")
    assert found["ssl.truststore.type"] == "PEM"
    assert found["ssl.truststore.certificates"] == "-----BEGIN CERTIFICATE-----"
