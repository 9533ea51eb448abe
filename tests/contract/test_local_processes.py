"""Real processes: started detached, recognised, stopped, and never confused with others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dkd.local import processes
from dkd.local.layout import Layout
from dkd.local.processes import Record

SLEEP = ["sleep", "60"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess,time; print(subprocess.Popen(['sleep','60']).pid, flush=True); time.sleep(60)",
]


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path)
    made.prepare()
    yield made
    processes.stop(made, list(processes.records(made)), patience_s=0)


def start(layout: Layout, name: str, command: list[str]) -> Record:
    return processes.start(layout, name, command, layout.project, env=os.environ)


def logged(layout: Layout, name: str) -> list[str]:
    until = time.monotonic() + 10
    while not (lines := processes.tail(layout.log(name), since_start=True)) and time.monotonic() < until:
        time.sleep(0.02)
    return lines


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.02)
    return False


def test_a_started_process_is_known_to_other_commands(layout):
    record = start(layout, "kafka", SLEEP)
    assert processes.records(layout) == {"kafka": record}
    assert processes.process_of(record)
    assert processes.why_down(layout.project, "kafka") is None


def test_it_lives_in_a_session_of_its_own(layout):
    record = start(layout, "kafka", SLEEP)
    assert os.getsid(record.pid) == record.pid != os.getsid(0)


def test_another_process_with_the_same_id_is_not_ours(layout):
    mine = start(layout, "kafka", SLEEP)
    reused = Record(mine.pid, mine.started - 100)
    assert processes.process_of(reused) is None
    processes.keep(layout, {"druid": reused, "kafka": mine})
    processes.stop(layout, ["druid"])
    assert processes.process_of(mine)


def test_stopping_is_gentle_and_forgets(layout):
    record = start(layout, "kafka", SLEEP)
    assert processes.stop(layout, ["kafka"]) == []
    assert gone(record.pid)
    assert processes.records(layout) == {}


def test_what_does_not_listen_is_killed_and_named(layout):
    record = start(layout, "druid", STUBBORN)
    logged(layout, "druid")
    assert processes.stop(layout, ["druid"], patience_s=0.3) == ["druid"]
    assert gone(record.pid)


def test_a_killed_process_is_reported_with_its_end(layout):
    record = start(layout, "druid", SLEEP)
    os.kill(record.pid, signal.SIGKILL)
    assert gone(record.pid)
    said = processes.why_down(layout.project, "druid")
    assert said
    assert said.startswith("druid stopped after ")
    assert said.endswith("; run `dkd up`")


def test_the_last_error_is_in_the_report(layout):
    record = start(
        layout, "druid", ["sh", "-c", "echo ok; echo 'x ERROR [main] no space left'; echo '  at java.io.F.w(F.java:1)'"]
    )
    assert gone(record.pid)
    logged(layout, "druid")
    assert "(last error: x ERROR [main] no space left)" in str(processes.why_down(layout.project, "druid"))


def test_a_part_that_never_ran_is_told_apart(tmp_path):
    assert processes.why_down(tmp_path, "druid") == "druid is not running; run `dkd up`"


def test_workers_of_a_killed_parent_are_ended_before_the_next_start(layout):
    record = start(layout, "collector", PARENT)
    worker = int(logged(layout, "collector")[0])
    os.kill(record.pid, signal.SIGKILL)
    assert gone(record.pid)
    assert not gone_now(worker)
    start(layout, "collector", SLEEP)
    assert gone(worker)


def gone_now(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_process_outlives_the_command_that_started_it(layout):
    script = (
        "import os; from pathlib import Path; from dkd.local import processes; from dkd.local.layout import Layout\n"
        f"l = Layout(Path({str(layout.project)!r}))\n"
        "processes.start(l, 'kafka', ['sleep', '60'], l.project, env=os.environ)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, env=os.environ)
    assert processes.why_down(layout.project, "kafka") is None
