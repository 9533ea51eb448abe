"""What Divolte 0.9.0's configuration knows: each key, by its block, with the form of its value."""

from collections.abc import Mapping

Block = Mapping[str, str]
"""Key to the form of its value: text, int, bool, number, duration, names, free, block NAME, or choices with ``|``."""

BLOCKS: Mapping[str, Block] = {
    "divolte": {"global": "block global", "sources": "each", "mappings": "each", "sinks": "each"},
    "global": {
        "server": "block server", "mapper": "block mapper", "hdfs": "block hdfs", "gcs": "block pool",
        "kafka": "block kafka", "gcps": "block gcps",
    },
    "server": {
        "host": "text", "port": "int", "use_x_forwarded_for": "bool", "serve_static_resources": "bool",
        "debug_requests": "bool", "shutdown_delay": "duration", "shutdown_timeout": "duration",
    },
    "mapper": {
        "buffer_size": "int", "threads": "int", "duplicate_memory_size": "int",
        "user_agent_parser": "block user_agent_parser", "ip2geo_database": "text",
    },
    "user_agent_parser": {"type": "non_updating|online_updating|caching_and_updating", "cache_size": "int"},
    "pool": {"enabled": "bool", "threads": "int", "buffer_size": "int"},
    "hdfs": {"enabled": "bool", "threads": "int", "buffer_size": "int", "client": "free"},
    "kafka": {"enabled": "bool", "threads": "int", "buffer_size": "int", "producer": "free"},
    "gcps": {"enabled": "bool", "threads": "int", "buffer_size": "int", "project_id": "text"},
    "browser source": {
        "type": "browser|json", "prefix": "text", "event_suffix": "text", "cookie_domain": "text",
        "party_cookie": "text", "party_timeout": "duration", "session_cookie": "text", "session_timeout": "duration",
        "http_response_delay": "duration", "javascript": "block javascript",
    },
    "javascript": {
        "name": "text", "logging": "bool", "debug": "bool", "auto_page_view_event": "bool", "event_timeout": "duration",
    },
    "json source": {
        "type": "browser|json", "event_path": "text", "party_id_parameter": "text", "maximum_body_size": "int",
    },
    "mapping": {
        "schema_file": "text", "mapping_script_file": "text", "confluent_id": "int", "sources": "names",
        "sinks": "names", "discard_corrupted": "bool", "discard_duplicates": "bool",
    },
    "kafka sink": {"type": "hdfs|gcs|kafka|gcps", "topic": "text", "mode": "naked|confluent"},
    "hdfs sink": {"type": "hdfs|gcs|kafka|gcps", "replication": "int", "file_strategy": "block file_strategy"},
    "gcs sink": {
        "type": "hdfs|gcs|kafka|gcps", "bucket": "text", "file_strategy": "block file_strategy",
        "retry_settings": "block retry_settings",
    },
    "gcps sink": {
        "type": "hdfs|gcs|kafka|gcps", "topic": "text", "retry_settings": "block retry_settings",
        "batching_settings": "block batching_settings",
    },
    "file_strategy": {
        "roll_every": "duration", "sync_file_after_records": "int", "sync_file_after_duration": "duration",
        "working_dir": "text", "publish_dir": "text",
    },
    "retry_settings": {
        "max_attempts": "int", "total_timeout": "duration", "initial_retry_delay": "duration",
        "retry_delay_multiplier": "number", "max_retry_delay": "duration", "jitter_factor": "number",
        "jitter_delay": "duration", "initial_rpc_timeout": "duration", "rpc_timeout_multiplier": "number",
        "max_rpc_timeout": "duration",
    },
    "batching_settings": {
        "element_count_threshold": "int", "request_bytes_threshold": "int", "delay_threshold": "duration",
    },
}  # fmt: skip

OLD_KEYS: Mapping[str, str] = {
    "server": "move it to divolte.global.server",
    "tracking": "move cookies and timeouts to divolte.sources.NAME, schema_file and schema_mapping to divolte.mappings",
    "javascript": "move it to divolte.sources.NAME.javascript",
    "incoming_request_processor": "move it to divolte.global.mapper and divolte.mappings.NAME",
    "kafka_flusher": "move it to divolte.global.kafka, and the topic to divolte.sinks.NAME",
    "hdfs_flusher": "move it to divolte.global.hdfs, and the files to divolte.sinks.NAME.file_strategy",
    "geodb": "name the database in divolte.global.mapper.ip2geo_database",
}
"""Blocks right below ``divolte`` in versions before 0.5, with where their settings went."""

MISSPELT: Mapping[str, str] = {"replication_factor": "replication", "project-id": "project_id"}
"""What the documentation writes, to what is read."""

VARIABLES: Mapping[str, str] = {
    "DIVOLTE_SERVE_STATIC_RESOURCES": "the image reads DIVOLTE_SERVICE_STATIC_RESOURCES",
    "DIVOLTE_GFS_ENABLED": "the image defines no sink of that kind",
}
"""Variables that do nothing, with why."""
