"""A model becomes Druid's two supervisors: events from the clean topic, session rows from the sessions topic."""

from collections.abc import Mapping
from typing import Any, Literal

from dkd.model.columns import SESSION_COLUMNS, Column, event_columns
from dkd.model.schema import Datasource, Model
from dkd.systems.druid.strict import require_known

Spec = dict[str, Any]
Kind = Literal["events", "sessions"]

KINDS: tuple[Kind, ...] = ("events", "sessions")
_TOPIC: Mapping[Kind, str] = {"events": "clean", "sessions": "sessions"}
_TIME: Mapping[Kind, str] = {"events": "timestamp_ms", "sessions": "start_ms"}

PLACEHOLDER: Mapping[str, str] = {"bootstrap.servers": "${KAFKA_SERVERS}"}
"""Stands in the rendered files for what differs between targets; a deploy fills in the target's own."""

_CONSUMER: Mapping[str, str] = {
    # Otherwise Druid's consumer makes a missing topic, with one partition, and then waits for rows in it.
    "allow.auto.create.topics": "false",
    # Rows of transactions that were given up stay in the topic.
    "isolation.level": "read_committed",
}

_DIMENSION: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    # SORTED_ARRAY, Druid's default, would sort the pages of a session and with them lose their order.
    "list": {"type": "string", "multiValueHandling": "ARRAY"},
    "long": {"type": "long"},
    "double": {"type": "double"},
    # Druid has no boolean column: as long, true is 1, so that sums and averages of a flag work.
    "boolean": {"type": "long"},
}


def supervisors(model: Model, consumer_properties: Mapping[str, str] = PLACEHOLDER) -> tuple[Spec, ...]:
    """The supervisors of a site, events first; *consumer_properties* as for :func:`supervisor`."""
    return tuple(supervisor(model, kind, consumer_properties) for kind in KINDS)


def supervisor(model: Model, kind: Kind, consumer_properties: Mapping[str, str]) -> Spec:
    """One supervisor as it is posted.

    Args:
        model: The site.
        kind: Which of its datasources.
        consumer_properties: How Druid reaches Kafka: ``bootstrap.servers`` at least, and security where there is any.
            They cannot overrule what exactly-once needs.

    Raises:
        DkdError: DKD270, when the spec holds what Druid 33 would drop in silence.
    """
    spec: Spec = {
        "type": "kafka",
        "context": context(model),
        "spec": {
            "dataSchema": data_schema(model, kind),
            "ioConfig": _io_config(model.topic(_TOPIC[kind]), {**consumer_properties, **_CONSUMER}),
            "tuningConfig": _TUNING,
        },
    }
    require_known(spec)
    return spec


def columns_of(model: Model, kind: Kind) -> tuple[Column, ...]:
    """The columns of a datasource beside its time column, in their order."""
    found = event_columns(model) if kind == "events" else SESSION_COLUMNS
    return tuple(column for column in found if column.name != _TIME[kind])


def context(model: Model) -> Spec:
    """What supervisors and batches say of themselves; with the same locks they can work beside each other."""
    return {"dkd_site": model.site, "useConcurrentLocks": True}


def data_schema(model: Model, kind: Kind) -> Spec:
    """How a record of the datasource's topic, or a line of the same form, becomes a row."""
    datasource: Datasource = getattr(model.datasources, kind)
    return {
        "dataSource": model.datasource(kind),
        "timestampSpec": {"column": _TIME[kind], "format": "millis"},
        "dimensionsSpec": {"dimensions": [_dimension(column) for column in columns_of(model, kind)]},
        "granularitySpec": {
            "type": "uniform",
            "segmentGranularity": datasource.segment.upper(),
            "queryGranularity": "NONE",
            "rollup": False,
        },
    }


def _dimension(column: Column) -> Spec:
    return {"name": column.name, **_DIMENSION[column.type]}


def _io_config(topic: str, consumer_properties: Mapping[str, str]) -> Spec:
    return {
        "type": "kafka",
        "topic": topic,
        "inputFormat": {"type": "json"},
        # Sorted: Druid compares this map as text, and another order would restart the tasks.
        "consumerProperties": dict(sorted(consumer_properties.items())),
        "useEarliestOffset": True,
        "taskCount": 1,
        "replicas": 1,
        # A restarted task reads again from its last publish, so this bounds what it has to read again.
        "taskDuration": "PT15M",
        "startDelay": "PT1S",
        "period": "PT10S",
    }


_TUNING: Mapping[str, Any] = {
    "type": "kafka",
    # How stale Druid's own figure of its lag is.
    "offsetFetchPeriod": "PT5S",
    # The clean topic holds only what the model's privacy allows, so do these copies of unreadable rows.
    "maxSavedParseExceptions": 10,
}
