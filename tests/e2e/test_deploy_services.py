"""Deploy on a target that is not the local stack: Divolte's files and restart, enrichers that work by the new model."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from second_site import SecondSite

from dkd.settings import Ports
from dkd.stream.reader import TopicReader
from dkd.systems.avro.render import frame, raw_schema, schema_id

pytestmark = pytest.mark.stack

STAND_IN = Path(__file__).parents[1] / "divolte_stand_in.py"
MODEL = """\
dkd: 1
site: divo
collector: {{kind: divolte}}
events: {{page_view: {{}}, purchase: {{fields: {{revenue: double}}}}}}
topics: {{partitions: 2}}
targets:
  prod:
    kafka: {{servers: "127.0.0.1:{kafka}"}}
    druid: {{router: "http://127.0.0.1:{coordinator}", user: me, password: "${{CANARY}}"}}
    divolte: {{dir: "{folder}", restart: "{restart}", url: "http://127.0.0.1:{port}"}}
    enrichers: ["http://127.0.0.1:{admin}"]
"""
NEW_FIELD = "{revenue: double, coupon: string}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """Divolte's directory; the stand-in that runs from it is ended."""
    made = tmp_path_factory.mktemp("divolte") / "conf"
    yield made
    pid = made / "stand-in.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGKILL)


@pytest.fixture(scope="module")
def site(stack, folder, tmp_path_factory) -> Iterator[SecondSite]:
    ports = Ports.at(stack.base_port)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, admin = one.getsockname()[1], other.getsockname()[1]
    restart = f"'{sys.executable}' '{STAND_IN}' restart '{folder}' {port} 127.0.0.1:{ports.kafka}"
    places = {"kafka": ports.kafka, "coordinator": ports.coordinator, "port": port, "admin": admin}
    model = MODEL.format(folder=folder, restart=restart, **places)
    environment = {"DKD_PSEUDONYM_KEY": "a key of tests", "CANARY": "canary-in-a-coal-mine"}
    made = SecondSite(replace(stack, environment=environment), tmp_path_factory.mktemp("divo"), model)
    made.text, made.admin = model, admin
    yield made
    made.write(model)
    made.run("destroy", "--target", "prod", "--include-data", "--confirm", "prod")


def deploy(site, *more, check=True):
    return site.run("deploy", "--target", "prod", "--yes", "--json", *more, check=check)


def steps(done) -> list[str]:
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [one["step"] for one in found if one.get("event") == "step_done"]


def test_divolte_gets_its_files_starts_and_writes_records_of_the_schema(site, folder):
    done = deploy(site)
    assert "divolte/divolte/divo" in steps(done)
    site.run("render")
    for name in ("divolte-collector.conf", "event.avsc", "mapping.groovy"):
        assert (folder / name).read_bytes() == (site.stack.project / "specs/divo/divolte" / name).read_bytes()
    assert not list(folder.glob(".*.dkd"))
    opening = frame(schema_id(raw_schema(site.model)))
    with TopicReader(site.settings.kafka, "divo") as reader:
        found = [one.record for one in reader.to_end("divo.raw", {0: 0, 1: 0})]
    assert [record.value.startswith(opening) for record in found] == [True]
    assert site.run("plan", "--target", "prod", "--detailed-exitcode").returncode == 0


def test_a_file_that_another_hand_changed_is_drift(site, folder):
    mapping = folder / "mapping.groovy"
    mapping.write_text(mapping.read_text() + "// by hand\n")
    done = site.run("plan", "--target", "prod", "--json", "--detailed-exitcode", check=False)
    assert done.returncode == 4
    assert json.loads(done.stdout)["drift"] == ["divolte/divolte/divo"]
    assert steps(deploy(site)) == ["divolte/divolte/divo"]


