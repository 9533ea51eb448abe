"""Before anything is read: the site's topics exist, and each partition of raw has its counterpart in the others."""

from confluent_kafka import Consumer

from dkd.errors import DkdError, RefusedError
from dkd.stream.clients import REQUEST_S, Names


def require_topics(member: Consumer, names: Names) -> int:
    """Number of partitions of every topic that the enricher reads or writes.

    Raises:
        DkdError: DKD502, when a topic is missing.
        RefusedError: DKD503, when a topic has another number of partitions than raw.
        KafkaException: When the cluster does not answer.
    """
    found = member.list_topics(timeout=REQUEST_S).topics
    counts = {name: len(found[name].partitions) if name in found else 0 for name in (names.raw, *names.written)}
    missing = [name for name, count in counts.items() if not count]
    if missing:
        raise DkdError(
            "DKD502",
            where=missing[0],
            problem="there is no such topic" if len(missing) == 1 else f"no topics {', '.join(missing)}",
            remedy="run dkd deploy",
        )
    wanted = counts[names.raw]
    for name in names.written:
        if counts[name] != wanted:
            raise RefusedError(
                "DKD503",
                where=name,
                problem=f"it has {counts[name]} partitions, {names.raw} has {wanted}: visitors would lose their state",
                remedy="give every topic of the site the same number, and begin anew with dkd destroy and dkd deploy",
            )
    return wanted
