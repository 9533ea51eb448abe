"""The codes of where values come from."""

from dkd.model.code import Code

SOURCE_CODES = (
    Code(
        "DKD231", "mistake", "Divolte cannot find a value there",
        "Its mapping language makes no list of one text, neither cuts nor hashes an address, and never finds what a "
        "path gives equal to anything.",
        "do what the message says, or collect with dkd",
    ),
    Code(
        "DKD232", "mistake", "a regular expression that not everybody reads alike, or a group that it has not",
        "Divolte is written in Java, dkd's collector in Python: what one of them lacks or means otherwise would make "
        "another record of the same event; a wrong group makes Divolte lose every event.",
        "write it with what docs/model.md lists",
    ),
    Code(
        "DKD233", "mistake", "a value does not become what the field is",
        "Only texts and event parameters are converted; Divolte does not start with any other mapping.",
        "give the field the type that the message names",
    ),
    Code(
        "DKD234", "mistake", "a step or a condition that is not one thing",
        "A step has one of source, value and test; a condition one of source, not, all and any, and a source one test.",
        "keep one of them",
    ),
    Code(
        "DKD235", "mistake", "a value that its field cannot hold",
        "What stands in the model is of the field's own type, and fits it.",
        "write a value of that type",
    ),
    Code(
        "DKD236", "mistake", "geo without a city database",
        "Where an address is, only a database says; Divolte does not start without it.",
        "set collector.geo_database to a MaxMind city database where the collector runs",
    ),
    Code(
        "DKD237", "mistake", "only Divolte reads the user agent so",
        "Its fields are those of a database of 2014.",
        "use the columns of the enricher agent, or from: user_agent, the text",
    ),
    Code(
        "DKD238", "mistake", "one name is found in two ways",
        "A record has one place for it, filled in one way whichever event it is.",
        "find it in one way, or use two names",
    ),
    Code(
        "DKD239", "mistake", "a path that not everybody reads alike",
        "Of JSONPath only members, places and stars mean the same to Divolte and to dkd.",
        "write .name, ['any name'], [2] and [*] after $",
    ),
)  # fmt: skip
