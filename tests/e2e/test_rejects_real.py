"""What was refused on a real Kafka: listed, shown, and replayed after a fix, each once; and topics followed."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import Writer

from dkd.cli import run
from dkd.jobs.again import carried_out, planned
from dkd.jobs.books import read_books, total
from dkd.jobs.rejects import Wanted
from dkd.local.progress import Silent
from dkd.model.load import read_model
from dkd.settings import Ports, Settings, settings
from dkd.stream.reader import TopicReader
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.kafka.render import topics

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

KEY = "a secret of this test"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
MODEL = """\
dkd: 1
site: {site}
collector: {{senders: [{{name: till, key: "${{DKD_TEST_KEY}}"}}]}}
events:
  page_view: {{}}
{more}enrich: [url, agent, bots, sessions]
topics: {{partitions: 2}}
targets:
  there:
    kafka: {{servers: "127.0.0.1:{kafka}"}}
    druid: {{router: "http://127.0.0.1:1"}}
    collector: "http://127.0.0.1:{collector}"
"""
FIX = "  wish: {fields: {thing: {type: string, required: true}}}\n"
HOUR_MS = 3_600_000


@dataclass
class Site:
    """A site of its own on the run's Kafka, with a collector and an enricher of its own."""

    project: Path
    name: str
    kafka_port: int
    collector_port: int

    @property
    def file(self) -> Path:
        return self.project / "specs" / f"{self.name}.yaml"

    @property
    def settings(self) -> Settings:
        return settings(read_model(self.file), "there", os.environ)

    def write(self, more: str) -> None:
        self.file.parent.mkdir(exist_ok=True)
        text = MODEL.format(site=self.name, kafka=self.kafka_port, collector=self.collector_port, more=more)
        self.file.write_text(text)

    def dkd(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "dkd", *arguments, "--target", "there"]

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; it runs in this process, as starting one takes longer than what it does."""
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            ended = run([*arguments, "--target", "there", "--model", str(self.file)])
        assert ended == code, f"{stdout.getvalue()}\n{stderr.getvalue()}"
        assert KEY not in stdout.getvalue() + stderr.getvalue()
        return stdout.getvalue()

    def said(self, *arguments: str, code: int = 0) -> object:
        return json.loads(self.run(*arguments, "--json", code=code))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Collector and enricher with the model as it is now."""
        with ExitStack() as ends:
            for arguments in (("collect", "--port", str(self.collector_port)), ("enrich",)):
                log = ends.enter_context((self.project / f"{arguments[0]}.log").open("w"))
                made = subprocess.Popen(self.dkd(*arguments), cwd=self.project, stderr=log)
                ends.callback(made.wait, 30)
                ends.callback(made.terminate)
            wait_for(self._answers, True)
            yield

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.collector_port}/ping", timeout=2).ok
        except requests.RequestException:
            return False

    def send(self, *events: object, query: str = "", **headers: str) -> dict[str, object]:
        body = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in events)
        key = {} if query else {"Authorization": f"Bearer {KEY}"}
        sent = requests.post(
            f"http://127.0.0.1:{self.collector_port}/collect{query}", data=body, timeout=10,
            headers={"Content-Type": "application/x-ndjson", **key, **headers},
        )  # fmt: skip
        return sent.json()

    def counted(self) -> tuple[int, int, int, int]:
        """Events that were consumed, clean, duplicates and rejects, once nothing is left to read."""
        wait_for(lambda: sum(one.lag for one in read_books(self.settings, read_model(self.file))), 0)
        books = total(read_books(self.settings, read_model(self.file)))
        return books.consumed, books.clean, books.duplicates, books.rejects

    def clean(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.run("tail", "--from-start", "--no-follow", "--json").splitlines()]


def wait_for(ask, expected, limit_s: float = 60):
    end = time.monotonic() + limit_s
    while (found := ask()) != expected:
        assert time.monotonic() < end, found
        time.sleep(0.2)


