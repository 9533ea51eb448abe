"""Rules for changes of the raw schema; what Avro implementations disagree on is decided by the strictest."""

from dkd.systems.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "DKD901", "safe", "the schema has another id",
        "Every schema is kept under its id in schemas/, so readers know the new one and all old ones.",
        "commit the rendered file in schemas/", "R V",
    ),
    Rule(
        "DKD902", "additive", "an optional field is added",
        "Its default stands in where old records lack it, and old readers skip it.",
        "nothing; deploy sets readers before writers", "R D E V S U",
    ),
    Rule(
        "DKD903", "needs-order", "a field is removed",
        "It had a default, so both sides can read each other; but whoever still asks for it gets null.",
        "stop asking before you stop sending, and put the name into reserved", "U R D E V S",
    ),
    Rule(
        "DKD904", "needs-order", "a number becomes wider",
        "New readers widen old values exactly; an old reader cannot read the wider value.",
        "change all readers before the first writer; there is no way back once a wide value is written", "R D E V",
    ),
    Rule(
        "DKD905", "blocked", "a field gets a type that cannot read the old one",
        "Records that are still in the topic could not be read, or old readers could not read new ones.",
        "give the new type a new field name", mode="replace",
    ),
    Rule(
        "DKD906", "semantic", "a number changes its precision",
        "Values above 2^24 as float or 2^53 as double are rounded, and a union's branch is chosen in two ways.",
        "use long or double from the start, or a new field", "R D E V",
    ),
    Rule(
        "DKD907", "semantic", "a logical type, its unit or its scale changes",
        "Every registry takes it for compatible, yet the same bytes mean another instant or amount.",
        "give the new meaning a new field name", "R D E V",
    ),
    Rule(
        "DKD908", "needs-order", "an enum symbol is added, and old readers have a default",
        "A reader that does not know it yet takes the enum's default.",
        "change readers before writers", "E R V S U",
    ),
    Rule(
        "DKD909", "blocked", "an enum symbol is added, and old readers have no default",
        "An old reader fails on the new symbol; a default of the field does not help.",
        "give the enum a default first, and add the symbol in a later change",
    ),
    Rule(
        "DKD910", "needs-order", "an enum symbol is removed",
        "Records with it are in the topic until the retention is over.",
        "stop sending it, and keep the symbol while old records are kept", "S W R E V",
    ),
    Rule(
        "DKD911", "needs-order", "a field may be null from now on",
        "An old reader fails on the first null.",
        "change readers before writers", "R D E V",
    ),
    Rule(
        "DKD912", "needs-order", "a field may not be null any more",
        "A new reader fails on a null of an old record.",
        "stop sending nulls, and wait out the retention before readers change", "S R V W E",
    ),
    Rule(
        "DKD913", "semantic", "a default changes",
        "Bytes are the same, but a reader fills another value into records that lack the field.",
        "change the enricher alone; look at what counts the old default", "E",
    ),
    Rule(
        "DKD914", "needs-order", "fields change places",
        "With a schema id every reader knows the writer's order; without one, values are swapped without an error.",
        "keep the schema before a writer uses it; never in naked mode", "R V",
    ),
    Rule(
        "DKD915", "blocked", "the record or its namespace is renamed",
        "Java reads it, fastavro and Python do not.",
        "keep the name",
    ),
    Rule(
        "DKD916", "blocked", "a default does not fit the first branch of its type",
        "fastavro and new Java accept it; Divolte's Avro does not start, or fails on every event.",
        "put the default's type first: [null, T] with null",
    ),
    Rule(
        "DKD917", "needs-order", "an alias changes",
        "Aliases are optional for Avro and unknown to Druid: some readers find the old field by it, others nothing.",
        "write both names for a while instead", "R D E V U",
    ),
    Rule(
        "DKD918", "blocked", "a field clashes with a schema of which records are still retained",
        "The name had another type before; records of that time would be rejected or misread.",
        "use a name that was never used, or wait until those records are gone", mode="replace",
    ),
    Rule(
        "DKD919", "blocked", "a field has no default",
        "A reader cannot fill it in, and Divolte loses the whole batch when a value is absent.",
        "give it a default",
    ),
    Rule(
        "DKD926", "blocked", "a field has a type without a JSON form",
        "The clean topic is JSON: bytes, fixed and decimals have no form there, and Druid reads them as base64.",
        "send text, or a whole number of the smallest unit",
    ),
)  # fmt: skip
