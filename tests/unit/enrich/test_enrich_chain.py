import json

import polars as pl
import pytest
from enrich_cases import BROWSERS, GOOGLEBOT, NOW_MS, raw, ready, shop, shop_setup
from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

from dkd.enrich.chain import enrich, prepare
from dkd.enrich.encode import encode
from dkd.enrich.normalise import REJECT_SCHEMA
from dkd.enrich.privacy import pseudonym
from dkd.enrich.resources import Resources, bot_lists
from dkd.enrich.state import Books, State
from dkd.errors import UsageError
from dkd.model.columns import event_columns

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def _rows(setup, *records):
    return [json.loads(value) for value in encode(enrich(raw(setup, *records), State(), setup).clean)]


def test_a_visit_from_a_search_engine_gets_every_column():
    found = _rows(shop_setup(), {
        "event": "purchase", "order_id": "o1", "revenue": 12.5, "user_id": "jane", "tags": ["a", None],
        "page_url": "https://shop.example/done?utm_source=google&utm_medium=cpc&utm_campaign=a+b&utm_term=t&utm_content=c",
        "referrer_url": "https://www.google.de/", "user_agent": BROWSERS["Safari on iPhone"], "ip": "141.24.224.0",
        "viewport_width": 390, "viewport_height": 800, "screen_width": 390, "screen_height": 844, "pageview_id": "v",
        "collector_session_id": "s",
    })  # fmt: skip
    assert found == [{
        "event": "purchase", "timestamp_ms": NOW_MS, "received_ms": NOW_MS, "party_id": "p",
            "party_number": xxh3_64_intdigest(b"p") % 2**53,
        "session_id": xxh3_128_hexdigest(f"p\0e0\0{NOW_MS}".encode()), "collector_session_id": "s",
        "pageview_id": "v", "event_id": "e0",
        "page_url": "https://shop.example/done?utm_source=google&utm_medium=cpc&utm_campaign=a+b&utm_term=t&utm_content=c",
        "page_host": "shop.example", "page_path": "/done",
        "page_query": "utm_source=google&utm_medium=cpc&utm_campaign=a+b&utm_term=t&utm_content=c",
        "referrer_url": "https://www.google.de/", "referrer_medium": "search", "referrer_source": "Google",
        "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "a b", "utm_term": "t", "utm_content": "c",
        "channel": "Paid Search", "browser": "Mobile Safari", "browser_version": "18.6", "os": "iOS",
        "os_version": "18.6", "device_type": "mobile", "country": "DE", "viewport_width": 390, "viewport_height": 800,
        "screen_width": 390, "screen_height": 844, "first_in_session": True, "is_late": False,
        "time_clamped": False, "is_bot": False, "bots_version": bot_lists().version, "is_conversion": True,
        "order_id": "o1", "revenue": 12.5, "user_id": pseudonym("jane", b"secret"),
        "tags": ["a", None],
    }]  # fmt: skip


def test_the_columns_of_clean_are_those_of_the_model_in_order_even_without_events():
    setup = shop_setup()
    for records in ([], [{}], [{"event": "nope"}]):
        outcome = enrich(raw(setup, *records), State(), setup)
        assert outcome.clean.columns == [column.name for column in event_columns(setup.model)]
        assert outcome.rejects.schema == pl.Schema(REJECT_SCHEMA)


def test_enrichers_that_are_off_leave_their_columns_null():
    setup = ready(shop(enrich={}))
    found = _rows(setup, {"page_url": "https://shop.example/", "user_agent": GOOGLEBOT, "ip": "8.8.8.8"})
    assert set(found[0]) == {"event", "timestamp_ms", "received_ms", "party_id", "party_number", "event_id", "page_url",
                             "is_late", "time_clamped"}  # fmt: skip


def test_a_visit_from_nowhere_is_direct():
    assert _rows(shop_setup(), {"page_url": "https://shop.example/"})[0]["channel"] == "Direct"
    inside = {"page_url": "https://shop.example/", "referrer_url": "https://shop.example/"}
    assert "channel" not in _rows(shop_setup(), inside)[0]


def test_given_values_count_only_where_the_enricher_finds_nothing():
    given = {"country": "SE", "city": "Lund", "browser": "Given", "channel": "Radio", "page_host": "given.example",
             "utm_source": "given", "event": "purchase", "is_bot": "true"}  # fmt: skip
    text = json.dumps(given)
    (found,) = _rows(shop_setup(), {"given": text, "referrer_url": "https://given.example/"})
    assert [found[name] for name in ("country", "city", "browser", "page_host")] == [
        "SE",
        "Lund",
        "Given",
        "given.example",
    ]
    assert (found["event"], found["is_bot"]) == ("page_view", False)
    assert (found["referrer_medium"], found["utm_source"], found["channel"]) == ("internal", "given", "Unassigned")
    (found,) = _rows(shop_setup(), {"given": text, "ip": "141.24.224.0", "user_agent": BROWSERS["Firefox on Linux"],
                                    "page_url": "https://shop.example/?utm_source=google"})  # fmt: skip
    assert [found[name] for name in ("country", "browser", "page_host", "utm_source", "channel")] == [
        "DE", "Firefox", "shop.example", "google", "Organic Search"]  # fmt: skip


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '"x"', '{"country":5,"city":null}', "[" * 100_000,
                                  '{"city":"\\ud800"}', '{"nope":"x"}'])  # fmt: skip
