"""How long a plan takes beside the network: 100 topics and 20 supervisors, wanted and live, in memory.

    python tests/benchmarks/plan_time.py

prints CPU seconds for a plan in which nothing is to do and for one in which every artefact differs, each with its text
and its JSON, and exits 1 when one takes longer than ``--limit``. What a plan asks over the network is counted in
``tests/e2e/test_deploy_real.py``.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from dkd.model.load import load
from dkd.plan.order import Plan, ordered, split
from dkd.plan.show import as_dict, as_text
from dkd.systems.druid.live import datasource, supervisor_changes
from dkd.systems.druid.normal import normal
from dkd.systems.druid.render import supervisors
from dkd.systems.kafka.live import topic_changes
from dkd.systems.kafka.render import Topic, topics
from dkd.systems.seal import digest, sealed

TOPICS, SUPERVISORS = 100, 20


def model(site: str):
    """A site of 20 events with 20 fields each, all of them columns."""
    events = ", ".join(
        f"event_{event}: {{fields: {{{', '.join(f'f{event}_{field}: string' for field in range(20))}}}}}"
        for event in range(20)
    )
    return load(f"dkd: 1\nsite: {site}\nevents: {{{events}}}\n", "model.yaml")


def wanted() -> tuple[list[Topic], list[Mapping[str, Any]]]:
    """The topics of twenty sites, and one supervisor of each."""
    models = [model(f"site{number}") for number in range(TOPICS // 5)]
    specs = [spec for one in models for spec in supervisors(one)]
    return [topic for one in models for topic in topics(one)], specs[:SUPERVISORS]


def plan(all_topics: list[Topic], specs: list[Mapping[str, Any]], live: dict, running: dict) -> Plan:
    """The plan, with a digest of each live artefact, as ``dkd plan`` makes it."""
    free, blocked = split((*topic_changes(all_topics, live), *supervisor_changes(specs, running)))
    seen = {name: digest(topic._asdict()) for name, topic in live.items()}
    seen |= {name: digest(sealed(normal(spec), b"key")) for name, spec in running.items()}
    return Plan("all", "prod", (), ordered(free), blocked, live=seen)


def main() -> int:
    """Measure; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=2.0, help="CPU seconds that a plan may take")
    asked = parser.parse_args()
    all_topics, specs = wanted()
    same = {topic.name: topic for topic in all_topics}, {datasource(spec): spec for spec in specs}
    other_topics = {
        name: topic._replace(config={**topic.config, "retention.ms": "1"}) for name, topic in same[0].items()
    }
    other_specs = {name: json.loads(json.dumps(spec).replace('"string"', '"long"')) for name, spec in same[1].items()}
    slow = False
    for name, live in (("nothing to do", same), ("all differ", (other_topics, other_specs))):
        began = time.process_time()
        found = plan(all_topics, specs, *live)
        text, values = as_text(found), json.dumps(as_dict(found))
        seconds = time.process_time() - began
        slow |= seconds > asked.limit
        print(f"{name:14} {len(found.steps):4} steps, {len(text) + len(values):9,} characters: {seconds:.3f} s CPU")
    columns = len(specs[0]["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"])
    print(f"{len(all_topics)} topics, {len(specs)} supervisors of {columns} columns")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
