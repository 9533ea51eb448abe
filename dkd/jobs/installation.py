"""A target's Divolte gets its files, starts again, and is proved to write records of the new schema into raw."""

import base64
import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

import mmh3
import requests

from dkd.collect import base36
from dkd.collect.checksum import canonical_text
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import DivolteSettings, KafkaSettings
from dkd.stream.reader import TopicReader
from dkd.systems.avro.render import frame, raw_schema, schema_id
from dkd.systems.change import Change, Difference
from dkd.systems.seal import digest
from dkd.systems.table import artefacts

RESTART_S, UP_S, ARRIVAL_S = 120.0, 60.0, 30.0
"""A restart takes Divolte 6 to 9 s on two cores, most of it compiling its tag."""

_POLL_S, _REQUEST_S = 0.25, 3.0
_AGENT = "dkd-probe/1 (bot)"
"""By its name the bots enricher knows that no visitor sent it."""

Files = Mapping[str, str]
Progress = Callable[[str], None]


def wanted_files(model: Model) -> dict[str, str]:
    """Divolte's files by name."""
    start = f"specs/{model.site}/divolte/"
    return {path.removeprefix(start): text for path, text in artefacts(model).items() if path.startswith(start)}


def divolte_changes(model: Model, live: Mapping[str, str | None]) -> tuple[Change, ...]:
    """What must happen to a Divolte whose files are *live*; None for one that is not there."""
    wanted = wanted_files(model)
    found = tuple(
        Difference(name, _named(live.get(name)), _named(text))
        for name, text in wanted.items()
        if live.get(name) != text
    )
    if not found:
        return ()
    risk = "it starts again, and a probe event (a bot's) goes into raw"
    if not any(live.values()):
        return (Change("divolte", "divolte", model.site, "create", "its files are not there", risk, wanted=wanted),)
    reason = "its files differ from the model's"
    return (Change("divolte", "divolte", model.site, "update", reason, risk, differences=found, wanted=wanted),)


def state_of(files: Mapping[str, str | None]) -> dict[str, str] | None:
    """Files as the journal keeps them: a digest of each; None where there are none."""
    found = {name: digest(text) for name, text in files.items() if text is not None}
    return found or None


class Installation:
    """One Divolte: a directory, a command that starts it again, an address."""

    def __init__(self, divolte: DivolteSettings, kafka: KafkaSettings, model: Model) -> None:
        """Look after *divolte*; nothing is read yet."""
        self._divolte, self._kafka, self._model = divolte, kafka, model
        self._folder = Path(divolte.folder)

    def read(self) -> dict[str, str | None]:
        """Text of each file of ours, by name; None where it is not there.

        Raises:
            DkdError: DKD731, when the directory cannot be read.
        """
        return {name: self._text(self._folder / name) for name in wanted_files(self._model)}

    def apply(self, change: Change, progress: Progress) -> None:
        """Write the files, start Divolte again, and wait until an event comes through it with the new schema's id.

        Raises:
            DkdError: DKD731, when a file cannot be written; DKD732, when it does not start or nothing comes through:
                the files before are put back then, and it is started again with them.
        """
        before = self.read()
        self._write({name: str(text) for name, text in change.wanted.items()})
        try:
            self._prove(progress)
        except DkdError as error:
            self._write(before)
            undone = "the files before were put back"
            try:
                self._restart()
            except DkdError:
                undone += ", with which it does not start either"
            first = error.problems[0]
            raise DkdError(first.code, where=first.where, problem=f"{first.problem}; {undone}") from error

    def remove(self) -> None:
        """Remove our files; Divolte is left running."""
        self._write(dict.fromkeys(wanted_files(self._model)))

    def verify(self, progress: Progress) -> None:
        """Start Divolte again and prove that it works: an interrupted deploy may have stopped before either."""
        self._prove(progress)

    def _prove(self, progress: Progress) -> None:
        self._restart()
        if not self._divolte.url:
            return
        progress(f"waiting for {self._divolte.url}/ping")
        self._until(UP_S, self._pongs, "does not answer /ping")
        progress("waiting for a probe event in raw")
        topic, party = self._model.topic("raw"), f"0:{base36.write(_now_ms())}:{_unique()}"
        with TopicReader(self._kafka, self._model.site) as reader:
            starts = {number: one.high for number, one in reader.ranges(topic).items()}
            self._send(party)
            self._until(
                ARRIVAL_S,
                lambda: self._arrived(reader, topic, starts, party),
                "lets no event through with the new schema",
            )

    def _pongs(self) -> bool:
        try:
            answer = requests.get(f"{self._divolte.url}/ping", timeout=_REQUEST_S)
        except requests.RequestException:
            return False
        return answer.ok and "pong" in answer.text

    def _send(self, party: str) -> None:
        now = base36.write(_now_ms())
        values = {"p": party, "s": f"0:{now}:{_unique()}", "v": f"0:{_unique()}", "e": f"0:{_unique()}0", "c": now}
        values |= {"n": "t", "f": "t", "t": "dkd_probe", "l": "https://dkd.invalid/probe"}
        text = canonical_text({name: [value] for name, value in values.items()})
        query = urlencode({**values, "x": base36.write(mmh3.hash(text.encode(), 0))})
        try:
            requests.get(f"{self._divolte.url}/csc-event?{query}", headers={"User-Agent": _AGENT}, timeout=_REQUEST_S)
        except requests.RequestException as error:
            raise self._error("DKD732", f"it does not take an event: {type(error).__name__}") from error

    def _arrived(self, reader: TopicReader, topic: str, starts: Mapping[int, int], party: str) -> bool:
        opening = frame(schema_id(raw_schema(self._model)))
        return any(
            one.record.key == party.encode() and (one.record.value or b"").startswith(opening)
            for one in reader.to_end(topic, starts)
        )

    def _restart(self) -> None:
        if not self._divolte.restart:
            return
        command = shlex.split(self._divolte.restart)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=RESTART_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = f"{command[0]} cannot be run: {getattr(error, 'strerror', '') or type(error).__name__}"
            raise self._error("DKD732", problem) from error
        if done.returncode != 0:
            said = " ".join(done.stderr.split())[-300:]
            raise self._error("DKD732", f"{command[0]} ended with {done.returncode}{': ' + said if said else ''}")

    def _until(self, limit_s: float, holds: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > until:
                raise self._error("DKD732", f"it {otherwise} within {limit_s:.0f} s")
            time.sleep(_POLL_S)

    def _text(self, file: Path) -> str | None:
        try:
            return file.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("DKD731", f"{file} cannot be read: {error.strerror}") from error

    def _write(self, files: Mapping[str, str | None]) -> None:
        """Every text is on disk before the first file is replaced, each in one step; None removes a file."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                if text is not None:
                    with (self._folder / f".{name}.dkd").open("w", encoding="utf-8", newline="\n") as out:
                        out.write(text)
                        out.flush()
                        os.fsync(out.fileno())
            for name, text in files.items():
                if text is None:
                    (self._folder / name).unlink(missing_ok=True)
                else:
                    (self._folder / f".{name}.dkd").replace(self._folder / name)
        except OSError as error:
            raise self._error(
                "DKD731", f"{error.filename or self._folder} cannot be written: {error.strerror}"
            ) from error

    def _error(self, code: str, problem: str) -> DkdError:
        return DkdError(code, where=f"Divolte in {self._folder}", problem=problem)


def _named(text: str | None) -> str | None:
    return None if text is None else digest(text)


def _now_ms() -> int:
    return round(time.time() * 1000)


def _unique() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes[:8]).decode()
