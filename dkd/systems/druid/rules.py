"""Rules for changes of Druid's supervisors; old rows stay as they are until somebody rewrites them."""

from dkd.systems.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "DKD950", "additive", "a datasource is new",
        "Nobody asks it yet.",
        "nothing", "K D E U",
    ),
    Rule(
        "DKD951", "destructive", "a datasource is not in the model any more",
        "Nothing fills it from now on; its rows stay until its retention.",
        "stop asking it first; dkd destroy removes its supervisor", "U E D P",
    ),
    Rule(
        "DKD952", "additive", "a column is added",
        "Old rows have null there.",
        "nothing; Druid lists it before the enrichers send it", "R D E V S U", "restart",
    ),
    Rule(
        "DKD953", "additive", "a column is added to a datasource with roll-up",
        "Old rows have null there, and from now on fewer rows collapse into one.",
        "count with the stored count, not with COUNT(*)", "R D E V S U", "restart",
    ),
    Rule(
        "DKD954", "needs-order", "a column is dropped",
        "Old rows keep it, new ones have null; whoever asks for it sees it fade.",
        "change views and questions first", "U R D E V S", "restart",
    ),
    Rule(
        "DKD955", "semantic", "a column is dropped from a datasource with roll-up",
        "More rows collapse into one, so COUNT(*) changes its meaning.",
        "sum the stored count, or rewrite the older intervals", "U D H", "restart",
    ),
    Rule(
        "DKD956", "needs-backfill", "a column gets another type",
        "SQL has the least restrictive type of all segments until the last old one is rewritten.",
        "use a new column, or rewrite the older intervals", "D H U", "restart",
    ),
    Rule(
        "DKD957", "blocked", "a name changes between column and metric",
        "Old and new segments hold different things under one name, and no query can join them.",
        "use a new name",
    ),
    Rule(
        "DKD958", "blocked", "a metric gets another aggregator",
        "Partial results of two aggregators cannot be merged.",
        "use a new name",
    ),
    Rule(
        "DKD959", "destructive", "roll-up is switched on",
        "Single rows are lost for ever.",
        "compare counts in a scratch datasource first, then rewrite the older intervals", "D H U", "restart",
    ),
    Rule(
        "DKD960", "semantic", "roll-up is switched off",
        "The number of rows jumps; whoever counts rows sees a step.",
        "sum the stored count", "D U", "restart",
    ),
    Rule(
        "DKD961", "destructive", "queryGranularity gets coarser",
        "The time inside an interval is lost.",
        "keep it, or add a second, coarser datasource", "D H U", "restart",
    ),
    Rule(
        "DKD962", "blocked", "queryGranularity is coarser than a segment's interval",
        "Druid accepts the spec, and then no task can allocate a segment.",
        "make segmentGranularity at least as coarse, and compact older intervals first",
    ),
    Rule(
        "DKD963", "additive", "queryGranularity gets finer",
        "New rows keep more of their time, old ones stay as they are.",
        "nothing", "D", "restart",
    ),
    Rule(
        "DKD964", "additive", "segmentGranularity changes",
        "Only intervals without any segment get it; others go on with theirs.",
        "compact the older intervals where it shall hold for them", "D", "restart",
    ),
    Rule(
        "DKD965", "semantic", "the time of rows is read another way",
        "Rows may land in 1970, or be rejected as late.",
        "send the new time in a field of its own, and switch", "D", "restart",
    ),
    Rule(
        "DKD966", "needs-order", "a supervisor reads another topic",
        "Druid goes on in the new topic at the old one's offsets, and skips what is before them.",
        "suspend, wait until no task runs, post it suspended, reset, resume", "K E D P", "replace",
    ),
    Rule(
        "DKD967", "blocked", "a supervisor gets another id",
        "It has no offsets: rows are doubled from the earliest, or lost to the latest.",
        "keep the id, or set its offsets by hand",
    ),
    Rule(
        "DKD968", "destructive", "a filter changes",
        "Rows that it does not let through are nowhere in Druid.",
        "count what it refuses first; dkd backfill brings them back from files", "D H", "restart",
    ),
    Rule(
        "DKD969", "semantic", "a transform changes",
        "New rows hold other values than old ones.",
        "write to a new column, or rewrite the older intervals", "D H U", "restart",
    ),
    Rule(
        "DKD970", "needs-new-topic", "the topic's format changes",
        "Records on the other side of the boundary cannot be read.",
        "use a new topic", "K E D P", "replace",
    ),
    Rule(
        "DKD971", "destructive", "a datasource keeps its rows for less long",
        "Older segments are dropped from serving within minutes.",
        "look at what is asked of them first", "U D",
    ),
    Rule(
        "DKD972", "destructive", "compaction changes rows",
        "Roll-up or a coarser granularity rewrites what is stored, and the old form is gone.",
        "compare counts in a scratch datasource first", "D H U",
    ),
    Rule(
        "DKD973", "safe", "a setting of the tasks changes",
        "Tasks hand over what they have and start again; no row is lost or doubled.",
        "put all such changes into one deploy", "", "restart",
    ),
    Rule(
        "DKD974", "destructive", "late or broken rows are treated otherwise",
        "Rows that were stored before are refused or skipped, without an error.",
        "count them first with dkd rejects and Druid's own counters", "D", "restart",
    ),
    Rule(
        "DKD975", "semantic", "a supervisor begins elsewhere, or reads what was given up",
        "Rows are left out, or rows of transactions that were given up appear.",
        "keep useEarliestOffset and isolation.level as they are", "D", "restart",
    ),
    Rule(
        "DKD976", "needs-order", "keys are found another way in a record",
        "A wrong path or another case gives null, without an error.",
        "let Druid read both for a while", "D E", "restart",
    ),
    Rule(
        "DKD977", "safe", "compaction changes the size or age of segments alone",
        "Rows stay as they are.",
        "nothing",
    ),
    Rule(
        "DKD978", "safe", "a batch reads or writes otherwise",
        "Nothing that lives runs by it; whoever posts it next gets the new form.",
        "nothing",
    ),
)  # fmt: skip