@pytest.fixture
def site(request, tmp_path, monkeypatch) -> Iterator[Site]:
    """On the run's Kafka, or on the one of the stack at ``DKD_TEST_BASE_PORT``."""
    monkeypatch.setenv("DKD_TEST_KEY", KEY)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    named = os.environ.get("DKD_TEST_BASE_PORT")
    base_port = int(named) if named else request.getfixturevalue("stack").base_port
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Site(tmp_path, f"r{time.time_ns() % 10**9}", Ports.at(base_port).kafka, port)
    made.write("")
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{made.kafka_port}"})
    wanted = topics(read_model(made.file), "local")
    asked = admin.create_topics([NewTopic(one.name, one.partitions, 1, config=dict(one.config)) for one in wanted])
    for done in asked.values():
        done.result(30)
    yield made
    admin.delete_topics([one.name for one in wanted])


def test_rejects_are_listed_shown_and_replayed_once_after_the_fix(site):
    now_ms = round(time.time() * 1000)
    wish = {"event": "wish", "thing": "a boat", "page_url": "https://shop.example/w"}
    with site.running():
        site.send({"event": "page_view", "party_id": "p1"}, {**wish, "party_id": "p1"}, "no json", {"event": "wish"})
        site.send({**wish, "party_id": "p2", "timestamp_ms": now_ms - 3 * HOUR_MS})
        site.send({"event": "page_view", "party_id": "p2"})
        browser = {**wish, "party_id": "somebody else", "timestamp_ms": now_ms - 600_000 - 7, "country": "XX"}
        site.send(browser, query=f"?p=0:a:b&s=0:a:s&sent={now_ms - 600_000}", **{"User-Agent": AGENT})
        raw_wish, id_of_it = _record_of_the_fixed_model(site, now_ms)
        assert _counts(site, "reason") == {"unknown_event": 4, "not_json": 1, "unknown_schema": 1}
        assert site.counted() == (3, 2, 0, 1)
    _look(site, id_of_it)

    before = _ends(site)
    refused = site.said("rejects", "replay", "--yes", code=5)
    assert (refused["passing"], refused["to_raw"], refused["to_collector"]) == ([], 0, 0)
    assert _ends(site) == before

    site.write(FIX)
    with site.running():
        model = read_model(site.file)
        plan = planned([], Wanted(), model, site.settings, site.project)
        site.run("rejects", "replay", code=5)
        assert _ends(site) == before
        told = site.said("rejects", "replay", "--yes")
        assert (told["to_raw"], told["to_collector"], told["refused_again"]) == (1, 2, {})
        stays = {one["reason"]: one["remedy"] for one in told["refused"]}
        assert set(stays) == {"late", "not_json", "missing_party"}
        assert "dkd backfill" in stays["late"]
        assert site.counted() == (6, 5, 0, 1)
        _wishes_are_what_they_would_have_been(site.clean(), raw_wish, now_ms)

        again = site.said("rejects", "replay", "--yes", code=5)
        assert (again["to_raw"], again["to_collector"]) == (0, 0)
        assert site.said("rejects", "replay", id_of_it, "--yes", code=5)["refused"][0]["reason"] == "replayed"
        # The plan of before the first replay stands for one that was killed before it could mark what it had sent.
        carried_out(plan, model, site.settings, Silent())
        assert site.counted() == (9, 5, 3, 1)
    site.run("rejects", "show", "no such id", code=64)
    # Nothing that reads is a member of a group; a new client may not know its broker at once.
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{site.kafka_port}"})
    wait_for(lambda: _groups(admin, site.name), {f"{site.name}.enrich"})


def _groups(admin: AdminClient, name: str) -> set[str]:
    return {one.group_id for one in admin.list_consumer_groups().result(30).valid if one.group_id.startswith(name)}


def _record_of_the_fixed_model(site: Site, now_ms: int) -> tuple[dict[str, object], str]:
    """Write a wish to raw, as a collector of the fixed model would; the enricher of the old one can't read it."""
    site.write(FIX)
    model = read_model(site.file)
    site.write("")
    event = {"timestamp": now_ms, "clientTimestamp": now_ms - 5, "partyId": "p3", "eventId": "w3", "eventType": "wish",
             "thing": "raw\x1b[31m", "userAgentString": AGENT}  # fmt: skip
    producer = Producer({"bootstrap.servers": f"127.0.0.1:{site.kafka_port}"})
    at = []
    producer.produce(
        model.topic("raw"), Writer(model).value(event), b"p3", on_delivery=lambda _, message: at.append(message)
    )
    assert producer.flush(30) == 0
    wait_for(lambda: len(site.said("rejects")), 6)
    assert schema_id(raw_schema(model)) != schema_id(raw_schema(read_model(site.file)))
    return event, f"{model.topic('raw')}:{at[0].partition()}:{at[0].offset()}"


