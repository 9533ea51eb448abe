"""A configuration of Divolte 0.9.0 → what it would refuse when it starts: keys that it does not know, wrong values.

Divolte ends with status 1 on each of them. The keys are those of its own classes; what stands below a producer's or a
client's properties is handed on to Kafka and HDFS as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_DURATION = re.compile(
    r"\s*[0-9]+(?:\.[0-9]*)?\s*(?:|ns|nanos?|nanoseconds?|us|micros?|microseconds?|ms|millis?|milliseconds?|s|seconds?"
    r"|m|minutes?|h|hours?|d|days?)\s*"
)
_WHOLE = re.compile(r"[+-]?[0-9]+")

Check = Callable[[object], bool]


def _text(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _flag(value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _whole(value: object) -> bool:
    """A Java int; sizes such as ``16K`` are none."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not _WHOLE.fullmatch(str(value)):
        return False
    return -(1 << 31) <= int(value) < 1 << 31


def _duration(value: object) -> bool:
    """A text with a unit that Divolte knows; a bare number is refused."""
    return isinstance(value, str) and bool(_DURATION.fullmatch(value))


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _script(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9_-]+\.js", value))


def _properties(value: object) -> bool:
    return isinstance(value, Mapping)


def _one_of(*words: str) -> Check:
    return lambda value: value in words


Keys = Mapping[str, "Keys | Check"]

_FILES: Keys = {
    "roll_every": _duration, "sync_file_after_records": _whole, "sync_file_after_duration": _duration,
    "working_dir": _text, "publish_dir": _text,
}  # fmt: skip
_SINK_POOL: Keys = {"enabled": _flag, "threads": _whole, "buffer_size": _whole}
_GLOBAL: Keys = {
    "server": {
        "host": _text, "port": _whole, "use_x_forwarded_for": _flag, "serve_static_resources": _flag,
        "debug_requests": _flag, "shutdown_delay": _duration, "shutdown_timeout": _duration,
    },
    "mapper": {
        "buffer_size": _whole, "threads": _whole, "duplicate_memory_size": _whole, "ip2geo_database": _text,
        "user_agent_parser": {"type": _text, "cache_size": _whole},
    },
    "hdfs": {**_SINK_POOL, "client": _properties},
    "gcs": _SINK_POOL,
    "kafka": {**_SINK_POOL, "producer": _properties},
    "gcps": {**_SINK_POOL, "project_id": _text},
}  # fmt: skip
_SOURCES: Mapping[str, Keys] = {
    "browser": {
        "type": _text, "prefix": _text, "event_suffix": _text, "cookie_domain": _text, "party_cookie": _text,
        "party_timeout": _duration, "session_cookie": _text, "session_timeout": _duration,
        "http_response_delay": _duration,
        "javascript": {
            "name": _script, "logging": _flag, "debug": _flag, "auto_page_view_event": _flag,
            "event_timeout": _duration,
        },
    },
    "json": {"type": _text, "event_path": _text, "party_id_parameter": _text, "maximum_body_size": _whole},
}  # fmt: skip
_MAPPING: Keys = {
    "schema_file": _text, "mapping_script_file": _text, "confluent_id": _whole, "sources": _names, "sinks": _names,
    "discard_corrupted": _flag, "discard_duplicates": _flag,
}  # fmt: skip
_SINKS: Mapping[str, Keys] = {
    "hdfs": {"type": _text, "replication": _whole, "file_strategy": _FILES},
    "gcs": {"type": _text, "bucket": _text, "file_strategy": _FILES, "retry_settings": _properties},
    "kafka": {"type": _text, "topic": _text, "mode": _one_of("naked", "confluent")},
    "gcps": {"type": _text, "topic": _text, "retry_settings": _properties, "batching_settings": _properties},
}  # fmt: skip


def faults(divolte: Mapping[str, Any]) -> list[str]:
    """What Divolte refuses in the resolved section ``divolte`` of a configuration, each with its path; in its order."""
    found = list(_unknown(divolte, {"global": {}, "sources": {}, "mappings": {}, "sinks": {}}, ""))
    found += _checked(divolte.get("global", {}), _GLOBAL, "global.")
    found += _typed(divolte.get("sources", {}), _SOURCES, "sources")
    found += _typed(divolte.get("sinks", {}), _SINKS, "sinks")
    for name, mapping in divolte.get("mappings", {}).items():
        found += _checked(mapping, _MAPPING, f"mappings.{name}.")
        found += _related(mapping, divolte, f"mappings.{name}")
    return found


def _typed(section: Mapping[str, Any], kinds: Mapping[str, Keys], path: str) -> Iterator[str]:
    for name, one in section.items():
        kind = one.get("type") if isinstance(one, Mapping) else None
        if isinstance(kind, str) and kind in kinds:
            yield from _checked(one, kinds[kind], f"{path}.{name}.")
        else:
            yield f"{path}.{name}.type: {kind!r} is none of {', '.join(kinds)}"


def _checked(section: object, keys: Keys, path: str) -> Iterator[str]:
    if not isinstance(section, Mapping):
        yield f"{path.removesuffix('.')}: {section!r} is no object"
        return
    yield from _unknown(section, keys, path)
    for name, value in section.items():
        check = keys.get(name)
        if isinstance(check, Mapping):
            yield from _checked(value, check, f"{path}{name}.")
        elif check is not None and not check(value):
            yield f"{path}{name}: {value!r} is no {check.__name__.strip('_').replace('<lambda>', 'value of its list')}"


def _unknown(section: Mapping[str, Any], keys: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}{name}: no such key" for name in section if name not in keys)


def _related(mapping: Mapping[str, Any], divolte: Mapping[str, Any], path: str) -> Iterator[str]:
    """What a mapping names must be there; one into a sink in ``confluent`` framing has an id."""
    for kind in ("sources", "sinks"):
        if kind not in mapping:
            yield f"{path}.{kind}: missing"
        for name in mapping.get(kind, ()):
            if kind in divolte and name not in divolte[kind]:
                yield f"{path}.{kind}: {name!r} is not defined"
    framed = (divolte.get("sinks", {}).get(name, {}).get("mode") == "confluent" for name in mapping.get("sinks", ()))
    if any(framed) and "confluent_id" not in mapping:
        yield f"{path}.confluent_id: missing"
    if ("schema_file" in mapping) != ("mapping_script_file" in mapping):
        yield f"{path}: schema_file and mapping_script_file go together"
