"""Rules for changes of Divolte's files."""

from dkd.systems.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "DKD980", "additive", "Divolte fills a field more, or is configured for a new site",
        "Records had null there.",
        "nothing; keep the schema first", "R D E V", "restart",
    ),
    Rule(
        "DKD984", "needs-order", "Divolte does not fill a field any more",
        "New records have null there.",
        "stop asking for it first", "U R D E V", "restart",
    ),
    Rule(
        "DKD985", "semantic", "Divolte fills a field from another place",
        "New records hold another value under the old name.",
        "use a new field", "V", "restart",
    ),
    Rule(
        "DKD986", "needs-new-topic", "Divolte writes to another topic, or in another framing",
        "In naked mode there is no schema id: the bytes of one form are garbage in the other, without an error.",
        "let the enrichers read both topics, then switch Divolte without writing to both", "K R E V P", "replace",
    ),
    Rule(
        "DKD987", "semantic", "visitors are known by another cookie",
        "Known visitors come back as new ones.",
        "choose a date, and compare nothing across it", "V", "restart",
    ),
    Rule(
        "DKD988", "safe", "a setting of Divolte changes that no record shows",
        "Records stay as they are.",
        "restart Divolte, one instance after the other", "R V", "restart",
    ),
    Rule(
        "DKD989", "privacy-widening", "events go to one more place",
        "Whoever can read the new sink can read what browsers sent.",
        "say in a waiver who may read it, and for how long it is kept", "A V", "restart",
    ),
    Rule(
        "DKD997", "safe", "the compose file changes",
        "It runs one machine only.",
        "run docker compose up again",
        mode="restart",
    ),
    Rule(
        "DKD998", "safe", "a file's text changes, and no value in it",
        "An order or a comment is another.",
        "nothing",
    ),
)  # fmt: skip
