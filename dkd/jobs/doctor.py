"""Files of a Divolte, Kafka and Druid of any age → what is wrong with them, by themselves and together."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dkd.errors import Problem, UsageError
from dkd.jobs.adopted import Bundle
from dkd.jobs.doctor_together import disagreements, schema_of
from dkd.systems.avro import doctor as avro
from dkd.systems.divolte.doctor import conf, mapping
from dkd.systems.divolte.doctor.mapped import is_mapping, script
from dkd.systems.druid.doctor.find import faults as druid_faults
from dkd.systems.druid.doctor.find import query_faults
from dkd.systems.druid.doctor.view import is_druid, specs
from dkd.systems.hocon import read
from dkd.systems.places import Document
from dkd.systems.records import of_records

_MOST_BYTES = 2_000_000
_MOST_RECORDS = 1_000
_EVENT_NAMES = ("event", "eventType", "event_type")


class Diagnosis(NamedTuple):
    """What was found.

    Attributes:
        bundle: The files, as far as they were understood.
        problems: In the order of the files.
    """

    bundle: Bundle
    problems: list[Problem]


def diagnosed(files: Iterable[Path], sample: Path | None = None) -> Diagnosis:
    """Look at *files* together; *sample* holds records of the topic, one JSON object a line.

    Raises:
        UsageError: DKD640, when a file cannot be read, or is none that the doctor knows.
    """
    return examined({str(path): _text(path) for path in files}, str(sample or ""), _text(sample) if sample else "")


def examined(texts: dict[str, str], sample_name: str = "", sample: str = "") -> Diagnosis:
    """The same for the texts of files by their names."""
    bundle, problems = Bundle(), list[Problem]()
    if sample_name:
        records = _records(sample, sample_name)
        bundle.sample = of_records(records, f"by {sample_name}")
        names = (record.get(name) for record in records for name in _EVENT_NAMES)
        bundle.events = frozenset(name for name in names if isinstance(name, str))
    for where, text in texts.items():
        problems += _taken(bundle, where, text)
    problems += _all(bundle)
    order = {where: number for number, where in enumerate(texts)}
    return Diagnosis(bundle, sorted(set(problems), key=lambda one: _place(one, order)))


def _place(one: Problem, order: dict[str, int]) -> tuple[int, int, int, Problem]:
    file, line, column = one.where.rsplit(":", 2)
    return order.get(file, len(order)), int(line), int(column), one


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = str(error.strerror).lower()
        raise UsageError("DKD640", where=str(path), problem=problem, remedy="name a readable file") from error
    if len(content) > _MOST_BYTES:
        problem, remedy = f"{len(content)} bytes are more than such a file has", "name the file itself"
        raise UsageError("DKD640", where=str(path), problem=problem, remedy=remedy)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError("DKD640", where=str(path), problem="this is not UTF-8", remedy="save it as UTF-8") from error


def _records(text: str, where: str) -> list[dict[str, Any]]:
    """The records of a sample: a JSON object a line, or a list of them."""
    found: list[Any] = []
    try:
        whole = json.loads(text)
        found = whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError):
        for line in text.splitlines()[:_MOST_RECORDS]:
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    records = [one for one in found[:_MOST_RECORDS] if isinstance(one, dict)]
    if not records:
        remedy = "give one JSON object a line, as the topic holds them"
        raise UsageError("DKD640", where=where, problem="there is no record in the sample", remedy=remedy)
    return records


def _taken(bundle: Bundle, where: str, text: str) -> Iterator[Problem]:
    """Put one file into the bundle; its mistakes of writing come out.

    Raises:
        UsageError: DKD640, when it is none that the doctor knows.
    """
    document = read(text)
    if conf.is_conf(document.root) and not text.lstrip().startswith(("{", "[")):
        bundle.confs[where] = document
        yield from _broken(document, where)
    elif is_druid(document.root) or document.root.get("queryType") is not None:
        bundle.specs += specs(document.root, where)
        yield from query_faults(document.root, where)
        yield from _broken_json(text, document, where, comments=False)
    elif text.lstrip()[:1] in ("{", "[", "/") and avro.is_schema(document.root):
        bundle.schemas[where] = document.root
        yield from _broken_json(text, document, where, comments=True)
    elif is_mapping(text):
        bundle.mappings[where] = script(text)
    else:
        remedy = "name a Druid spec, a Divolte configuration or mapping, or an Avro schema"
        problem = "this is none of the files that the doctor knows"
        raise UsageError("DKD640", where=where, problem=problem, remedy=remedy)


def _broken(document: Document, where: str) -> Iterator[Problem]:
    if document.broken is not None:
        line, column, problem = document.broken
        yield Problem(f"{where}:{line}:{column}", "DKD641", problem, "mend it; what stands behind was not looked at")


def _broken_json(text: str, document: Document, where: str, *, comments: bool) -> Iterator[Problem]:
    """Where a text is no JSON; an Avro schema may have comments."""
    plain = _without_comments(text) if comments else text
    try:
        json.loads(plain)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        yield Problem(place, "DKD641", f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}", "mend it")
    except (ValueError, RecursionError):
        yield Problem(f"{where}:1:1", "DKD641", "this is no JSON that programs read", "mend it")
    for name, line, column in document.twice:
        yield Problem(f"{where}:{line}:{column}", "DKD641", f"key {name!r} stands twice", "remove one of them")


_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', re.S)


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)


def _all(bundle: Bundle) -> Iterator[Problem]:
    known = bundle.known()
    for where, document in bundle.confs.items():
        yield from conf.faults(document, where)
    for where, root in bundle.schemas.items():
        yield from avro.faults(root, where)
    for where, found in bundle.mappings.items():
        schema = schema_of(bundle, where)
        types = avro.field_types(schema) if schema is not None else None
        required = avro.without_default(schema) if schema is not None else frozenset()
        yield from mapping.faults(found, where, types, required)
    for spec in {id(one.top): one for one in bundle.specs}.values():
        yield from druid_faults(spec, known)
    yield from disagreements(bundle)
