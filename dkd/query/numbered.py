"""Visitors counted by the number that stored rows have for each, where every row that is asked about has one.

Druid makes a text of each id before it hashes it, which takes four fifths of what such a count costs. Rows that were
stored before there were numbers have none, and only their ids tell their visitors apart.
"""

from datetime import UTC, datetime
from functools import lru_cache

from dkd.model.columns import PARTY_NUMBER
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.query.dimension import Itself
from dkd.query.fragment import quoted
from dkd.query.mistake import QueryError, unknown_name

PARTY_ID = "party_id"
ALWAYS = datetime.min.replace(tzinfo=UTC)


def by_number(model: Model) -> Model:
    """*model* with measures that count numbers of visitors instead of their ids; what they mean stays the same."""
    return _by_number(Itself(model))


@lru_cache(maxsize=8)
def _by_number(of: Itself) -> Model:
    measures = {
        name: one.model_copy(update={"count_distinct": PARTY_NUMBER}) if one.count_distinct == PARTY_ID else one
        for name, one in of.model.measures.items()
    }
    return of.model.model_copy(update={"measures": measures})


def last_without(druid: Druid, datasource: str, timeout_s: float) -> datetime | None:
    """Time of the newest row with a visitor and without its number: :data:`ALWAYS` where all have one.

    None where Druid has no such column, so that no row has a number. Costs next to nothing: it looks at no row of a
    segment in which none is missing, and ends at the first it finds.

    Raises:
        QueryError: As of :meth:`dkd.query.client.Druid.sql`.
    """
    text = (
        f'SELECT "__time"\nFROM {quoted(datasource)}\nWHERE "{PARTY_NUMBER}" IS NULL AND "{PARTY_ID}" IS NOT NULL\n'
        'ORDER BY "__time" DESC\nLIMIT 1'
    )
    try:
        found = druid.sql(text, timeout_s=timeout_s).value()
    except QueryError as error:
        kind, _ = unknown_name(error) or ("", "")
        if kind == "Object":
            return ALWAYS
        if kind == "Column":
            return None
        raise
    return datetime.fromisoformat(found).astimezone(UTC) if found else ALWAYS
