"""What Divolte 0.9.0 refuses when it starts is found before it is started."""

import copy
import json
from functools import reduce

import pytest

from dkd.systems.divolte.strict import faults

GOOD = json.loads("""
{"global": {"server": {"host": "127.0.0.1", "port": 8290, "shutdown_timeout": "2 minutes"},
            "mapper": {"user_agent_parser": {"type": "non_updating"}}, "hdfs": {"enabled": false},
            "kafka": {"enabled": "true", "producer": {"bootstrap": {"servers": ["a:1"]}, "any.thing": 1}}},
 "sources": {"web": {"type": "browser", "party_timeout": "10 days", "javascript": {"name": "shop.js"}},
             "api": {"type": "json", "maximum_body_size": 4096}},
 "mappings": {"m": {"schema_file": "a", "mapping_script_file": "b", "confluent_id": 7, "sources": ["web", "api"],
                    "sinks": ["k"]}},
 "sinks": {"k": {"type": "kafka", "topic": "t", "mode": "confluent"},
           "f": {"type": "hdfs", "file_strategy": {"roll_every": "1 hour"}}}}
""")


def test_what_divolte_takes_has_no_fault():
    assert faults(GOOD) == []
    assert faults({}) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("sources.web.prefx", "/", "sources.web.prefx: no such key"),
        ("global.mapper.ip2geo", "x", "global.mapper.ip2geo: no such key"),
        ("globals", {}, "globals: no such key"),
        ("sources.web.party_timeout", 30, "sources.web.party_timeout: 30 is no duration"),
        ("sources.web.party_timeout", "2 weeks", "sources.web.party_timeout: '2 weeks' is no duration"),
        ("global.mapper.buffer_size", "16K", "global.mapper.buffer_size: '16K' is no whole"),
        ("sources.web.type", "web", "sources.web.type: 'web' is none of browser, json"),
        ("sinks.k.mode", "CONFLUENT", "sinks.k.mode: 'CONFLUENT' is no value of its list"),
        ("sources.web.javascript.name", "shop", "sources.web.javascript.name: 'shop' is no script"),
        ("mappings.m.sinks", ["k", "nope"], "mappings.m.sinks: 'nope' is not defined"),
        ("mappings.m.confluent_id", None, "mappings.m.confluent_id: missing"),
        ("mappings.m.schema_file", None, "mappings.m: schema_file and mapping_script_file go together"),
        ("mappings.m.sources", None, "mappings.m.sources: missing"),
        ("global.server", "x", "global.server: 'x' is no object"),
    ],
)
def test_what_divolte_refuses_is_named_with_its_path(path, value, fault):
    conf = copy.deepcopy(GOOD)
    *outer, last = path.split(".")
    holder = reduce(lambda inner, key: inner[key], outer, conf)
    holder[last] = value
    if value is None:
        del holder[last]
    assert faults(conf) == [fault]
