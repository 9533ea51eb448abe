"""Cases of Avro resolution on which implementations disagree: what each makes of one record, and dkd's verdict."""

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import yaml
from comparing import edited

from dkd.systems.classes import CLASSES

FILE = Path(__file__).parent / "golden" / "avro" / "cases.yaml"


class Case(NamedTuple):
    """One record, written with *writer* and read with *reader*; *body* is its bytes in hex.

    ``java`` is what Java's Avro 1.11.2 reads, ``refused`` where it does not parse a schema, ``fails`` where it does not
    read; ``checker`` what its compatibility checker says; ``fastavro`` as ``java``; ``dkd`` class and code.
    """

    name: str
    writer: str
    reader: str
    body: str
    java: str
    checker: str
    fastavro: str
    dkd: str


def cases() -> list[Case]:
    return [Case(**{key: str(value) for key, value in one.items()}) for one in yaml.safe_load(FILE.read_text("utf-8"))]


def fastavro_reads(writer: str, reader: str, body: str) -> str:
    """What fastavro makes of the record."""
    try:
        one, other = (fastavro.parse_schema(json.loads(text)) for text in (writer, reader))
    except Exception:  # noqa: BLE001  # whatever it raises is its answer
        return "refused"
    try:
        found = fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(body)), one, other)
    except Exception:  # noqa: BLE001  # whatever it raises is its answer
        return "fails"
    return json.dumps(found, default=str)


def verdict(writer: str, reader: str) -> str:
    """Class and code of dkd's worst change from the writer's schema to the reader's."""
    old, new = ({f"schemas/{seq}.avsc": text} for seq, text in enumerate((writer, reader)))
    # The id is no part of a schema of another hand.
    found = [one for one in edited("avro", old, new) if not one.address.endswith(("/id", "/order"))]
    worst = max(found, key=lambda one: CLASSES.index(one.effect))
    return f"{worst.effect} {worst.rule.code}"


def dumped(found: list[dict[str, Any]]) -> str:
    """The file's text."""
    return yaml.safe_dump(found, sort_keys=False, width=118, allow_unicode=True)
