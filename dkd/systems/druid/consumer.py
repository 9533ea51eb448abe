"""Where Kafka is becomes what Druid's consumers must be told of it."""

from dkd.settings import KafkaSettings


def consumer_properties(kafka: KafkaSettings, authority: str = "") -> dict[str, str]:
    """How Druid's consumers reach *kafka*: servers and security, secrets in clear, as Druid needs them.

    Args:
        kafka: Where.
        authority: Certificates of the authority that Kafka's own is by, PEM; Druid's machines do not have the file.
    """
    found = {"bootstrap.servers": kafka.servers}
    if kafka.security != "PLAINTEXT":
        found["security.protocol"] = kafka.security
    if authority:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": authority}
    if kafka.security.startswith("SASL"):
        module = "scram.Scram" if kafka.mechanism.startswith("SCRAM") else "plain.Plain"
        found["sasl.mechanism"] = kafka.mechanism
        found["sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{module}LoginModule required "
            f"username={_quoted(kafka.user)} password={_quoted(kafka.password)};"
        )
    return found


def _quoted(text: str | None) -> str:
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
