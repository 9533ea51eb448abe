"""Words that Druid's SQL parser reserves, so that a column of that name has to stand in double quotes.

Source: https://calcite.apache.org/docs/reference.html#keywords, each tried on Druid 33.
"""

RESERVED = frozenset(
    {
        "abs", "all", "allocate", "allow", "alter", "and", "any", "are", "array", "as", "asensitive", "asymmetric",
        "at", "atomic", "authorization", "avg", "begin", "between", "bigint", "binary", "bit", "blob", "boolean",
        "both", "by", "call", "called", "cardinality", "cascaded", "case", "cast", "ceil", "ceiling", "char",
        "character", "check", "classifier", "clob", "close", "coalesce", "collate", "collect", "column", "commit",
        "condition", "connect", "constraint", "contains", "convert", "corr", "corresponding", "count", "create",
        "cross", "cube", "current", "cursor", "cycle", "date", "day", "deallocate", "dec", "decimal", "declare",
        "default", "define", "delete", "deref", "describe", "deterministic", "disallow", "disconnect", "distinct",
        "double", "drop", "dynamic", "each", "element", "else", "empty", "end", "equals", "escape", "every", "except",
        "exec", "execute", "exists", "exp", "explain", "extend", "external", "extract", "false", "fetch", "filter",
        "float", "floor", "for", "foreign", "free", "from", "full", "function", "fusion", "get", "global", "grant",
        "group", "grouping", "groups", "having", "hold", "hour", "identity", "import", "in", "indicator", "initial",
        "inner", "inout", "insensitive", "insert", "int", "integer", "intersect", "intersection", "interval", "into",
        "is", "join", "json", "lag", "language", "large", "lateral", "lead", "leading", "left", "like", "limit", "ln",
        "local", "localtime", "localtimestamp", "lower", "match", "matches", "measures", "member", "merge", "method",
        "minute", "mod", "modifies", "module", "month", "multiset", "national", "natural", "new", "next", "no", "none",
        "normalize", "not", "null", "nullif", "numeric", "octet_length", "of", "offset", "old", "omit", "on", "one",
        "only", "open", "or", "order", "out", "outer", "over", "overlaps", "overlay", "parameter", "partition",
        "pattern", "per", "percent", "period", "permute", "portion", "position", "power", "precedes", "precision",
        "prepare", "previous", "primary", "procedure", "range", "rank", "reads", "real", "recursive", "ref",
        "references", "release", "reset", "result", "return", "returns", "revoke", "right", "rollback", "rollup", "row",
        "rows", "running", "savepoint", "scope", "scroll", "search", "second", "seek", "select", "sensitive",
        "session_user", "set", "show", "similar", "skip", "smallint", "some", "specific", "sql", "sqrt", "start",
        "static", "stream", "submultiset", "subset", "substring", "succeeds", "sum", "symmetric", "system", "table",
        "tablesample", "then", "time", "timestamp", "tinyint", "to", "trailing", "translate", "translation", "treat",
        "trigger", "trim", "true", "truncate", "uescape", "union", "unique", "unknown", "unnest", "update", "upper",
        "upsert", "user", "using", "value", "values", "varbinary", "varchar", "varying", "when", "whenever", "where",
        "window", "with", "within", "without", "year",
    }
)  # fmt: skip