def test_a_divolte_that_does_not_start_gets_its_files_back(site, folder):
    before = {file.name: file.read_text() for file in folder.glob("*.*")}
    described = "revenue: {type: double, description: money}"
    wrong = site.text.replace("restart '", "nonsense '").replace("revenue: double", described)
    site.write(wrong.replace("partitions: 2", "partitions: 2, retention: {sessions: 40d}"))
    done = deploy(site, check=False)
    assert done.returncode == 6
    assert steps(done) == ["kafka/topic/divo.sessions"]
    assert "the files before were put back" in done.stderr
    assert len(done.stderr.splitlines()[-1]) < 600
    assert {name: (folder / name).read_text() for name in before if name != "stand-in.pid"} == {
        name: text for name, text in before.items() if name != "stand-in.pid"
    }
    site.write(site.text)
    deploy(site)


def enricher(site) -> subprocess.Popen[bytes]:
    """An enricher of the target, once it tells its model."""
    command = [sys.executable, "-m", "dkd", "enrich", "--target", "prod", "--metrics-port", str(site.admin)]
    environment = {**os.environ, **site.stack.environment}
    started = subprocess.Popen(command, cwd=site.stack.project, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):
            if "model " in requests.get(f"http://127.0.0.1:{site.admin}/healthz", timeout=3).text:
                break
        time.sleep(0.2)
    return started


def test_a_deploy_waits_until_the_enrichers_work_by_the_new_model(site):
    running = [enricher(site)]
    site.write(site.text.replace("{revenue: double}", NEW_FIELD))
    command = [sys.executable, "-m", "dkd", "deploy", "--target", "prod", "--yes", "--json"]
    environment = {**os.environ, **site.stack.environment, "PYTHONUNBUFFERED": "1"}
    told = []
    with subprocess.Popen(
        command, cwd=site.stack.project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as deploying:
        watchdog = threading.Timer(120, deploying.kill)
        watchdog.start()
        for line in deploying.stdout or ():
            told.append(json.loads(line))
            waits = (told[-1].get("event"), told[-1].get("step")) == ("gate_wait", "dkd/enrichers/divo")
            if waits and len(running) == 1 and "no answer" not in told[-1]["text"]:
                running[0].terminate()
                running[0].wait(30)
                running.append(enricher(site))
        watchdog.cancel()
    for one in running:
        one.terminate()
        one.wait(30)
    assert len(running) == 2
    assert deploying.returncode == 0
    done = [one["step"] for one in told if one.get("event") == "step_done"]
    assert done == ["druid/supervisor/divo_events", "dkd/enrichers/divo", "divolte/divolte/divo"]
    assert site.run("plan", "--target", "prod", "--detailed-exitcode").returncode == 0


def test_a_secret_is_nowhere(site, tmp_path):
    secret = site.stack.environment["CANARY"]
    plan = tmp_path / "plan.json"
    outputs = [
        site.run(*command, check=False)
        for command in (
            ("plan", "--target", "prod", "--json", "--out", str(plan)),
            ("deploy", str(plan), "--yes"),
            ("status", "--target", "prod", "--json"),
            ("check",),
        )
    ]
    printed = "".join(done.stdout + done.stderr for done in outputs)
    with TopicReader(site.settings.kafka, "divo") as reader:
        journal = b"".join(
            (one.record.key or b"") + (one.record.value or b"") for one in reader.to_end("_dkd.divo", {0: 0})
        )
    files = [file.read_bytes() for file in site.stack.project.rglob("*") if file.is_file()]
    assert secret not in printed
    assert secret not in plan.read_text()
    assert secret.encode() not in journal
    assert len(journal) > 1000
    assert not any(secret.encode() in content for content in files)


def test_another_cluster_than_the_first_one_is_refused(site):
    pins = site.stack.project / "specs/divo/clusters.json"
    kept = pins.read_text()
    pins.write_text('{"prod": "anotherCluster"}')
    done = deploy(site, check=False)
    pins.write_text(kept)
    assert done.returncode == 5
    assert "first deployed to the Kafka cluster anotherCluster" in done.stderr
