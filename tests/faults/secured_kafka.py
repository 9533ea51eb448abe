"""Work with a Kafka that wants a user and a password, plain and over TLS, and look what a wrong one makes of it.

    python tests/faults/secured_kafka.py --base-port 28200

starts a Kafka of its own on free ports, with SCRAM-SHA-512 and PLAIN, each with and without TLS by an authority made
for it, and uses the Druid of a running stack. On each way a site is planned, deployed and planned again; over SCRAM
without TLS an event goes through collector, enricher and Druid. A wrong password, an authority that is not known, and
a listener of another kind must each be one line and exit 1; the password must stand in no output. Exit 1 when not.
"""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import requests
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from dkd.local import kafka
from dkd.local.jars import store_dir
from dkd.local.java import properties
from dkd.local.layout import Layout
from dkd.settings import Ports

SENDER = "canary-key-of-a-trusted-sender"
PASSWORD = 'canary-9"7\\x'
MODEL = """\
dkd: 1
site: {site}
collector: {{senders: [{{name: test, key: "${{SENDER}}"}}]}}
events: {{page_view: {{}}}}
topics: {{partitions: 2}}
targets:
  prod:
    kafka: {{servers: "localhost:{port}", security: {way.security}, mechanism: {way.mechanism}, user: me,
             password: "${{PW}}"{ca}}}
    druid: {{router: "http://127.0.0.1:{coordinator}"}}
    collector: "http://127.0.0.1:{collector}"
"""
DEPLOY = ("deploy", "--target", "prod", "--yes")
PLAN = ("plan", "--target", "prod", "--detailed-exitcode")
DESTROY = ("destroy", "--target", "prod", "--include-data", "--confirm", "prod")


class Way(NamedTuple):
    """One way to Kafka."""

    security: str
    mechanism: str


WAYS = [Way(one, other) for one in ("SASL_PLAINTEXT", "SASL_SSL") for other in ("SCRAM-SHA-512", "PLAIN")]


class Secured(NamedTuple):
    """A running Kafka: the port of each kind of listener, and its authority's certificate."""

    ports: dict[str, int]
    ca: Path


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at the moment."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in made]


def certificates(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and a file with a key and a certificate of ``localhost`` by it."""
    ca, key, cert = folder / "ca.pem", folder / "server.key", folder / "server.pem"
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    quiet = {"check": True, "capture_output": True}
    subprocess.run([*run, "-subj", "/CN=ours", "-keyout", folder / "ca.key", "-out", ca], **quiet)
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*run, *named, "-keyout", key, "-out", cert, "-CA", ca, "-CAkey", folder / "ca.key"], **quiet)
    both = folder / "keystore.pem"
    both.write_text(key.read_text() + cert.read_text())
    return ca, both


def settings(layout: Layout, ports: Ports, listeners: dict[str, int], keystore: Path) -> dict[str, str]:
    """The local Kafka's settings, with listeners that want a user and a password."""
    found = kafka.server(layout, ports)
    more = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
    found["listeners"] += f",{more}"
    found["advertised.listeners"] += "," + more.replace("127.0.0.1", "localhost")
    found["listener.security.protocol.map"] += "".join(f",{name}:{name}" for name in listeners)
    found |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(keystore)}
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    for name in listeners:
        start = f"listener.name.{name.lower()}"
        module = "org.apache.kafka.common.security"
        found |= {
            f"{start}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{start}.plain.sasl.jaas.config": f'{module}.plain.PlainLoginModule required user_me="{quoted}";',
            f"{start}.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
        }
    return found


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """A Kafka with users, for as long as the block lasts."""
    numbers = free_ports(5)
    listeners = dict(zip(("SASL_PLAINTEXT", "SASL_SSL"), numbers, strict=False))
    ports = Ports.at(1024)._replace(kafka=numbers[2], controller=numbers[3])
    layout = Layout.of(folder)
    layout.prepare()
    ca, keystore = certificates(folder)
    logging = (resources.files("dkd.local") / "runtime" / "log4j2.xml").read_text("utf-8")
    (layout.conf / "log4j2.xml").write_text(logging, "utf-8")
    kafka.write_conf(layout, ports, store_dir())
    conf = layout.conf / "server.properties"
    conf.write_text(properties(settings(layout, ports, listeners, keystore)), "ascii")
    kafka.format_once(layout, store_dir())
    with layout.log("kafka").open("wb") as log, subprocess.Popen(kafka.command(layout), stdout=log, stderr=log) as jvm:
        try:
            until = time.monotonic() + 60
            while kafka.missing(ports):
                if time.monotonic() > until or jvm.poll() is not None:
                    raise SystemExit(layout.log("kafka").read_text()[-2000:])
                time.sleep(0.2)
            keep_user(ports.kafka)
            yield Secured(listeners, ca)
        finally:
            jvm.terminate()


def keep_user(port: int) -> None:
    """Give the broker the user of SCRAM, over the listener without users."""
    made = UserScramCredentialUpsertion(
        "me", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode(), b"salt of this test"
    )
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}"})
    for done in admin.alter_user_scram_credentials([made]).values():
        done.result(20)
    time.sleep(1)


