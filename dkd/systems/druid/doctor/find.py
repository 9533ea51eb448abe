"""A spec, and what is known of its records → all its faults."""

from collections.abc import Iterator

from dkd.errors import Problem
from dkd.systems.druid.doctor.columns import columns
from dkd.systems.druid.doctor.keys import keys
from dkd.systems.druid.doctor.reading import reading
from dkd.systems.druid.doctor.view import OldSpec, text
from dkd.systems.faults import fault
from dkd.systems.places import Node
from dkd.systems.records import NOTHING, Known, of_schema


def faults(spec: OldSpec, known: Known = NOTHING) -> Iterator[Problem]:
    """The faults of *spec*; *known* says what the records of its topic hold."""
    yield from keys(spec)
    yield from columns(spec, known_of(spec, known))
    yield from reading(spec)


def query_faults(root: Node, where: str) -> Iterator[Problem]:
    """The fault of a native query of a kind that is gone."""
    if text(root.get("queryType")) == "select":
        problem = "Druid has no select queries any more (0.17)"
        yield fault(where, root.get("queryType"), "DKD647", problem, "write a scan query, or SQL")


def inline_schema(spec: OldSpec) -> Node | None:
    """The Avro schema that stands in the spec's parser or input format."""
    for block in ("parser", "inputFormat"):
        found = spec.get(block, "avroBytesDecoder", "schema")
        if found is not None:
            return found
    return None


def known_of(spec: OldSpec, known: Known) -> Known:
    """What is known of the records that *spec* reads: *known*, else its own schema.

    Nothing of a topic that dkd's enricher writes: its records are not those of the schema.
    """
    if spec.text("ioConfig", "topic").endswith(".clean"):
        return NOTHING
    if known.types:
        return known
    schema = inline_schema(spec)
    return of_schema(schema.plain(), "its own schema") if schema is not None else NOTHING
