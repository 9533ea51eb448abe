"""Rules for changes of what no system's file shows: events, fields, enrichers, sessions, measures, privacy, targets."""

from dkd.systems.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "DKD850", "additive", "an event is new",
        "Nobody sent it before: it would have been rejected.",
        "nothing; the site sends it last", "R K D E V S U",
    ),
    Rule(
        "DKD851", "needs-order", "an event is retired",
        "Whoever still sends it gets rejects; rows of it stay.",
        "let the site stop sending it first", "S U V E D K",
    ),
    Rule(
        "DKD852", "needs-backfill", "an event is renamed",
        "Stored rows keep the old name, so every question about it has a step on the day of the change.",
        "keep both events for a while, or rewrite the older intervals", "R D E V S U H",
    ),
    Rule(
        "DKD853", "blocked", "an event is gone and another is new: a rename?",
        "As a drop and an add, the numbers of one end and those of the other begin at nothing.",
        "say which: was: OLD at the new event, or reserved: [OLD] in the model",
    ),
    Rule(
        "DKD854", "blocked", "an event is removed, and its name is free for another meaning",
        "The same name could come back with another meaning beside the old rows.",
        "add its name to reserved in the model",
    ),
    Rule(
        "DKD855", "needs-order", "an event must carry a field more",
        "Senders that do not send it yet get rejects.",
        "let the site send it first, then require it", "R D V S W E",
    ),
    Rule(
        "DKD856", "safe", "an event need not carry a field any more",
        "What was accepted still is.",
        "nothing",
    ),
    Rule(
        "DKD857", "additive", "an event lists other fields",
        "Any event may carry any field of the model.",
        "nothing",
    ),
    Rule(
        "DKD858", "needs-order", "an event lists an enum field more",
        "Events with a value that is not in the list get rejects.",
        "let the site send nothing else first", "S W E",
    ),
    Rule(
        "DKD860", "additive", "a field is added",
        "The clean topic gets a key that Druid ignores until it lists the column; old rows have null.",
        "nothing; deploy sets readers before writers", "R D E V S U",
    ),
    Rule(
        "DKD861", "needs-order", "a field is removed, and its name is reserved",
        "New rows have null there; old segments keep it.",
        "stop asking before you stop sending", "U R D E V S",
    ),
    Rule(
        "DKD862", "needs-backfill", "a field is renamed in one step",
        "Stored rows keep the old name, and what browsers still send under it is lost.",
        "keep the old field beside the new one for now, and remove it when nobody asks for it; or rewrite history",
        "R D E V S U H",
    ),
    Rule(
        "DKD863", "blocked", "a field is gone and another of its type is new: a rename?",
        "As a drop and an add, the old values are out of sight and the new ones begin at nothing.",
        "say which: was: OLD at the new field, or reserved: [OLD] in the model",
    ),
    Rule(
        "DKD864", "blocked", "a field is removed, and its name is free for another meaning",
        "The same name could come back with another type beside old records and rows.",
        "add its name to reserved in the model",
    ),
    Rule(
        "DKD866", "needs-order", "a field gets a successor, and both are kept",
        "Both keys are in the clean topic during the switch, so every reader finds one.",
        "let the site send both, switch views, then remove the old one and reserve its name", "R D E V S U",
    ),
    Rule(
        "DKD868", "semantic", "a name is not reserved any more",
        "It may come back with another meaning beside the rows that hold the old one.",
        "keep it in reserved",
    ),
    Rule(
        "DKD869", "semantic", "a field gets another value where an event has none, or none any more",
        "Rows without a value of their own are counted with others from now on.",
        "choose a date, and compare nothing across it", "V", "restart",
    ),
    Rule(
        "DKD870", "needs-order", "values of an enum are not checked any more",
        "Views that expect the listed values may meet others.",
        "change views before the site sends others", "U E S",
    ),
    Rule(
        "DKD871", "needs-order", "a text becomes an enum",
        "Events with a value that is not in the list get rejects.",
        "let the site send nothing else first", "S W E",
    ),
    Rule(
        "DKD872", "safe", "something changes about a field that is dropped",
        "It is mapped nowhere.",
        "nothing",
    ),
    Rule(
        "DKD873", "additive", "a unit is named",
        "It says what was only known; no value changes.",
        "look at what was sent so far: was it that unit?",
    ),
    Rule(
        "DKD874", "semantic", "the unit of a field changes",
        "Old and new values stand under one name, and every sum mixes them.",
        "give the new unit a new field",
    ),
    Rule(
        "DKD875", "needs-order", "an enum gets a value more",
        "An enricher that does not know it yet rejects the event.",
        "change the enrichers before the site sends it", "E R V S U",
    ),
    Rule(
        "DKD876", "needs-order", "an enum loses a value",
        "Events with it, also those still in the topic, get rejects.",
        "let the site stop sending it, and wait until the enrichers have read to the end", "S V W E",
    ),
    Rule(
        "DKD877", "semantic", "a field is found in another place",
        "New rows hold another value under the old name.",
        "use a new field", "V",
    ),
    Rule(
        "DKD878", "safe", "a description changes",
        "It is for people.",
        "nothing",
    ),
    Rule(
        "DKD879", "safe", "a name is reserved",
        "It keeps the name from coming back with another meaning.",
        "nothing",
    ),
    Rule(
        "DKD922", "blocked", "a key of the clean topic changes between text, number, flag and list",
        "Druid turns the values into null or text without an error, and old rows stay as they are.",
        "give the new type a new field name",
    ),
    Rule(
        "DKD925", "semantic", "an identifier is a number",
        "Above 2^53 it loses digits in every reader that takes JSON numbers for doubles.",
        "make it a string",
    ),
    Rule(
        "DKD880", "additive", "an enricher is switched on",
        "Its columns were null before.",
        "nothing", "D E U",
    ),
    Rule(
        "DKD881", "semantic", "an enricher is switched off",
        "Its columns are null from now on.",
        "stop asking for them first", "U E",
    ),
    Rule(
        "DKD882", "semantic", "a session begins or ends by another rule",
        "The same events give other sessions from the day of the change on.",
        "choose a date, or rewrite history with dkd backfill", "E H U",
    ),
    Rule(
        "DKD883", "semantic", "bots are told otherwise",
        "Every number that leaves bots out, or has them in, gets a step.",
        "choose a date, or rewrite history with dkd backfill", "E H U",
    ),
    Rule(
        "DKD884", "destructive", "events of bots are dropped",
        "They are counted, but in no topic any more.",
        "look at what is flagged now: a visitor taken for a bot is lost",
    ),
    Rule(
        "DKD885", "destructive", "late events are rejected earlier",
        "Events that were stored before become rejects.",
        "look at how late events come: dkd status, dkd rejects", "E",
    ),
    Rule(
        "DKD886", "semantic", "another event, or value, counts as a conversion",
        "Conversions and their value get a step.",
        "choose a date, or rewrite history with dkd backfill", "E H U",
    ),
    Rule(
        "DKD887", "semantic", "an enricher finds or keeps otherwise",
        "Its columns hold other values from the day of the change on, or come or go.",
        "choose a date, or rewrite history with dkd backfill", "D E H U",
    ),
    Rule(
        "DKD890", "additive", "a measure or a dimension is new",
        "Nobody asks for it yet.",
        "nothing", "D U",
    ),
    Rule(
        "DKD891", "needs-order", "a measure or a dimension is removed",
        "Views and saved questions that name it fail.",
        "change views first", "U D",
    ),
    Rule(
        "DKD892", "needs-order", "a measure or a dimension is renamed",
        "It means the same; views and saved questions still name the old one.",
        "change views together with the model", "D U",
    ),
    Rule(
        "DKD893", "semantic", "a measure or a dimension means something else",
        "What is counted by it has a step, also in the past, and nobody sees why.",
        "give the new definition a new name",
    ),
    Rule(
        "DKD894", "semantic", "another kind of collector writes the events",
        "Event time is the receive time with Divolte, and known visitors may get another cookie.",
        "choose a date, and compare nothing across it", "R E V", "restart",
    ),
    Rule(
        "DKD895", "safe", "more pages may send events",
        "Who was let in still is.",
        "nothing",
    ),
    Rule(
        "DKD896", "needs-order", "fewer pages or servers may send events",
        "What they still send is refused.",
        "let them stop first", "S V",
    ),
    Rule(
        "DKD897", "additive", "one more server may send events",
        "It may send for any visitor, with any time.",
        "give its key to that server alone", "V S",
    ),
    Rule(
        "DKD898", "safe", "a datasource keeps its rows longer",
        "It costs disk; no field of the model is personal.",
        "nothing",
    ),
    Rule(
        "DKD899", "safe", "a target's address changes, or what it is described with",
        "Data stay what they are; deploy refuses another cluster than the one first deployed to.",
        "run dkd plan on it",
    ),
    Rule(
        "DKD981", "privacy-widening", "more of a personal value is kept",
        "What was dropped, cut or made a pseudonym is stored as it came, or in a form that shows more of it.",
        "use a new field for it, and say the reason in a waiver", "A R D E V S U",
    ),
    Rule(
        "DKD982", "privacy-widening", "a personal field is collected",
        "Its privacy, or its name, says that it is about a person.",
        "say purpose and retention in a waiver", "A R D E V S U",
    ),
    Rule(
        "DKD983", "privacy-widening", "personal data are kept longer",
        "What browsers sent, or a field with a privacy of its own, outlives what was promised.",
        "say the reason in a waiver", "A K",
    ),
    Rule(
        "DKD990", "needs-order", "less of a personal value is kept",
        "Whatever is stored upstream keeps coming until the source stops.",
        "stop at the source first, then clean: reindex old intervals, kill unused segments, wait out the topics",
        "R V E U D H W", "restart",
    ),
    Rule(
        "DKD991", "privacy-widening", "a purpose is not told any more",
        "Data are used for more than was agreed to.",
        "say the reason in a waiver", "A E",
    ),
    Rule(
        "DKD992", "privacy-widening", "a connection is less protected",
        "Events, and passwords, can be read or written by more.",
        "keep SASL_SSL, or say the reason in a waiver", "A",
    ),
    Rule(
        "DKD993", "blocked", "a field is dropped that a conversion counts",
        "The conversion value would be null without an error.",
        "take it out of the conversion first",
    ),
    Rule(
        "DKD994", "semantic", "pseudonyms are made with another key",
        "The same person is another one before and after, and no join crosses the seam.",
        "use a new field, or a dated cut", "E H U",
    ),
    Rule(
        "DKD995", "privacy-widening", "pseudonyms are made without a key",
        "Anybody can find the person by trying values.",
        "keep the key",
    ),
)  # fmt: skip
