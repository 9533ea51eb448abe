"""Rules for changes of topics."""

from dkd.systems.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "DKD930", "additive", "a topic is new",
        "Nobody reads it yet.",
        "nothing; deploy makes it before Druid asks for it", "K D E",
    ),
    Rule(
        "DKD931", "destructive", "a topic is not in the model any more",
        "Nothing writes or reads it; its records go with their retention.",
        "read it to its end first; dkd deploy deletes no topic, dkd destroy does", "V E D P",
    ),
    Rule(
        "DKD932", "needs-order", "a topic gets more partitions",
        "A visitor's later events go to another partition than the earlier ones, so order and sessions break at the"
        " seam.",
        "keep the number, or use a new site name and switch: dkd deploy adds none, and enrichers end where another hand"
        " did", "E K D",
    ),
    Rule(
        "DKD933", "blocked", "a topic gets fewer partitions",
        "Kafka cannot take partitions away.",
        "keep the number, or use a new site name and switch", "K E V D P", mode="replace",
    ),
    Rule(
        "DKD934", "needs-new-topic", "records get another key",
        "The same visitor would be in two partitions for ever.",
        "write to a new topic, and switch without writing to both", "K E V D P", mode="replace",
    ),
    Rule(
        "DKD935", "blocked", "a topic of events is compacted",
        "Only the last event of each visitor would be left, and the broker refuses records without a key.",
        "keep cleanup.policy at delete",
    ),
    Rule(
        "DKD936", "destructive", "records of a compacted topic expire",
        "The newest value of a key was kept for ever; now it goes when it is old.",
        "keep cleanup.policy at compact: an enricher's restart needs all of it",
    ),
    Rule(
        "DKD937", "destructive", "a topic keeps its records for less long",
        "Older records are gone within minutes, read or not.",
        "let Druid and the enrichers lag less than half of the new retention first", "E D K",
    ),
    Rule(
        "DKD938", "safe", "a topic keeps its records longer",
        "It costs disk.",
        "look at the brokers' disks",
    ),
    Rule(
        "DKD939", "needs-order", "the largest record gets smaller",
        "Producers that still send larger ones are refused.",
        "change writers before the broker", "V E K",
    ),
    Rule(
        "DKD940", "needs-order", "the largest record gets larger",
        "A consumer that fetches less would wait for ever.",
        "change the broker, then readers, then writers", "K D E V",
    ),
    Rule(
        "DKD941", "blocked", "more replicas must be in sync than there are",
        "Every write with acks=all would fail.",
        "keep min.insync.replicas below replication",
    ),
    Rule(
        "DKD942", "blocked", "a topic gets another number of replicas",
        "That is a move of partitions between brokers, not a setting.",
        "use kafka-reassign-partitions, throttled, and change the model after it",
    ),
    Rule(
        "DKD943", "semantic", "the time of records means something else",
        "Ticks and retention go by the record's own time.",
        "keep message.timestamp.type",
    ),
    Rule(
        "DKD944", "safe", "a setting that changes cost alone",
        "No record is kept for less long, refused or changed.",
        "nothing",
    ),
)  # fmt: skip