def test_given_values_that_are_no_texts_are_passed_over(junk):
    (found,) = _rows(shop_setup(), {"given": junk})
    assert "country" not in found
    assert "city" not in found


def test_bots_are_kept_with_their_reason_or_dropped_and_counted():
    records = [{"user_agent": GOOGLEBOT}, {"user_agent": BROWSERS["Chrome on Windows"]}]
    assert [row["is_bot"] for row in _rows(shop_setup(), *records)] == [True, False]
    setup = ready(shop(enrich={"bots": {"action": "drop"}}))
    outcome = enrich(raw(setup, *records), State(), setup)
    assert outcome.clean["event_id"].to_list() == ["e1"]
    assert outcome.delta.books == Books(consumed=2, clean=1, dropped_bots=1)


def test_lateness_is_measured_to_the_millisecond():
    behind = [0, 5 * MINUTE_MS, 5 * MINUTE_MS + 1, HOUR_MS, HOUR_MS + 1]
    setup = shop_setup()
    outcome = enrich(raw(setup, {}, *({"client_ms": NOW_MS - by} for by in behind)), State(), setup)
    assert outcome.clean["is_late"].to_list() == [False, False, False, True, True]
    assert outcome.rejects.select("offset", "code", "reason", "stage").rows() == [(5, "DKD555", "late", "late")]
    assert outcome.rejects["problem"].to_list() == ["the event is 3600001 ms behind its partition's watermark"]
    assert outcome.delta.books == Books(consumed=6, clean=5, rejects=1, late=2)


def test_a_refused_event_does_not_move_the_watermark():
    setup = shop_setup()
    records = [{}, {"event": "nope", "client_ms": NOW_MS + MINUTE_MS}, {"client_ms": None, "received_ms": 2**60}]
    assert enrich(raw(setup, *records), State(), setup).delta.watermark_ms == NOW_MS
    assert enrich(raw(setup, {"event": "nope"}), State(), setup).delta.watermark_ms is None


def test_a_repeated_event_is_dropped_in_the_same_batch_and_in_later_ones():
    setup, state = shop_setup(), State()
    batches = [[{"event_id": "a"}, {"event_id": "a"}, {"event_id": "a", "party_id": "q"}], [{"event_id": "a"}]]
    for batch in batches:
        state = state.applied(enrich(raw(setup, *batch), state, setup).delta)
    assert state.books == Books(consumed=4, clean=2, duplicates=2)
    assert state.seq == 2


def test_a_state_restored_from_its_pieces_decides_as_before():
    setup, state, parts = shop_setup(), State(), []
    for seq in range(5):
        outcome = enrich(raw(setup, *({"event_id": f"{seq}-{n}"} for n in range(20))), state, setup)
        state = state.applied(outcome.delta)
        parts.append(outcome.delta.seen)
    buckets = [state.bucket(index, 4, outcome.delta.forget_before_ms) for index in range(4)]
    again = raw(setup, *({"event_id": f"{seq}-{n}"} for seq in range(5) for n in range(20)))
    entries = [found for found, *_ in buckets]
    for pieces in (parts, entries, [*entries, *parts]):
        restored = State.restored(state.watermark_ms, state.seq, state.books, pieces)
        assert enrich(again, restored, setup).delta.books == Books(consumed=100, duplicates=100)
        assert restored.books == state.books


def test_records_refused_before_they_could_be_enriched_are_in_the_books():
    setup = shop_setup()
    delta = enrich(raw(setup, {}), State(), setup).delta.with_rejects(3)
    assert delta.books == Books(consumed=4, clean=1, rejects=3)
    assert delta.books.closed


def test_a_float_of_32_bits_keeps_its_short_decimal():
    setup = ready(shop(events={"page_view": {"fields": {"price": {"type": "float"}}}}))
    assert _rows(setup, {"price": 19.99})[0]["price"] == 19.99


def test_a_field_to_be_dropped_is_nowhere():
    setup = ready(shop(fields={"ssn": {"privacy": "drop", "required": True}}))
    assert "ssn" not in setup.raw_schema
    assert "ssn" not in _rows(setup, {})[0]


def test_a_pseudonym_without_a_key_is_refused_before_the_first_event():
    with pytest.raises(UsageError, match="DKD570") as failure:
        prepare(shop(), Resources(), None)
    assert "user_id" in str(failure.value)
    assert "secret" not in repr(shop_setup())


def test_no_email_and_no_password_reaches_what_is_written():
    setup = shop_setup()
    time_ms = NOW_MS
    event = {
        "client_ms": time_ms, "received_ms": time_ms,
        "page_url": "https://shop.example/u/joe@mail.example?utm_source=joe@mail.example&m=joe%40mail.example",
        "referrer_url": "https://joe:secret@other.example/?m=joe%2540mail.example",
    }  # fmt: skip
    found = enrich(raw(setup, event), State(), setup, [(1, time_ms + 10**9)])
    written = found.values + found.finished.values
    assert len(written) == 2
    assert found.values == encode(found.clean)
    for row in written:
        assert b"joe" not in row
        assert b"secret" not in row
        # The source was another word when its channel was asked for.
        assert json.loads(row)["channel"] == "Unassigned"
        assert json.loads(row)["utm_source"] == "email"
