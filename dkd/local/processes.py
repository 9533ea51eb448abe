"""Detached processes by name: start them, know whether they are ours and alive, stop them, say why one is gone."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil

from dkd.errors import DkdError
from dkd.local.layout import Layout

STOP_S = 20.0
_SAME_START_S = 1.5
"""A process's start time is counted from the boot time, which moves when the clock is set."""
_HEADING = "--- dkd started "
_POLL_S = 0.05
_TAIL_BYTES = 128_000
_LAST_LINES = 60
_TRACE = re.compile(r"at [\w.$/<>]+\(|\.\.\. \d+ (more|common)|File \"")
_ERROR = re.compile(r"\b(ERROR|FATAL|CRITICAL)\b|FAILED|\[DKD\d{3}\]|^Terminating due to |^[\w.]*(Error|Exception)\b")


@dataclass(frozen=True)
class Record:
    """A process that dkd started.

    Attributes:
        pid: Its id, which is also the id of its process group.
        started: Its start time as the system tells it, seconds since 1970; with *pid* it names one process for ever.
        about: What it was started with, as a hash; another value means that it should be started anew.
    """

    pid: int
    started: float
    about: str = ""


class _Detached(subprocess.Popen[bytes]):
    """A process that outlives dkd, so letting go of it is no mistake."""

    def __del__(self, *_: object) -> None:
        """Say nothing."""


def records(layout: Layout) -> dict[str, Record]:
    """Every process that was started and not stopped by dkd, dead or alive, by its part's name.

    Raises:
        DkdError: DKD624, when another hand wrote to the file that keeps them.
    """
    if not layout.state.is_file():
        return {}
    try:
        held = json.loads(layout.state.read_text("utf-8"))
        return {name: Record(**values) for name, values in held.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DkdError(
            "DKD624",
            where=str(layout.state),
            problem="it does not say any more which processes were started",
            remedy="end those of this project by hand, then delete the file",
        ) from error


def keep(layout: Layout, known: Mapping[str, Record]) -> None:
    """Write *known* as what was started; all or nothing."""
    text = json.dumps({name: asdict(record) for name, record in known.items()}, indent=1)
    fresh = layout.state.with_suffix(".new")
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(layout.state)


def process_of(record: Record | None) -> psutil.Process | None:
    """The living process of *record*; None when it is gone, even where another now has its pid."""
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        ours = abs(process.create_time() - record.started) < _SAME_START_S
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def start(
    layout: Layout, name: str, command: Sequence[str], cwd: Path, *, env: Mapping[str, str], about: str = ""
) -> Record:
    """Start *command* in a session of its own, its output at the end of the part's log, and record it.

    The caller holds the project's lock. What is left of an earlier process of that name is ended first.
    """
    known = records(layout)
    if name in known:
        _end_leftovers(known[name])
    layout.rotate(name)
    with layout.log(name).open("ab") as log:
        log.write(f"{_HEADING}{name} at {datetime.now().astimezone().isoformat(timespec='seconds')}\n".encode())
        log.flush()
        process = _Detached(
            list(command),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    record = Record(process.pid, psutil.Process(process.pid).create_time(), about)
    keep(layout, {**known, name: record})
    return record


def stop(layout: Layout, names: Iterable[str], *, patience_s: float = STOP_S) -> list[str]:
    """Stop the named processes together: SIGTERM, then SIGKILL after *patience_s*; forget them.

    Returns:
        Names of those that had to be killed.
    """
    known = records(layout)
    chosen = {name: known[name] for name in names if name in known}
    living = {name: record for name, record in chosen.items() if process_of(record)}
    for record in living.values():
        _signal(record.pid, signal.SIGTERM)
    until = time.monotonic() + patience_s
    killed = [name for name, record in living.items() if not _ends(record, until)]
    for record in chosen.values():
        _end_leftovers(record)
    keep(layout, {name: record for name, record in known.items() if name not in chosen})
    return killed


def why_down(project: Path, name: str) -> str | None:
    """Why a part can't answer; None when its process lives.

    Returns:
        For instance ``druid stopped after 10:41:07 (last error: …); run `dkd up```, ready to be shown.
    """
    layout = Layout.of(project)
    record = records(layout).get(name)
    if record is None:
        return f"{name} is not running; run `dkd up`"
    if process_of(record):
        return None
    return f"{name} stopped after {last_sign(layout, name)} ({last_words(layout, name)}); run `dkd up`"


def last_words(layout: Layout, name: str) -> str:
    """What a dead part's log says of its end, as a clause."""
    said = last_error(layout, name)
    return f"last error: {said}" if said else "no error in its log, so it was killed from outside"


def last_sign(layout: Layout, name: str) -> str:
    """When a part last wrote to its log, as local time of day, with the date unless it is today."""
    log = layout.log(name)
    if not log.is_file():
        return "an unknown time"
    at = datetime.fromtimestamp(log.stat().st_mtime).astimezone()
    today = at.date() == datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def last_error(layout: Layout, name: str) -> str:
    """The last error among the last things that a part logged since it was started, one line, cut; empty without."""
    lines = [line for line in tail(layout.log(name), since_start=True) if not _TRACE.match(line)]
    errors = [line for line in lines[-_LAST_LINES:] if _ERROR.search(line)]
    said = errors[-1] if errors else ""
    return said if len(said) <= 200 else said[:199] + "…"


def tail(log: Path, *, since_start: bool = False) -> list[str]:
    """The last lines of a log that are not blank, at most some thousand; none when there is no such file."""
    if not log.is_file():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    if since_start:
        starts = [at for at, line in enumerate(lines) if line.startswith(_HEADING)]
        lines = lines[starts[-1] + 1 :] if starts else lines
    return [line.strip() for line in lines if line.strip()]


def reap(record: Record) -> None:
    """Take note of the end of a process whose parent we are, so that it does not stay as a zombie."""
    try:
        os.waitpid(record.pid, os.WNOHANG)
    except ChildProcessError:
        return


def _ends(record: Record, until: float) -> bool:
    """Wait until the process is gone; kill its group at the time *until* and say False."""
    while process_of(record):
        if time.monotonic() > until:
            _signal_group(record.pid, signal.SIGKILL)
            return False
        time.sleep(_POLL_S)
    return True


def _end_leftovers(record: Record) -> None:
    """Kill what a dead process left in its group, such as workers whose parent was killed.

    A process group keeps its id as long as it has members, so the group is ours unless another process has the pid.
    """
    reap(record)
    try:
        is_other = abs(psutil.Process(record.pid).create_time() - record.started) >= _SAME_START_S
    except psutil.NoSuchProcess:
        is_other = False
    if not is_other:
        _signal_group(record.pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
