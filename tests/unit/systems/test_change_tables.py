"""The tables of changes, a row each: its rule, its class and its order; whoever alters one alters it here."""

import pytest

from dkd.systems.table import RULES

AVRO = """
DKD902 additive        R D E V S U  an optional field is added, at any place
DKD855 needs-order     R D V S W E  a field becomes required
DKD903 needs-order     U R D E V S  a field is removed
DKD866 needs-order     R D E V S U  a rename with both names for a while
DKD904 needs-order     R D E V      int to long, float to double
DKD906 semantic        R D E V      a number loses precision, or a union chooses otherwise
DKD905 blocked         -            another type
DKD907 semantic        R D E V      a logical type, an instant, a scale
DKD908 needs-order     E R V S U    an enum symbol more, with a default
DKD909 blocked         -            an enum symbol more, without one
DKD910 needs-order     S W R E V    an enum symbol less
DKD911 needs-order     R D E V      from T to nullable
DKD912 needs-order     S R V W E    from nullable to T
DKD913 semantic        E            another default
DKD914 needs-order     R V          another order of fields
DKD915 blocked         -            the record has another name
DKD916 blocked         -            a default off the first branch, or of the wrong kind
DKD917 needs-order     R D E V U    an alias
DKD918 blocked         -            a clash with a version still retained
DKD919 blocked         -            no default
DKD986 needs-new-topic K R E V P    naked to confluent
"""
JSON = """
DKD860 additive        R D E V S U  a key more
DKD861 needs-order     U R D E V S  a key less
DKD862 needs-backfill  R D E V S U H  a rename in one step
DKD863 blocked         -            what may be a rename
DKD922 blocked         -            number to text, flag, list
DKD925 semantic        -            a whole number above 2^53
DKD926 blocked         -            no JSON form
DKD874 semantic        -            another unit
DKD976 needs-order     D E          key case, nesting
DKD970 needs-new-topic K E D P      json to avro
"""
DRUID = """
DKD952 additive        R D E V S U  a dimension or metric more
DKD953 additive        R D E V S U  a dimension more, with roll-up
DKD954 needs-order     U R D E V S  a dimension less
DKD955 semantic        U D H        a dimension less, with roll-up
DKD956 needs-backfill  D H U        a dimension's type
DKD957 blocked         -            dimension to metric
DKD958 blocked         -            another aggregator
DKD893 semantic        -            another expression of a measure
DKD959 destructive     D H U        roll-up on
DKD960 semantic        D U          roll-up off
DKD961 destructive     D H U        coarser queryGranularity
DKD962 blocked         -            coarser than a chunk
DKD963 additive        D            finer queryGranularity
DKD964 additive        D            segmentGranularity
DKD965 semantic        D            timestampSpec
DKD966 needs-order     K E D P      topic
DKD967 blocked         -            supervisor id
DKD968 destructive     D H          filter
DKD969 semantic        D H U        transform
DKD971 destructive     U D          load and drop rules shortened
DKD972 destructive     D H U        compaction with roll-up or granularity
DKD973 safe            -            tuningConfig only
"""
KAFKA = """
DKD932 needs-order     E K D        partitions up
DKD933 blocked         K E V D P    partitions down
DKD934 needs-new-topic K E V D P    another key
DKD935 blocked         -            delete to compact
DKD936 destructive     -            compact to delete
DKD937 destructive     E D K        retention down
DKD938 safe            -            retention up
DKD939 needs-order     V E K        max.message.bytes down
DKD940 needs-order     K D E V      max.message.bytes up
DKD941 blocked         -            min.insync.replicas above the replicas
DKD942 blocked         -            replication factor
DKD943 semantic        -            message.timestamp.type
DKD944 safe            -            compression.type
"""
PRIVACY = """
DKD981 privacy-widening A R D E V S U  plain from hashed, truncated or dropped
DKD982 privacy-widening A R D E V S U  a personal field is collected
DKD983 privacy-widening A K           kept longer
DKD989 privacy-widening A V           a new sink
DKD991 privacy-widening A E           a purpose less
DKD992 privacy-widening A             a connection less protected
DKD995 privacy-widening -             a hash without a key
DKD990 needs-order      R V E U D H W  plain to hashed, truncated or dropped
DKD994 semantic         E H U         another key
DKD993 blocked          -             used after it is dropped
"""
SESSIONS = """
DKD850 additive        R K D E V S U  an event type more
DKD851 needs-order     S U V E D K  an event type retired
DKD882 semantic        E H U        where sessions begin and end
DKD885 destructive     E            late events rejected earlier
DKD886 semantic        E H U        what a conversion is
DKD883 semantic        E H U        who is a bot
DKD884 destructive     -            bots dropped
DKD887 semantic        D E H U      an enricher finds or keeps otherwise
DKD890 additive        D U          a measure more
DKD891 needs-order     U D          a measure less
DKD892 needs-order     D U          a measure renamed
"""
ROWS = [
    row.split(maxsplit=2) for table in (AVRO, JSON, DRUID, KAFKA, PRIVACY, SESSIONS) for row in table.split("\n") if row
]


@pytest.mark.parametrize(("code", "effect", "rest"), ROWS, ids=[" ".join(row[2].split()) for row in ROWS])
def test_a_row_has_its_class_and_its_order(code, effect, rest):
    rule = RULES[code]
    order = " ".join(word for word in rest.split("  ")[0].split() if word != "-")
    assert (rule.effect, rule.order) == (effect, order)


def test_an_order_begins_with_the_schema_where_a_collector_gets_another_one():
    """No record may be written whose schema is not kept yet, and no reader asks for what is not sent any more."""
    for rule in RULES.values():
        letters = rule.order.split()
        if "R" in letters and "V" in letters:
            assert letters.index("R") < letters.index("V"), rule.code