class Project:
    """A project whose site is deployed on one way; what its commands print is kept."""

    def __init__(self, folder: Path, kafka: Secured, base_port: int) -> None:
        self.kafka, self.base, self.folder, self.said = kafka, Ports.at(base_port), folder, ""
        (self.collector,) = free_ports(1)
        (folder / "specs").mkdir(parents=True)

    def write(self, site: str, way: Way, *, port: int | None = None, ca: bool = True) -> None:
        """Make the site's model one for *way*."""
        text = MODEL.format(
            site=site, way=way, port=port or self.kafka.ports[way.security], coordinator=self.base.coordinator,
            collector=self.collector, ca=f', ca: "{self.kafka.ca}"' if ca and way.security == "SASL_SSL" else "",
        )  # fmt: skip
        for old in (self.folder / "specs").glob("*.yaml"):
            old.unlink()
        (self.folder / "specs" / f"{site}.yaml").write_text(text)

    def environment(self, password: str = PASSWORD) -> dict[str, str]:
        more = {"PW": password, "SENDER": SENDER, "DKD_PSEUDONYM_KEY": "a key of tests"}
        return {**os.environ, **more}

    def run(self, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        """``dkd ARGUMENTS`` in the project."""
        command = [sys.executable, "-m", "dkd", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(password), capture_output=True, text=True, timeout=300
        )
        self.said += done.stdout + done.stderr
        return done

    @contextmanager
    def service(self, *arguments: str) -> Iterator[None]:
        """``dkd ARGUMENTS`` as long as the block lasts."""
        command = [sys.executable, "-m", "dkd", *arguments]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield
            finally:
                process.terminate()
                self.said += process.communicate(timeout=60)[0]


def deployed(project: Project, site: str, way: Way) -> list[str]:
    """What is wrong with plan, deploy and plan again on *way*."""
    project.write(site, way)
    codes = [project.run(*command).returncode for command in (PLAN, DEPLOY, PLAN)]
    return [] if codes == [2, 0, 0] else [f"exit codes {codes}: {project.said[-600:]}"]


def passed(project: Project, site: str) -> list[str]:
    """What is wrong when an event goes through collector and enricher into Druid."""
    broker = f"http://127.0.0.1:{project.base.broker}/druid/v2/sql"
    collect = ("collect", "--target", "prod", "--port", str(project.collector))
    event = {"event": "page_view", "party_id": "me", "timestamp_ms": int(time.time() * 1000)}
    rows: object = None
    with project.service(*collect), project.service("enrich", "--target", "prod", "--metrics-port", "0"):
        until, sent = time.monotonic() + 60, False
        while time.monotonic() < until:
            with contextlib.suppress(requests.RequestException):
                url, trusted = f"http://127.0.0.1:{project.collector}/collect", {"Authorization": f"Bearer {SENDER}"}
                sent = sent or requests.post(url, json=event, headers=trusted, timeout=5).ok
            answer = requests.post(broker, json={"query": f'SELECT COUNT(*) FROM "{site}_events"'}, timeout=10)
            rows = answer.json() if answer.ok else answer.text
            if answer.ok and rows[0].popitem()[1] == 1:
                return []
            time.sleep(0.5)
    return [f"sent {sent}, Druid says {rows}: {project.said[-600:]}"]


def refused(project: Project, words: str, password: str = PASSWORD) -> list[str]:
    """What is wrong with a plan and a deploy that cannot come in: one line each and exit 1, soon."""
    wrong = []
    for command in (PLAN, DEPLOY):
        began = time.monotonic()
        done = project.run(*command, password=password)
        lines, took_s = done.stderr.splitlines(), time.monotonic() - began
        print(f"    {command[0]} ends with {done.returncode} after {took_s:.1f} s: {lines[-1] if lines else ''}")
        if done.returncode != 1 or len(lines) != 1 or words not in done.stderr or took_s > 15:
            wrong.append(f"{command[0]}: {done.stderr[-600:]}")
    return wrong


def told(what: str, wrong: Sequence[str]) -> bool:
    """Whether nothing is wrong; says which."""
    print(f"{what}: {'ok' if not wrong else 'WRONG: ' + '; '.join(wrong)}")
    return not wrong


def main() -> int:
    """Go all ways; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-port", type=int, default=28_200)
    asked = parser.parse_args()
    name = f"sasl{time.time_ns() // 1_000_000 % 10**7}"
    with tempfile.TemporaryDirectory(prefix="dkd-sasl-") as made, secured(Path(made) / "kafka") as kafka:
        project = Project(Path(made) / "project", kafka, asked.base_port)
        fine = []
        for seq, way in enumerate(WAYS):
            site = f"{name}_{seq}"
            fine.append(told(f"{way.security} {way.mechanism}, deploy", deployed(project, site, way)))
            if seq == 0:
                fine.append(told("    an event into Druid", passed(project, site)))
            project.write(site, way)
            fine.append(told("    wrong password", refused(project, "assword", "nonsense")))
            fine.append(told("    destroy", [] if project.run(*DESTROY).returncode == 0 else [project.said[-600:]]))
        project.write(name, WAYS[2], ca=False)
        fine.append(told("an authority that nobody knows", refused(project, "the certificate of Kafka's authority")))
        project.write(name, WAYS[2], port=kafka.ports["SASL_PLAINTEXT"])
        fine.append(told("TLS to a port without", refused(project, "security")))
        fine.append(
            told(
                "no secret in any output",
                ["it is there"] if {one for one in (PASSWORD, SENDER) if one in project.said} else [],
            )
        )
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
