"""Does a consumer group read: has it settled, and has somebody in it partitions."""

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from dkd.local.ports import HOST
from dkd.settings import Ports

_ANSWER_S = 5.0


def group_reads(group: str, ports: Ports) -> bool:
    """Whether *group* of the local Kafka is stable and has partitions; False while Kafka does not answer."""
    admin = AdminClient({"bootstrap.servers": f"{HOST}:{ports.kafka}", "log_level": 0})
    try:
        found = admin.describe_consumer_groups([group], request_timeout=_ANSWER_S)[group].result()
    except KafkaException:
        return False
    has_partitions = any(member.assignment and member.assignment.topic_partitions for member in found.members)
    return found.state == ConsumerGroupState.STABLE and has_partitions
