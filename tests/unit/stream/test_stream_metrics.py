"""What the enricher's figures say after a run in memory, and the pages on which they stand."""

import socket
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families
from stream_site import memory, raw, shop, work, written

from dkd.enrich.state import Books
from dkd.errors import DkdError
from dkd.pages import Pages
from dkd.stream.endpoint import endpoint as pages_of
from dkd.stream.loop import Loop
from dkd.stream.metrics import Metrics
from dkd.stream.source import Limits
from dkd.stream.store import ALL, StoreSink, StoreSource

MODEL = shop(partitions=2)
FAR = 10**9


@pytest.fixture(scope="module")
def run() -> tuple[Metrics, Loop, dict[tuple[str, int], list[object]], int]:
    """A loop under observation that has read most of raw, what it wrote, and its steps."""
    metrics, store = Metrics(), memory(MODEL, raw(MODEL, 400)[:-1])
    loop, steps = Loop(*metrics.ends(StoreSource(store), StoreSink(store)), work()), 4
    ends = {one: len(store.read("raw", one, 0, ALL)) for one in range(2)}
    for _ in range(steps):
        books = loop.step(Limits(events=80))
        metrics.stepped(books, loop.live, ends)
    return metrics, loop, written(store, ("clean", "rejects", "sessions")), steps


@pytest.fixture
def endpoint(run) -> Iterator[Pages]:
    with closing(pages_of(run[0], 0, "abc")) as made:
        yield made


def figures(url: str) -> dict[tuple[str, str], float]:
    """Each sample by its name and the value of its only label."""
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(one.name, "".join(one.labels.values())): one.value for family in families for one in family.samples}


def test_every_event_is_counted_once_by_what_became_of_it(run, endpoint: Pages):
    _, loop, rows, _ = run
    books = sum((live.state.books for live in loop.live.values()), Books())
    found = figures(f"{endpoint.url}/metrics")
    outcomes = {name: found["dkd_enrich_events_total", name] for name in ("clean", "duplicates", "rejects")}
    assert outcomes == {"clean": books.clean, "duplicates": books.duplicates, "rejects": books.rejects}
    assert min(outcomes.values()) > 0
    assert outcomes["clean"] == sum(len(records) for (kind, _), records in rows.items() if kind == "clean")
    assert found["dkd_enrich_late_events_total", ""] == books.late > 0
    assert found["dkd_enrich_sessions_total", ""] == books.sessions


def test_rejects_are_counted_by_reason(run, endpoint: Pages):
    rows = run[2]
    wanted = Counter(
        dict(record.headers)["dkd-reason"].decode()
        for (kind, _), records in rows.items()
        if kind == "rejects"
        for record in records
    )
    found = figures(f"{endpoint.url}/metrics")
    assert {reason: count for (name, reason), count in found.items() if name == "dkd_enrich_rejects_total"} == wanted
    assert len(wanted) > 3


def test_each_partition_has_its_lag_watermark_state_and_difference(run, endpoint: Pages):
    loop, found = run[1], figures(f"{endpoint.url}/metrics")
    for partition, live in loop.live.items():
        label = str(partition)
        assert found["dkd_enrich_watermark_seconds", label] == live.state.watermark_ms / 1_000
        assert found["dkd_enrich_open_sessions", label] == len(live.state.sessions)
        assert found["dkd_enrich_state_bytes", label] >= 16 * len(live.state.seen) > 0
        assert found["dkd_enrich_books_difference", label] == 0
    assert found["dkd_enrich_lag_records", "0"] + found["dkd_enrich_lag_records", "1"] > 0


def test_each_step_is_timed(run, endpoint: Pages):
    found = figures(f"{endpoint.url}/metrics")
    assert found["dkd_enrich_batch_seconds_count", ""] == run[3]
    assert 0 < found["dkd_enrich_batch_seconds_sum", ""] < 60


def test_healthz_says_ok_until_no_step_comes(run, endpoint: Pages):
    url = f"{endpoint.url}/healthz"
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"ok\nmodel abc\n"
    metrics, stepped_s = run[0], run[0].stepped_s
    metrics.stepped_s = stepped_s - FAR
    try:
        with pytest.raises(urllib.error.HTTPError, match="503") as raised:
            urllib.request.urlopen(url)
        raised.value.close()
    finally:
        metrics.stepped_s = stepped_s


def test_another_page_is_not_found(endpoint: Pages):
    with pytest.raises(urllib.error.HTTPError, match="404") as raised:
        urllib.request.urlopen(f"{endpoint.url}/")
    raised.value.close()


def test_it_listens_on_one_address_of_loopback_alone(endpoint: Pages):
    """A listener on every address would answer on another one of loopback too."""
    port = int(endpoint.url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), 2):
        pass


def test_a_taken_port_is_one_line_with_the_remedy(endpoint: Pages):
    port = int(endpoint.url.rsplit(":", 1)[1])
    with pytest.raises(DkdError, match=rf"127\.0\.0\.1:{port}: health .* in use; .* --metrics-port.*DKD510"):
        pages_of(Metrics(), port)
