"""A process with the start-up rules of Divolte 0.9.0, for tests of what a deploy does to it.

    python tests/divolte_stand_in.py restart FOLDER PORT SERVERS

ends the one of FOLDER and starts another in the background. As the real one does, it ends with status 1 when it cannot
read configuration or schema, and when a default does not fit the first branch of its union; it stays up without a
port when the mapping names a field that the schema does not have; otherwise it answers ``/ping``, and puts each event
of ``/csc-event`` into the sink's topic, behind a zero byte and the mapping's ``confluent_id``.
"""

import contextlib
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fastavro
from confluent_kafka import Producer

_KINDS = {"null": type(None), "string": str, "boolean": bool, "int": int, "long": int, "float": float, "double": float}


def restart(folder: Path, port: str, servers: str) -> None:
    pid = folder / "stand-in.pid"
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)
    command = [sys.executable, __file__, "run", str(folder), port, servers]
    started = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid.write_text(str(started.pid))


def run(folder: Path, port: int, servers: str) -> None:
    conf = (folder / "divolte-collector.conf").read_text()
    schema = json.loads((folder / "event.avsc").read_text())
    parsed = fastavro.parse_schema(schema)
    for field in schema["fields"]:
        first = field["type"][0] if isinstance(field["type"], list) else field["type"]
        if isinstance(first, str) and not isinstance(field["default"], _KINDS[first]):
            sys.exit(1)
    names = {field["name"] for field in schema["fields"]}
    mapped = set(re.findall(r"^(?! *//).* onto '(\w+)'", (folder / "mapping.groovy").read_text(), re.MULTILINE))
    while mapped - names:
        time.sleep(1)
    schema_id = int(re.search(r"confluent_id = (\d+)", conf)[1])
    topic = re.search(r'topic = "([^"]+)"', conf)[1]
    producer = Producer({"bootstrap.servers": servers})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            if place.path == "/csc-event":
                values = {name: found[0] for name, found in parse_qs(place.query).items()}
                body = io.BytesIO()
                fastavro.schemaless_writer(body, parsed, {"eventType": values["t"], "partyId": values["p"]})
                framed = b"\x00" + struct.pack(">i", schema_id) + body.getvalue()
                producer.produce(topic, framed, values["p"])
                producer.flush(10)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"pong" if place.path == "/ping" else b"")

        def log_message(self, *_: object) -> None:
            return

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    verb, where, *rest = sys.argv[1:]
    if verb == "restart":
        restart(Path(where), *rest)
    else:
        run(Path(where), int(rest[0]), rest[1])
