"""Every code that a check of the model or of a saved view can print: what it means, why it matters, and what to do."""

from collections.abc import Iterable, Mapping

from dkd.model.code import Code
from dkd.model.source_codes import SOURCE_CODES

_ALL = (
    Code(
        "DKD110", "mistake", "a file cannot be read",
        "There is no such file, it is a directory, or it may not be read.",
        "name a readable file",
    ),
    Code(
        "DKD200", "mistake", "the file is no model",
        "It is empty, holds a list, is larger than five million bytes, or is not plain UTF-8: a byte order mark and "
        "the line ends of Windows make two files of what looks like one.",
        "begin with dkd: 1 and site: NAME, as dkd init does",
    ),
    Code(
        "DKD201", "mistake", "this is not YAML, or not of the plain kind that a model is",
        "A tab indents, a bracket is open, an anchor holds itself, or aliases unfold to more than a file can hold.",
        "mend the line; a model needs neither anchors nor deep nesting",
    ),
    Code(
        "DKD202", "mistake", "a key or an enricher stands twice",
        "YAML readers keep the last one in silence, so half of what was written would be lost.",
        "remove one of the two",
    ),
    Code(
        "DKD203", "mistake", "a key that nothing reads",
        "A misspelt key would have no effect, and nobody would notice.",
        "take the nearest valid key, or remove it",
    ),
    Code(
        "DKD204", "mistake", "a value of the wrong kind",
        "It is no number, no duration, or none of the values that are allowed there.",
        "write one of the values that the message names",
    ),
    Code(
        "DKD205", "mistake", "something is missing",
        "The part means nothing without it.",
        "add it",
    ),
    Code(
        "DKD206", "mistake", "a name that not every system takes",
        "Avro, JSON, SQL and Groovy all take names of small letters, digits and _ without quotes.",
        "begin with a small letter; use small letters, digits and _; at most 60 characters",
    ),
    Code(
        "DKD210", "mistake", "a field bears the name of a standard column",
        "Every event has that column already, with a meaning of its own.",
        "choose another name; a standard column needs no field",
    ),
    Code(
        "DKD211", "mistake", "one name, two meanings",
        "A column has one type, and a person's data one treatment, whichever event carries it.",
        "agree on one type and one privacy, or use two names",
    ),
    Code(
        "DKD212", "mistake", "an enum without values, with one of them twice, or values without an enum",
        "The list of values is what an enum is checked against.",
        "write {type: enum, values: [a, b]}",
    ),
    Code(
        "DKD213", "mistake", "a name that leads nowhere",
        "No event, field, measure or datasource of that name is in the model.",
        "correct the name; the message gives the nearest ones",
    ),
    Code(
        "DKD214", "mistake", "a number is wanted",
        "Only numbers can be added up.",
        "name a field of type int, long, float or double",
    ),
    Code(
        "DKD215", "mistake", "a retention that loses what it should keep",
        "Kafka and Druid delete what is older; rejects hold what browsers sent and may not outlive raw.",
        "keep topics for some days, rejects no longer than raw",
    ),
    Code(
        "DKD216", "mistake", "a secret stands in the file",
        "Whoever can read the repository could use it.",
        "write ${NAME} and put the value into the environment variable NAME",
    ),
    Code(
        "DKD217", "mistake", "the limits of sessions contradict each other",
        "An event must be late before it is too late, and a session longer than the silence that ends it.",
        "make late_after larger than grace, and max_length larger than gap and grace together",
    ),
    Code(
        "DKD218", "mistake", "from: names no place",
        "Values come from parameters, the addresses, cookies, headers and what the collector knows.",
        "write one of the sources that the message lists",
    ),
    Code(
        "DKD219", "mistake", "a measure that is not one number of one datasource",
        "A measure has exactly one kind, all that it needs stands in events or all of it in sessions, and only a plain "
        "measure divides it.",
        "keep one kind, and use columns of one datasource",
    ),
    Code(
        "DKD220", "mistake", "a privacy that contradicts the field",
        "Only text can be cut, and what is dropped can't be required.",
        "use drop or pseudonymise, or do not require it",
    ),
    Code(
        "DKD221", "mistake", "this is no origin",
        "Browsers send scheme, host and port, and nothing behind them.",
        "write it as https://shop.example",
    ),
    Code(
        "DKD222", "mistake", "this is no address",
        "A URL has a scheme and a host; Kafka's servers are host:port, with commas between.",
        "write it in full",
    ),
    Code(
        "DKD223", "mistake", "the target local takes nothing",
        "It is the stack of dkd up on this machine.",
        "give another target of your own these settings",
    ),
    Code(
        "DKD224", "mistake", "a reserved name is used again",
        "Stored rows hold the old meaning under it, and questions would mix the two.",
        "choose another name",
    ),
    Code(
        "DKD225", "mistake", "was: tells of an impossible past",
        "A name cannot have been itself, nor can two names have been the same one.",
        "keep one of them",
    ),
    Code(
        "DKD226", "mistake", "two names differ by their case only",
        "Readers that fold case, as Hive, Spark and many SQL tools do, would take them for one.",
        "choose another name",
    ),
    Code(
        "DKD227", "mistake", "a group of fields that is wrong",
        "An event uses groups that the model defines; a field of its own would hide the group's of the same name.",
        "correct the group's name, or remove one of the two fields",
    ),
    Code(
        "DKD228", "mistake", "a file that cannot be included",
        "It holds events, fields, groups and measures, lies in a folder below the model, and includes nothing.",
        "name a file such as parts/products.yaml",
    ),
    Code(
        "DKD230", "mistake", "a file in dashboards/ is no saved view",
        "The explorer reads every YAML file there.",
        "begin with view: 1 and title: NAME",
    ),
    Code(
        "DKD241", "mistake", "clean events and session rows cannot be written as Avro",
        "The enrichers write JSON only. Druid's own decoders of Avro take the schema that they are given for the one "
        "that wrote a record, so after a field more they would read old records wrong.",
        "keep format: json; every Druid reads it, without an extension",
    ),
    Code(
        "DKD242", "mistake", "rows of a datasource cannot be added up",
        "Over rows that are sums, COUNT(*) counts rows and not events, a distinct count needs a stored sketch; what "
        "is no dimension any more cannot be filtered by: measures would answer wrong, without an error.",
        "leave rollup out; compact_after merges segments and keeps each row, retention bounds what is stored",
    ),
    Code(
        "DKD264", "mistake", "a waiver of a rule that is not there",
        "It would let nothing pass.",
        "copy the code from dkd diff or dkd check",
    ),
    Code(
        "DKD265", "mistake", "a waiver is over",
        "Whoever wrote it wanted the matter to be looked at again by that day.",
        "remove it, or decide anew",
    ),
    Code(
        "DKD266", "mistake", "a waiver of what nothing can allow",
        "The change would be refused by a system, or lose data.",
        "see the rule's remedy: dkd diff --explain CODE",
    ),
    Code(
        "DKD267", "mistake", "a waiver that nothing needs",
        "It would let a later change of that kind pass unseen.",
        "remove it",
    ),
    Code(
        "DKD276", "mistake", "a dimension that is not computed in one way",
        "A computed dimension has exactly one form, with its own options, over columns of the type that it needs.",
        "keep one of bands, groups, match, part and first_of, and name columns of one datasource",
    ),
    Code(
        "DKD277", "mistake", "a dimension has the name of something else",
        "A question could not tell the two apart.",
        "choose another name",
    ),
    Code(
        "DKD278", "mistake", "a value that leads to nothing",
        "A column of numbers is never a text, limits of bands rise, a value is in one group, and some number has to "
        "lie between two limits.",
        "correct the value",
    ),
    Code(
        "DKD279", "mistake", "a pattern that Java and Python do not read alike",
        "Druid and Divolte are written in Java, dkd in Python; what both take in one sense is characters, classes, "
        "groups, alternatives, ends and repetition.",
        "write it with these, such as ^/product/([^/]+)",
    ),
    Code(
        "DKD280", "advice", "a field sounds personal and is kept as it is",
        "Sites send e-mail addresses, telephone numbers and the like under such names; Druid would keep them.",
        "set privacy: pseudonymise, truncate or drop, or say the purpose for which it is kept",
    ),
    Code(
        "DKD281", "advice", "a group of fields that no event uses",
        "Its fields are in no event.",
        "use it, or remove it",
    ),
    Code(
        "DKD282", "advice", "a measure that has nothing to count",
        "The events that it looks at never carry the field, or the enricher that would fill the column is off.",
        "correct the measure, give the event the field, or switch the enricher on",
    ),
    Code(
        "DKD283", "advice", "something that is deprecated is still used",
        "A measure or a conversion counts on it.",
        "move to what replaces it",
    ),
    Code(
        "DKD284", "advice", "a name or a number of fields that Google Analytics 4 would not take",
        "GA4 takes event and parameter names of 40 characters and 25 parameters an event, and reserves some names "
        "(https://support.google.com/analytics/answer/9267744).",
        "rename it, or remove ga4 from conventions",
    ),
    Code(
        "DKD285", "advice", "a name that SQL reserves",
        "It has to stand in double quotes in every question that is written by hand.",
        "choose another name, such as order_number for order",
    ),
    Code(
        "DKD286", "advice", "values of an enum differ by their case only",
        "They are two values to every system, and one to most people.",
        "keep one of them",
    ),
    Code(
        "DKD287", "advice", "one copy of every topic",
        "When the one broker's disk is lost, so is what it held.",
        "set topics.replication to 3 where there are three brokers",
    ),
)  # fmt: skip

CODES: Mapping[str, Code] = {one.code: one for one in sorted((*_ALL, *SOURCE_CODES))}
"""Every kind of finding by its code, in the order of the codes."""


def is_advice(code: str) -> bool:
    """Whether *code* is of advice, which a waiver can let pass, and not of a mistake or of a change."""
    return code in CODES and CODES[code].level == "advice"


def explained(one: Code) -> str:
    """The explanation of a code, as Markdown that ends with a line end."""
    kind = "A mistake: the model cannot be used." if one.level == "mistake" else "Advice: the model can be used."
    return f"### {one.code}: {one.what}\n\n{kind} {one.why}\n\nRemedy: {one.remedy}.\n"


def page(codes: Iterable[Code]) -> str:
    """All of *codes* as one Markdown page."""
    intro = (
        "# What `dkd check` finds\n\nMade by `dkd check --explain all`. Mistakes end with exit code 3, advice with 0.\n"
    )
    return "\n".join((intro, *map(explained, codes)))
