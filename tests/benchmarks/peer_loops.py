"""The same enrichment event by event, in the two ways that people write it; run by ``enricher_peers.py``.

Takes the name of the loop, the servers, the raw topic, the number of events and the schema; prints events per
CPU-second. Both loops use dkd's own lists, database and matchers, each behind a cache of a dictionary, so that what is
compared is the way of working.
"""

import io
import json
import sys
import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import fastavro
import orjson

from dkd.enrich.bots import reasons_of, texts_of
from dkd.enrich.campaign import UTM, campaign_of
from dkd.enrich.channel import Tag, of_campaign, of_site
from dkd.enrich.resources import agent_finder, bot_lists, known_sites, place_finder

GAP_MS = 30 * 60_000
NAMES = {"pageView": "page_view"}
COPIED = {
    "partyId": "party_id", "sessionId": "collector_session_id", "pageViewId": "pageview_id", "eventId": "event_id",
    "location": "page_url", "referer": "referrer_url", "viewportPixelWidth": "viewport_width",
    "viewportPixelHeight": "viewport_height", "screenPixelWidth": "screen_width", "screenPixelHeight": "screen_height",
    "query": "query", "order_id": "order_id", "revenue": "revenue", "tags": "tags",
}  # fmt: skip


class Steps:
    """One event after the other, as dictionaries."""

    def __init__(self, schema: str) -> None:
        self._schema = fastavro.parse_schema(json.loads(schema))
        sites, match = known_sites(), bot_lists().match
        self._agent, self._place = agent_finder(), place_finder()
        self._site = lru_cache(65_536)(lambda host: sites.at(host))
        self._reason = lru_cache(65_536)(lambda agent: texts_of(reasons_of(agent, match)))

    def event(self, value: bytes) -> dict[str, Any]:
        """Columns of one clean event, but for its session."""
        raw = fastavro.schemaless_reader(io.BytesIO(value[5:]), self._schema, None)
        found = {column: raw[name] for name, column in COPIED.items()}
        found["event"] = NAMES.get(raw["eventType"], raw["eventType"])
        found["received_ms"], found["timestamp_ms"] = raw["timestamp"], raw["clientTimestamp"] or raw["timestamp"]
        page = urlsplit(raw["location"] or "")
        found["page_host"], found["page_path"], found["page_query"] = (
            page.hostname,
            page.path or None,
            page.query or None,
        )
        found.update(zip(UTM, campaign_of(page.query), strict=False))
        host = urlsplit(raw["referer"]).hostname if raw["referer"] else None
        site = self._site(host) if host else None
        if host:
            found["referrer_medium"] = "internal" if host == page.hostname else site.kind if site else "unknown"
            found["referrer_source"] = site.name if site else host
        tag = Tag(*((found[name] or "").lower() for name in UTM[:3]), "")
        found["channel"] = of_campaign(tag) if tag.source else of_site(site.kind if site else "") if host else "Direct"
        agent = raw["userAgentString"]
        found.update(self._agent(agent)._asdict())
        found["country"] = self._place(raw["remoteHost"]).country
        found["bot_reason"] = self._reason(agent)
        found["is_bot"] = found["bot_reason"] is not None
        return found

    @staticmethod
    def session(found: dict[str, Any], held: dict[str, Any] | None) -> dict[str, Any]:
        """The party's session after *found*; sets ``session_id`` of the event."""
        now_ms = found["timestamp_ms"]
        if held is None or now_ms - held["last"] > GAP_MS:
            held = {"id": found["event_id"], "start": now_ms, "last": now_ms, "events": 0, "pages": [], "seen": []}
        found["is_repeat"] = found["event_id"] in held["seen"]
        held["seen"] = [*held["seen"][-20:], found["event_id"]]
        held["events"] += 1
        held["last"] = max(held["last"], now_ms)
        if found["event"] == "page_view":
            held["pages"] = [*held["pages"][-100:], found["page_path"]]
        found["session_id"] = held["id"]
        return held


def encoded(found: dict[str, Any]) -> bytes:
    """JSON without nulls."""
    return orjson.dumps({name: value for name, value in found.items() if value is not None})


def dict_loop(servers: str, topic: str, count: int, steps: Steps) -> float:
    """kafka-python, fastavro and dictionaries, a transaction for each 10,000 events; sessions in a dictionary alone."""
    from kafka import KafkaConsumer, KafkaProducer

    consumer = KafkaConsumer(topic, bootstrap_servers=servers, group_id=f"{topic}.dicts", auto_offset_reset="earliest",
                             enable_auto_commit=False, max_poll_records=2_000)  # fmt: skip
    producer = KafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}.dicts", linger_ms=20)
    producer.init_transactions()
    sessions: dict[str, dict[str, Any]] = {}
    done, begun_s, in_batch = 0, 0.0, 0
    while done < count:
        for records in consumer.poll(1_000).values():
            begun_s = begun_s or time.process_time()
            for record in records:
                if not in_batch:
                    producer.begin_transaction()
                found = steps.event(record.value)
                sessions[found["party_id"]] = steps.session(found, sessions.get(found["party_id"]))
                producer.send(f"{topic}.dicts", encoded(found), record.key, timestamp_ms=record.timestamp)
                done, in_batch = done + 1, in_batch + 1
                if in_batch == 10_000:
                    producer.commit_transaction()
                    in_batch = 0
    if in_batch:
        producer.commit_transaction()
    return count / (time.process_time() - begun_s)


def quix(servers: str, topic: str, count: int, steps: Steps) -> float:
    """Quix Streams, exactly once, its state in RocksDB with a changelog topic, a commit each second."""
    from quixstreams import Application, State

    app = Application(servers, consumer_group=f"{topic}.quix", auto_offset_reset="earliest", commit_interval=1.0,
                      processing_guarantee="exactly-once", state_dir=f"/tmp/{topic}.quix")  # fmt: skip
    begun_s: list[float] = []

    def stepped(value: bytes) -> dict[str, Any]:
        if not begun_s:
            begun_s.append(time.process_time())
        return steps.event(value)

    def joined(found: dict[str, Any], state: State) -> bytes:
        state.set("session", steps.session(found, state.get("session")))
        return encoded(found)

    raw = app.topic(topic, value_deserializer="bytes")
    clean = app.topic(f"{topic}.quix", value_serializer="bytes")
    app.dataframe(raw).apply(stepped).apply(joined, stateful=True).to_topic(clean)
    app.run(count=count, timeout=60)
    return count / (time.process_time() - begun_s[0])


if __name__ == "__main__":
    name, servers, topic, count, schema = sys.argv[1:]
    loop = {"dicts": dict_loop, "quix": quix}[name]
    print(loop(servers, topic, int(count), Steps(schema)))
