"""``dkd sql`` on the real Druid: exact counts, typed parameters, three forms, and mistakes with their place."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from second_site import SecondSite

from dkd.errors import DkdError
from dkd.model.sql_words import RESERVED
from dkd.query.client import Druid

pytestmark = pytest.mark.stack

COUNT = 60_000
TABLE = "tiny_events"


def rows():
    """Events of about 20,000 visitors in three countries and none, over two hours; some texts are nasty."""
    seeded, now_ms = random.Random(7), int(time.time() * 1000)
    for seq in range(COUNT):
        row = {
            "event": seeded.choice(["page_view", "purchase"]),
            "timestamp_ms": now_ms - seeded.randrange(7_200_000),
            "received_ms": now_ms,
            "party_id": f"p{seeded.randrange(21_000)}",
            "session_id": f"s{seeded.randrange(40_000)}",
            "event_id": f"e{seq}",
            "page_path": seeded.choice(["/", '/ä,"q"', "/two\nlines", "/\x1b[31mred"]),
            "country": seeded.choice(["NL", "DE", "FR", None]),
        }
        yield {name: value for name, value in row.items() if value is not None}


@pytest.fixture(scope="module")
def sent():
    return list(rows())


@pytest.fixture(scope="module")
def site(stack, sent, tmp_path_factory):
    made = SecondSite(stack, tmp_path_factory.mktemp("tiny"))
    made.run("deploy", "--yes")
    made.produce("tiny.clean", sent)
    end = time.monotonic() + 120
    with Druid(made.settings.druid) as druid:
        while time.monotonic() < end:
            names = druid.sql("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = ?", [TABLE])
            if names.value() and druid.sql(f"SELECT COUNT(*) FROM {TABLE}").value() == COUNT:
                break
            time.sleep(0.5)
    yield made
    made.remove()


def asked(site, query, *arguments):
    return json.loads(site.run("sql", query, "--format", "json", *arguments).stdout)


def test_two_distinct_counts_in_one_query_are_exact(site, sent):
    query = f"SELECT COUNT(*) n, COUNT(DISTINCT party_id) p, COUNT(DISTINCT session_id) s FROM {TABLE}"
    wanted = {"n": COUNT, "p": len({r["party_id"] for r in sent}), "s": len({r["session_id"] for r in sent})}
    assert asked(site, query) == [wanted]
    assert asked(site, query, "--approximate") != [wanted]


def test_distinct_counts_by_a_dimension_are_exact(site, sent):
    query = f"SELECT country, COUNT(DISTINCT party_id) p FROM {TABLE} GROUP BY 1 ORDER BY 1"
    parties: dict[str | None, set[object]] = {}
    for row in sent:
        parties.setdefault(row.get("country"), set()).add(row["party_id"])
    found = {row["country"]: row["p"] for row in asked(site, query)}
    assert found == {country: len(who) for country, who in parties.items()}


def test_parameters_are_typed(site, sent):
    where = "country = ? AND received_ms > ? AND __time > ? AND SCALAR_IN_ARRAY(event, ?)"
    query = f"SELECT COUNT(*) n FROM {TABLE} WHERE {where}"
    found = asked(
        site, query, *[part for value in ("NL", "5", "2020-01-01", '["purchase"]') for part in ("--param", value)]
    )
    assert found == [{"n": sum(r.get("country") == "NL" and r["event"] == "purchase" for r in sent)}]


def test_the_words_that_sql_reserves_are_those_that_the_advice_names(site):
    """Under a reserved word Druid finds no column, or something else than the column."""
    tried = [*sorted(RESERVED)[::8], "event", "user", "path", "product", "status", "query", "name", "country"]
    with Druid(site.settings.druid) as druid:
        for word in tried:
            try:
                found = druid.sql(f'SELECT {word} AS found FROM (SELECT 7 AS "{word}") t').value() == 7
            except DkdError:
                found = False
            assert found == (word not in RESERVED), word


def test_a_parameter_is_never_read_as_sql(site):
    assert asked(site, f"SELECT COUNT(*) n FROM {TABLE} WHERE country = ?", "--param", "' OR 1=1 --") == [{"n": 0}]


def test_csv_and_json_hold_the_same_rows(site):
    query = f"SELECT page_path, country, COUNT(*) n FROM {TABLE} GROUP BY 1, 2 ORDER BY 1, 2"
    text = site.run("sql", query, "--format", "csv").stdout
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    wanted = [{name: "" if value is None else str(value) for name, value in row.items()} for row in asked(site, query)]
    # A text pipe turns CR LF into LF; what is inside a field stays.
    assert read == wanted


def test_a_table_has_one_line_a_row_and_steers_no_terminal(site):
    out = site.run("sql", f"SELECT page_path, country, COUNT(*) n FROM {TABLE} GROUP BY 1, 2").stdout
    lines = out.splitlines()
    assert lines[-1] == "(16 rows)"
    assert len(lines) == 19
    assert "\x1b" not in out
    assert any("NULL" in line for line in lines)


def test_the_query_may_come_on_stdin_or_from_a_file(site):
    query = f"SELECT COUNT(*) AS n\nFROM {TABLE};\n"
    for arguments in ((), ("-",)):
        assert json.loads(site.run("sql", *arguments, "-f", "json", stdin=query).stdout) == [{"n": COUNT}]
    path = site.file.parent / "q.sql"
    path.write_text(query)
    assert json.loads(site.run("sql", "--file", str(path), "-f", "json").stdout) == [{"n": COUNT}]


@pytest.mark.parametrize(
    ("query", "place", "under"),
    [
        (f"SELECT evnt FROM {TABLE}", "line 1, column 8: ", "evnt"),
        ("SELECT 1\nFROM tiny_event", "line 2, column 6: ", "tiny_event"),
        (f"SELECT\t1,\tnope FROM {TABLE}", "line 1, column 11: ", "nope"),
        ("SELECT nosuch(1)", "line 1, column 8: ", "nosuch(1)"),
        (f"SELECT event FROM {TABLE} WHERE", "line 1, column 31: ", "W"),
        ("SELECT 1; SELECT 2", "line 1, column 9: ", ";"),
        ("SELEC 1", "line 1, column 1: ", "SELEC"),
    ],
)
def test_a_mistake_is_one_line_with_a_caret_under_its_place(site, query, place, under):
    done = site.run("sql", query, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    first, *more = done.stderr.splitlines()
    assert first.startswith(place)
    assert first.endswith("[DKD302]")
    text, carets = more
    start, end = carets.index("^"), carets.rindex("^") + 1
    assert text[start:end] == under


def test_an_unknown_name_is_answered_with_the_nearest(site):
    assert "did you mean tiny_events" in site.run("sql", "SELECT 1 FROM tiny_event", check=False).stderr
    assert "did you mean country" in site.run("sql", f"SELECT coutry FROM {TABLE}", check=False).stderr


def test_a_query_that_takes_too_long_ends_in_time(site):
    began = time.monotonic()
    query = f"SELECT COUNT(*) FROM {TABLE} a, {TABLE} b WHERE a.event_id <> b.party_id"
    done = site.run("sql", query, "--timeout", "1", check=False)
    assert time.monotonic() - began < 15
    assert done.returncode == 1
    assert "not finished within 1 s" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupted_query_is_cancelled_in_druid_too(stack, site):
    """Ctrl-C: without the cancelling, Druid goes on computing for whoever has left."""
    druid = psutil.Process(stack.pid("druid"))
    slow = f"SELECT COUNT(*) FROM {TABLE} a, {TABLE} b WHERE a.event_id <> b.party_id AND a.page_path <> b.event"
    code = f"import sys; from dkd.cli import run; sys.exit(run(['sql', {slow!r}, '--timeout', '60']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=site.stack.project,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **site.stack.environment, "DKD_BASE_PORT": str(site.stack.base_port)},
    )
    time.sleep(3)
    assert cpu_s(druid, 1.0) > 0.5
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    time.sleep(1)
    assert cpu_s(druid, 1.0) < 0.5


def cpu_s(process, window_s):
    """CPU seconds that *process* takes within *window_s*."""
    before = process.cpu_times()
    time.sleep(window_s)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


def test_a_missing_file_and_two_queries_are_wrong_usage(site):
    for arguments in (("--file", "none.sql"), ("SELECT 1", "--file", "none.sql")):
        done = site.run("sql", *arguments, check=False)
        assert done.returncode == 64
        assert len(done.stderr.splitlines()) == 1
