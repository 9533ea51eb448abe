"""Words under which Druid's SQL does not find a column, unless they stand in double quotes.

Source: https://calcite.apache.org/docs/reference.html#keywords, each tried on Druid 33.
"""

RESERVED = frozenset(
    {
        "abs", "all", "allocate", "allow", "alter", "and", "any", "are", "array", "as", "asensitive", "asymmetric",
        "at", "atomic", "authorization", "avg", "begin", "between", "bigint", "binary", "bit", "blob", "boolean",
        "both", "by", "call", "called", "cardinality", "cascaded", "case", "cast", "ceil", "ceiling", "char",
        "character", "check", "classifier", "clob", "close", "clustered", "coalesce", "collate", "collect",
        "column", "commit", "condition", "connect", "constraint", "contains", "convert", "corr", "corresponding",
        "count", "create", "cross", "cube", "cume_dist", "current", "current_date", "current_row", "current_time",
        "current_timestamp", "cursor", "cycle", "date", "datetime", "day", "deallocate", "dec", "decimal",
        "declare", "default", "define", "delete", "dense_rank", "deref", "describe", "deterministic", "disallow",
        "disconnect", "distinct", "double", "drop", "dynamic", "each", "element", "else", "empty", "end", "equals",
        "escape", "every", "except", "exec", "execute", "exists", "exp", "explain", "extend", "external", "extract",
        "false", "fetch", "filter", "float", "floor", "for", "foreign", "free", "friday", "from", "full",
        "function", "fusion", "get", "global", "grant", "group", "grouping", "groups", "having", "hold", "hour",
        "identity", "import", "in", "indicator", "initial", "inner", "inout", "insensitive", "insert", "int",
        "integer", "intersect", "intersection", "interval", "into", "is", "join", "json_array", "json_exists",
        "json_object", "json_query", "json_scope", "json_value", "lag", "language", "large", "lateral", "lead",
        "leading", "left", "like", "limit", "ln", "local", "localtime", "localtimestamp", "lower", "match",
        "matches", "measures", "member", "merge", "method", "minute", "mod", "modifies", "module", "monday",
        "month", "multiset", "national", "natural", "new", "next", "no", "none", "normalize", "not", "nth_value",
        "ntile", "null", "nullif", "numeric", "octet_length", "of", "offset", "old", "omit", "on", "one", "only",
        "open", "or", "order", "ordinal", "out", "outer", "over", "overlaps", "overlay", "parameter", "partition",
        "partitioned", "pattern", "per", "percent", "percent_rank", "period", "permute", "portion", "position",
        "power", "precedes", "precision", "prepare", "primary", "procedure", "qualify", "range", "rank", "reads",
        "real", "recursive", "ref", "references", "regr_count", "release", "reset", "result", "return", "returns",
        "revoke", "right", "rollback", "rollup", "row", "row_number", "rows", "running", "safe_cast", "saturday",
        "savepoint", "scope", "scroll", "search", "second", "seek", "select", "sensitive", "set", "show", "similar",
        "skip", "smallint", "some", "specific", "sql", "sqrt", "start", "static", "stddev_pop", "stddev_samp",
        "stream", "submultiset", "subset", "substring", "succeeds", "sum", "sunday", "symmetric", "system",
        "system_time", "table", "tablesample", "then", "thursday", "time", "timestamp", "timezone_hour",
        "timezone_minute", "tinyint", "to", "trailing", "translate", "translation", "treat", "trigger", "trim",
        "true", "truncate", "tuesday", "uescape", "union", "unique", "unknown", "unnest", "update", "upper",
        "upsert", "using", "value", "values", "var_pop", "var_samp", "varbinary", "varchar", "varying",
        "versioning", "wednesday", "when", "whenever", "where", "window", "with", "within", "without", "year",
    }
)  # fmt: skip
