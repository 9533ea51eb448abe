"""``dkd enrich`` without a broker: it says so once, waits, and ends when asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stream_site import MODEL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_unreachable_broker_is_one_line_and_is_waited_for(tmp_path: Path, number: signal.Signals):
    model = tmp_path / "shop.yaml"
    model.write_text(MODEL.format(site="shop", partitions=1, bots="flag"))
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "-m", "dkd", "enrich", str(model)], stderr=file, cwd=tmp_path,
                                   env={**os.environ, "DKD_BASE_PORT": "1990"})  # fmt: skip
    until_s = time.monotonic() + 60
    while "does not answer" not in log.read_text() and time.monotonic() < until_s:
        time.sleep(0.1)
    time.sleep(3)
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait(10) == 0
    lines = log.read_text().splitlines()
    assert lines[0] == "enriching shop.raw on 127.0.0.1:1996 as instance 1"
    assert lines[1] == "metrics at http://127.0.0.1:2001/metrics"
    assert lines[2:] == ["Kafka at 127.0.0.1:1996 does not answer; waiting for it (run dkd up)"]