def _look(site: Site, id_of_it: str) -> None:
    """Everything that reads, for people and for programs."""
    listed = site.said("rejects")
    assert [one["received_ms"] for one in listed] == sorted((one["received_ms"] for one in listed), reverse=True)
    assert [one["reject_id"] for one in site.said("rejects", "--reason", "unknown_schema")] == [id_of_it]
    assert len(site.said("rejects", "--limit", "2")) == 2
    assert "4 older ones" in site.run("rejects", "--limit", "2")
    assert _counts(site, "stage") == {"collect": 5, "decode": 1}
    shown = site.said("rejects", "show", id_of_it)
    assert (shown["key"], shown["stage"], shown["code"], shown["decoded"]) == ("p3", "decode", "DKD521", None)
    site.write(FIX)
    assert site.said("rejects", "show", id_of_it)["decoded"]["thing"] == "raw\x1b[31m"
    text = site.run("rejects", "show", id_of_it)
    assert "thing" in text
    assert "raw\\u001b[31m" in text
    assert "\x1b" not in text
    site.write("")
    tails = {kind: site.run("tail", kind, "-n", "99", "--no-follow").splitlines()
             for kind in ("raw", "clean", "sessions", "rejects")}  # fmt: skip
    assert {kind: len(lines) for kind, lines in tails.items()} == {"raw": 3, "clean": 2, "sessions": 0, "rejects": 6}
    assert "unknown here" in tails["raw"][-1]
    assert tails["clean"][0].startswith(time.strftime("%Y-%m-%d %H:", time.gmtime(listed[-1]["received_ms"] / 1000)))
    assert len(site.run("tail", "raw", "-n", "2", "--no-follow", "--json").splitlines()) == 2


def _wishes_are_what_they_would_have_been(clean: list[dict[str, object]], raw_wish: dict[str, object], now_ms) -> None:
    wishes = {row["party_id"]: row for row in clean if row["event"] == "wish"}
    assert set(wishes) == {"p1", "0:a:b", raw_wish["partyId"]}
    assert wishes["p3"]["timestamp_ms"] == raw_wish["clientTimestamp"]
    assert wishes["p1"]["thing"] == "a boat"
    assert abs(wishes["p1"]["timestamp_ms"] - now_ms) < 60_000
    # The browser's clock was ten minutes behind; its country is not its own to say.
    seen = wishes["0:a:b"]
    assert abs(seen["timestamp_ms"] - now_ms) < 60_000
    assert (seen["browser"], seen["collector_session_id"], seen.get("country")) == ("Firefox", "0:a:s", None)


def _counts(site: Site, by: str) -> dict[str, int]:
    return {row[by]: row["rejects"] for row in site.said("rejects", "--by", by)}


def _ends(site: Site) -> list[dict[int, object]]:
    """Where the site's topics end."""
    with TopicReader(site.settings.kafka, site.name) as reader:
        return [reader.ranges(f"{site.name}.{kind}") for kind in ("raw", "rejects")]


def test_a_topic_is_followed_until_ctrl_c_or_a_closed_pipe(site):
    with site.running():
        now_ms = round(time.time() * 1000)
        site.send({"event": "page_view", "party_id": "p1", "page_url": "https://shop.example/1"})
        wait_for(lambda: len(site.clean()), 1)
        with _tail(site, "clean") as reading:
            first = reading.stdout.readline()
            assert first.startswith(time.strftime("%Y-%m-%d %H:", time.gmtime(now_ms / 1000)))
            assert "/1" in first
            site.send({"event": "page_view", "party_id": "p1", "page_url": "https://shop.example/2"})
            assert "/2" in reading.stdout.readline()
            reading.send_signal(signal.SIGINT)
            assert reading.wait(20) == 130
            assert reading.stderr.read() == ""
        with _tail(site, "raw") as reading:
            assert "shop.example/1" in reading.stdout.readline()
            reading.stdout.close()
            # Nobody sends, so nothing is written that could fail.
            assert reading.wait(20) == 0
            assert reading.stderr.read() == ""


@contextmanager
def _tail(site: Site, kind: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        site.dkd("tail", kind), cwd=site.project, env={**os.environ, "TZ": "Asia/Kolkata"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as made:  # fmt: skip
        try:
            yield made
        finally:
            made.kill()
