"""What old files of Divolte, Avro and Druid suffer from: a stable code, its name, why it harms, and the remedy."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from dkd.errors import Problem
from dkd.systems.places import Node


class Fault(NamedTuple):
    """One kind of fault.

    Attributes:
        code: ``DKD`` and three digits; never given to another kind.
        title: Its name.
        why: What happens because of it.
        remedy: What to do, in general; the finding says it for the case.
    """

    code: str
    title: str
    why: str
    remedy: str


class Lost(NamedTuple):
    """One thing of a file that its new form does not have.

    Attributes:
        where: ``file:line:column``.
        what: The thing.
        why: Why it is not there, and what stands for it.
    """

    where: str
    what: str
    why: str

    def line(self) -> str:
        """As one line of text, for people."""
        return f"{self.where}: {self.what}: {self.why}"


_ALL = (
    Fault(
        "DKD640",
        "not a file of the stack",
        "The doctor knows Druid's supervisor and batch specs, Divolte's configuration and mapping, and Avro schemas, "
        "by what is in them.",
        "Name such a file, and check that it can be read.",
    ),
    Fault(
        "DKD641",
        "the text is broken",
        "JSON without comments, commas before a closing bracket or keys that stand twice is what Druid reads; Divolte "
        "reads HOCON. A file that breaks off is refused, or its later half is lost.",
        "Mend the place that the finding names.",
    ),
    Fault(
        "DKD642",
        "a parser, which Druid 37 removed",
        "Until 0.17 a spec said under dataSchema.parser how a record is read. Druid 33 still answers 200, but where "
        "the parser needs an extension that isn't loaded, as avro_stream does, every task fails; 37 refuses it.",
        "Move timestampSpec and dimensionsSpec into dataSchema, and the format with its flattenSpec into "
        "ioConfig.inputFormat; --write does it.",
    ),
    Fault(
        "DKD643",
        "the time column is wrong",
        "A record whose time cannot be read is dropped and only counted as unparseable. posix on milliseconds gives "
        "dates in the year 50,000, millis on seconds dates in January 1970, and auto guesses.",
        "Name a column that the records have, with the format that its values have.",
    ),
    Fault(
        "DKD644",
        "a key that Druid drops",
        "Druid answers 200 to a key that it doesn't know, or that stands in the wrong block, and forgets it: the "
        "setting is never used.",
        "Correct the spelling, move the key to its block, or remove it.",
    ),
    Fault(
        "DKD645",
        "a type that Druid doesn't have",
        "A dimension of an unknown type silently becomes a string; an unknown metric, filter or input format refuses "
        "the spec.",
        "Use one of the types that the finding names.",
    ),
    Fault(
        "DKD646",
        "one name for two columns",
        "Druid refuses a metric named like a dimension, and a dimension that is listed twice. __time is the time "
        "column itself.",
        "Remove one of the two, or give the metric a name of its own.",
    ),
    Fault(
        "DKD647",
        "an ingestion that Druid no longer has",
        "Realtime nodes, firehoses, Tranquility and Hadoop ingestion are gone (0.16 to 37).",
        "Read the topic by a Kafka supervisor, and files by index_parallel with an inputSource.",
    ),
    Fault(
        "DKD648",
        "Kafka cannot be reached like that",
        "A supervisor needs exactly one of topic and topicPattern, and consumerProperties with bootstrap.servers. "
        "Settings of ZooKeeper's days do nothing.",
        "Give the brokers as host:port in bootstrap.servers.",
    ),
    Fault(
        "DKD649",
        "records are passed over, or the wrong topic is read",
        "Without useEarliestOffset a first start passes over all that is in the topic. Without "
        "allow.auto.create.topics: false Druid's consumer creates a misspelt topic and waits for rows. With "
        "read_uncommitted, rows of abandoned transactions are stored.",
        'Set useEarliestOffset: true, and "allow.auto.create.topics": "false" in consumerProperties.',
    ),
    Fault(
        "DKD650",
        "granularities that don't work",
        "A queryGranularity coarser than the segment's kills each task at its first row; segments without a "
        "granularity are one for each millisecond or one for all time; intervals of a stream are ignored.",
        "Use segments of an hour or a day, and a queryGranularity no coarser than they are.",
    ),
    Fault(
        "DKD651",
        "a number kept as a string, or as a whole one",
        "Sums and ranges of a string need a cast in each query, and sort by letters; a long drops the fraction.",
        'Write {"type": "long" | "double", "name": …}.',
    ),
    Fault(
        "DKD652",
        "a metric that fails or misleads",
        "Some parameters make every task fail at its first row; others are refused; hyperUnique, and any sketch that a "
        "stream stores, vanishes from SQL while its task runs, and is an estimate for good.",
        "Keep the identifier as a dimension and count at query time; a roll-up belongs to compaction.",
    ),
    Fault(
        "DKD653",
        "columns by chance",
        "An empty list of dimensions takes every field of every record as a string: personal data too, and a typing "
        "mistake of one sender becomes a column.",
        "List the dimensions, or set useSchemaDiscovery: true with dimensionExclusions.",
    ),
    Fault(
        "DKD654",
        "accepted, and never works",
        "Druid answers 200, says RUNNING and healthy, and each of its tasks fails, once a second, for ever.",
        "Correct the value; after a deploy look at the tasks, not at the supervisor's health.",
    ),
    Fault(
        "DKD655",
        "a column that no record has",
        "It stays null for ever, and a metric over it stays 0.",
        "Use the name that the records have, or remove the column.",
    ),
    Fault(
        "DKD656",
        "a setting that Divolte doesn't know",
        "Divolte 0.9.0 exits at any key that it doesn't know, also at those of versions before 0.5 (divolte.tracking, "
        "kafka_flusher, hdfs_flusher, javascript beside them).",
        "Move the setting to divolte.global, sources, mappings or sinks.",
    ),
    Fault(
        "DKD657",
        "a value that Divolte cannot read",
        "Durations are texts with a unit, sizes plain numbers, texts stand in double quotes: 'x' keeps its quotes. "
        "Divolte exits, or uses the quotes as part of the value.",
        'Write "30 minutes", 10485760, "x".',
    ),
    Fault(
        "DKD658",
        "parts of the configuration don't fit",
        "A source or sink that a mapping names must exist, a sink takes one schema, a sink in confluent mode needs "
        "confluent_id, and a schema without its mapping writes records that nobody can read.",
        "Make the names agree; give schema_file and mapping_script_file together.",
    ),
    Fault(
        "DKD659",
        "a variable that does nothing",
        "A ${NAME} that nothing sets stops Divolte; names that only old images or README files know have no effect.",
        "Set the variable, or write ${?NAME} below a default.",
    ),
    Fault(
        "DKD660",
        "no statement of the mapping language",
        "Divolte stays alive without a port when its script fails at the start: a producer that doesn't exist, to for "
        "onto, a statement outside mapping { }, apply left out.",
        "Use the form that the finding names.",
    ),
    Fault(
        "DKD661",
        "not understood",
        "The mapping is Groovy, which may do anything; what the doctor cannot follow it names, so that nobody takes it "
        "for done.",
        "Read it yourself; nothing of it is in the model.",
    ),
    Fault(
        "DKD662",
        "the mapping doesn't fit the schema",
        "Divolte checks names and types when it starts, and hangs without a port at the first that doesn't fit.",
        "Add the field to the schema, or correct its name or type.",
    ),
    Fault(
        "DKD663",
        "a literal that Divolte refuses",
        'Only String, Boolean, Integer, Long, Float and Double can be mapped: 1.5 is a BigDecimal, "${x}" a GString, '
        "and 42 fits an int only.",
        "Write 1.5D, 'text', 42L.",
    ),
    Fault(
        "DKD664",
        "accepted, and loses events",
        "The mapping starts, and an event then fails in it: Divolte loses the rest of its batch, up to 127 other "
        "events, and forgets which events it has seen.",
        "Correct the pattern or the digest; make every field of the schema nullable with a default.",
    ),
    Fault(
        "DKD665",
        "gives another value than meant",
        "value('x') is an empty text where the parameter is missing; path('$.x').equalTo('y') is never true; the "
        "second digest over one producer hashes nothing for it; parse … to bool makes false of any text.",
        "Take optional values by path('$.x'), compare value('x'), digest each producer once.",
    ),
    Fault(
        "DKD666",
        "a schema that Avro refuses",
        "Divolte exits, or hangs when the top is not a record. Names are letters, digits and _; columns that differ in "
        "case only are one column in many tools.",
        "Correct the type or the name.",
    ),
    Fault(
        "DKD667",
        "a default or union that fails later",
        "Divolte's Avro 1.8.2 doesn't check that a default fits the first branch of its union: every event that "
        "leaves the field unset fails. Unions of other than two branches, and one-branch items, cannot be mapped.",
        'Write ["null", T] with default null.',
    ),
    Fault(
        "DKD668",
        "a field without a default",
        "One event that doesn't fill it fails, and takes the rest of its batch with it.",
        'Write ["null", T] with default null.',
    ),
    Fault(
        "DKD669",
        "the files disagree",
        "Each is right by itself; together they move nothing: Druid reads another topic than Divolte writes, or takes "
        "Avro for JSON.",
        "Make the names agree, or name the file that belongs to the others.",
    ),
)

FAULTS: Mapping[str, Fault] = {one.code: one for one in _ALL}
"""By code; ``dkd doctor`` prints the codes."""


def fault(where: str, node: Node | None, code: str, problem: str, remedy: str, *, of_key: bool = False) -> Problem:
    """One finding at *node* of the file *where*; at its start when there is no node."""
    if node is None:
        return Problem(f"{where}:1:1", code, problem, remedy)
    line, column = node.key if of_key and node.key != (0, 0) else (node.line, node.column)
    return Problem(f"{where}:{line}:{column}", code, problem, remedy)


def lost(where: str, node: Node | None, what: str, why: str) -> Lost:
    """One loss, with its place as :func:`fault` finds it."""
    return Lost(fault(where, node, "", "", "", of_key=True).where, what, why)


def nearest(name: str, names: Iterable[str]) -> str:
    """``did you mean …?`` or the names that there are."""
    known = sorted(names)
    lower = {one.lower(): one for one in known}
    close = [lower[one] for one in get_close_matches(name.lower(), list(lower), n=2, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}" if known else "remove it"


def explained(one: Fault) -> str:
    """The explanation of a fault, as Markdown that ends with a line end."""
    return f"### {one.code}: {one.title}\n\n{one.why}\n\nRemedy: {one.remedy}\n"


def page(faults: Iterable[Fault]) -> str:
    """All of *faults* as one Markdown page."""
    intro = "# What `dkd doctor` finds\n\nMade by `dkd doctor --explain all`; [how to use it](doctor.md).\n"
    return "\n".join((intro, *map(explained, faults)))
