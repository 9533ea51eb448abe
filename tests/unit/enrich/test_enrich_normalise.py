import polars as pl
import pytest
from enrich_cases import NOW_MS, raw, ready, shop, shop_setup

from dkd.enrich.normalise import EARLIEST_MS, REJECT_SCHEMA, conformed, normalised
from dkd.model.naming import snake_case


def _normalised(*records, setup=None):
    setup = setup or shop_setup()
    return normalised(raw(setup, *records), setup.model, setup.raw_schema, setup.rules)


@pytest.mark.parametrize(
    ("sent", "name"),
    [("pageView", "page_view"), ("PageView", "page_view"), ("page_view", "page_view"), ("search", "search"),
     ("addToCart2", "add_to_cart2"), ("HTMLView", "html_view"), ("viewHTML", "view_html"), ("", "")],
)  # fmt: skip
def test_camel_case_becomes_snake_case(sent, name):
    assert snake_case(sent) == name


def test_an_event_is_named_as_the_model_names_it():
    events, rejects = _normalised({"event": "pageView"}, {"event": "page_view"}, {"event": "PURCHASE", "order_id": "1"})
    assert events["event"].to_list() == ["page_view", "page_view", "purchase"]
    assert rejects.is_empty()


def test_a_model_s_exact_name_wins_over_snake_case():
    model = shop(events={"pageview": {}, "page_view": {}})
    events, _ = _normalised({"event": "pageview"}, {"event": "pageView"}, setup=ready(model))
    assert events["event"].to_list() == ["pageview", "page_view"]


REFUSED = [
    ({"party_id": None}, "missing_party", "DKD550"),
    ({"party_id": ""}, "missing_party", "DKD550"),
    ({"party_id": "null"}, "missing_party", "DKD550"),
    ({"party_id": "undefined"}, "missing_party", "DKD550"),
    ({"event": "nope"}, "unknown_event", "DKD551"),
    ({"event": None}, "unknown_event", "DKD551"),
    ({"event": "x" * 100_000}, "unknown_event", "DKD551"),
    ({"received_ms": None}, "bad_time", "DKD552"),
    ({"client_ms": EARLIEST_MS - 1}, "bad_time", "DKD552"),
    ({"client_ms": -(2**63)}, "bad_time", "DKD552"),
    ({"received_ms": 0, "client_ms": 0}, "bad_time", "DKD552"),
    ({"received_ms": 2**62, "client_ms": None}, "bad_time", "DKD552"),
    ({"event": "purchase"}, "missing_field", "DKD553"),
    ({"event": "purchase", "order_id": "1", "payment": "gold"}, "bad_enum", "DKD554"),
]


@pytest.mark.parametrize(("record", "reason", "code"), REFUSED)
def test_a_broken_event_is_refused_with_its_reason(record, reason, code):
    events, rejects = _normalised({}, record, {})
    assert events["offset"].to_list() == [0, 2]
    assert rejects.schema == pl.Schema(REJECT_SCHEMA)
    assert rejects.select("offset", "code", "reason", "stage").rows() == [(1, code, reason, "validate")]
    assert all(text and len(text) < 300 for text in rejects.select("problem", "remedy").row(0))


def test_the_problem_names_what_was_found():
    _, rejects = _normalised(
        {"event": "buy"}, {"event": "purchase", "order_id": "1", "payment": "gold"}, {"event": "purchase"}
    )
    assert rejects["problem"].to_list() == [
        "the model has no event 'buy'",
        "'gold' is no value of payment",
        "event 'purchase' has no order_id, which it must carry",
    ]
    assert rejects["remedy"].to_list() == [
        "send one of: page_view, search, purchase", "send one of: card, cash", "send order_id (string)"]  # fmt: skip


def test_a_field_required_of_one_event_is_not_asked_of_another():
    events, rejects = _normalised({"event": "search"}, {"event": "purchase", "order_id": "1"})
    assert (events.height, rejects.height) == (2, 0)


def test_event_time_is_the_client_s_and_never_more_than_five_minutes_ahead():
    events, _ = _normalised(
        {"client_ms": NOW_MS - 7},
        {"client_ms": None},
        {"client_ms": NOW_MS + 300_000},
        {"client_ms": NOW_MS + 300_001},
        {"client_ms": 2**63 - 1},
    )
    assert events.select("timestamp_ms", "time_clamped").rows() == [
        (NOW_MS - 7, False), (NOW_MS, False), (NOW_MS + 300_000, False), (NOW_MS, True), (NOW_MS, True)]  # fmt: skip


def test_event_time_of_divolte_s_collector_is_the_receive_time():
    setup = ready(shop(collector={"kind": "divolte"}))
    events, _ = _normalised({"client_ms": 5}, {"client_ms": NOW_MS + 10**9}, setup=setup)
    assert events.select("timestamp_ms", "time_clamped").rows() == [(NOW_MS, False)] * 2


def test_a_batch_of_an_older_schema_is_read_with_nulls_where_it_has_no_column_or_another_type():
    old = pl.DataFrame({"offset": [7], "revenue": ["12.5"], "tags": ["x"], "order_id": [5], "unknown": [1]})
    found = conformed(old, shop_setup().raw_schema)
    assert found.schema == pl.Schema(shop_setup().raw_schema)
    assert found.select("offset", "revenue", "tags", "order_id", "party_id").row(0) == (7, 12.5, None, "5", None)


@pytest.mark.parametrize("word", ["null", "undefined", "NaN", "None", "[object Object]", ""])
def test_a_script_s_word_for_no_id_is_none(word):
    ids = ("event_id", "pageview_id", "collector_session_id")
    events, rejects = _normalised(dict.fromkeys(ids, word), {"event_id": f"{word}1"})
    assert rejects.is_empty()
    assert events.select(ids).rows() == [(None, None, None), (f"{word}1", None, None)]
