"""The clients of Druid over real HTTP: a server plays answers recorded from Druid 33.0.0, also the broken ones."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dkd.errors import DkdError
from dkd.query.client import Druid
from dkd.query.mistake import QueryError
from dkd.settings import DruidSettings
from dkd.systems.change import Change
from dkd.systems.druid import coordinator as coordinating
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.coordinator import Coordinator

ROWS = '["country","c"]\n["STRING","LONG"]\n["VARCHAR","BIGINT"]\n["BE",1]\n[null,2]\n\n'
GONE = json.dumps({"error": "Unknown exception", "errorMessage": "Could not find segment walker for datasource [x]"})


class Played(ThreadingHTTPServer):
    """Plays *answers* in turn, the last one for ever, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, str]] = []
        self.later: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, object]]] = []
        self.delay_s = 0.0
        self.stall_s = 0.0

    @property
    def druid(self) -> DruidSettings:
        url = f"http://127.0.0.1:{self.server_port}"
        return DruidSettings(url, url, "me", "secret")


class _Handler(BaseHTTPRequestHandler):
    server: Played
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        self.server.asked.append((self.command, self.path, body))
        if self.command != "DELETE":
            time.sleep(self.server.delay_s)
        answers = self.server.answers
        status, text = (202, "") if self.command == "DELETE" else answers.pop(0) if len(answers) > 1 else answers[0]
        if len(answers) == 1:
            text = next((said for part, said in self.server.later.items() if part in self.path), text)
        data = text.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            half = len(data) // 2 if self.command != "DELETE" else 0
            self.wfile.write(data[:half])
            time.sleep(self.server.stall_s if half else 0)
            self.wfile.write(data[half:])
        except BrokenPipeError:
            return

    do_GET = do_DELETE = do_POST

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[Played]:
    made = Played()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def druid(server):
    with Druid(server.druid, patience_s=5) as made:
        yield made


@pytest.fixture
def coordinator(server):
    with Coordinator(server.druid) as made:
        yield made


@pytest.fixture
def overlord(server):
    with Overlord(server.druid) as made:
        yield made


def failed(ask, *arguments, **named):
    with pytest.raises(DkdError) as error:
        ask(*arguments, **named)
    assert "secret" not in str(error.value)
    return error.value.problems[0]


def test_rows_come_with_names_types_and_nulls(server, druid):
    server.answers = [(200, ROWS)]
    found = druid.sql("SELECT 1;", ["NL", 5])
    assert found.columns == ("country", "c")
    assert found.types == ("VARCHAR", "BIGINT")
    assert found.rows == (("BE", 1), (None, 2))
    (_, path, body) = server.asked[0]
    assert path == "/druid/v2/sql"
    assert body["query"] == "SELECT 1"
    assert body["parameters"] == [{"type": "VARCHAR", "value": "NL"}, {"type": "BIGINT", "value": 5}]


def test_a_line_separator_inside_a_value_ends_no_row(server, druid):
    server.answers = [(200, '["a"]\n["STRING"]\n["VARCHAR"]\n["x\u2028y\u0085z"]\n\n')]
    assert druid.sql("SELECT 1").rows == (("x\u2028y\u0085z",),)


@pytest.mark.parametrize("exact", [True, False])
def test_exact_counts_are_asked_for_unless_told_otherwise(server, druid, exact):
    server.answers = [(200, ROWS)]
    druid.sql("SELECT 1", timeout_s=2, exact=exact)
    context = server.asked[0][2]["context"]
    assert context["timeout"] == 2000
    assert ("useApproximateCountDistinct" in context) is exact
    assert ("useApproximateTopN" in context) is exact


@pytest.mark.parametrize("cut", [ROWS[:-1], ROWS[:-20], '["country","c"]\n', ""])
def test_an_answer_that_breaks_off_is_an_error_although_its_status_is_200(server, druid, cut):
    server.answers = [(200, cut)]
    problem = failed(druid.sql, "SELECT 1")
    assert problem.code == "DKD303"
    assert "broke off" in problem.problem


def test_a_query_is_asked_again_while_rows_are_out_of_sight(server, druid):
    server.answers = [(500, GONE), (500, GONE), (200, ROWS)]
    assert len(druid.sql("SELECT 1").rows) == 2
    assert len({str(body["context"]["sqlQueryId"]) for _, _, body in server.asked}) == 3


def test_patience_ends(server):
    server.answers = [(500, GONE)]
    with Druid(server.druid, patience_s=0.5) as druid:
        problem = failed(druid.sql, "SELECT 1")
    assert problem.code == "DKD305"
    assert "segment walker" in problem.problem


def test_a_mistake_is_not_asked_again_and_names_what_there_is(server, druid):
    said = "Object 'shop_event' not found (line [1], column [15])"
    context = {"line": "1", "column": "15", "endLine": "1", "endColumn": "24"}
    answer = json.dumps({"error": "druidException", "errorMessage": said, "context": context})
    names = '["TABLE_NAME"]\n["STRING"]\n["VARCHAR"]\n["shop_events"]\n["other"]\n\n'
    server.answers = [(400, answer), (200, names)]
    with pytest.raises(QueryError) as error:
        druid.sql("SELECT * FROM shop_event")
    assert str(error.value).splitlines() == [
        "line 1, column 15: Object 'shop_event' not found; did you mean shop_events? [DKD302]",
        "  SELECT * FROM shop_event",
        "                ^^^^^^^^^^",
    ]
    assert len(server.asked) == 2


@pytest.mark.parametrize("where", ["delay_s", "stall_s"], ids=["before its answer", "half-way"])
def test_a_query_that_nobody_waits_for_any_longer_is_cancelled(server, where):
    server.answers = [(200, ROWS)]
    setattr(server, where, 1.0)
    with Druid(server.druid, grace_s=0) as druid:
        assert failed(druid.sql, "SELECT 1", timeout_s=0.2).code == "DKD303"
    (_, _, body), (method, path, _) = server.asked
    assert (method, path) == ("DELETE", f"/druid/v2/sql/{body['context']['sqlQueryId']}")


def test_an_empty_query_is_not_sent(server, druid):
    assert failed(druid.sql, " ; ").code == "DKD130"
    assert server.asked == []


def test_what_is_not_druid_is_said_to_be_none(server, druid, overlord):
    server.answers = [(200, "<html>hello</html>\n\n")]
    assert "not Druid" in failed(druid.sql, "SELECT 1").problem
    assert "not Druid" in failed(overlord.read).problem


@pytest.mark.parametrize("client", [lambda d: Druid(d).sql("SELECT 1"), lambda d: Overlord(d).read()])
def test_nobody_listening_is_one_line_at_once(client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    began = time.monotonic()
    problem = failed(client, DruidSettings(url, url))
    assert time.monotonic() - began < 5
    assert problem.line().endswith(("cannot be reached; run dkd up [DKD301]", "cannot be reached; run dkd up [DKD703]"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_user_is_told_what_to_check(server, druid, overlord, status):
    server.answers = [(status, "")]
    assert "user and password" in failed(druid.sql, "SELECT 1").remedy
    assert "user and password" in failed(overlord.read).remedy


def test_a_refused_spec_is_druids_own_reason_in_one_line(server, overlord):
    server.answers = [(400, '{"error":"Cannot specify a column more than once: [page] seen in dimensions list"}')]
    problem = failed(overlord.post, {})
    assert problem.code == "DKD704"
    assert problem.problem.endswith("Cannot specify a column more than once: [page] seen in dimensions list")


def test_a_page_of_html_is_one_line_too(server, overlord):
    server.answers = [(500, "<html><title>Error 500</title>\n<body>at org.apache\n at java</body></html>")]
    assert failed(overlord.read).problem.endswith("Error 500")


def test_a_supervisor_that_never_was_has_no_history(server, overlord):
    server.answers = [(404, '{"error":"No history for x"}')]
    assert overlord.history("x") == []


SPEC = {"spec": {"dataSchema": {"dataSource": "x"}, "ioConfig": {"taskCount": 1}}}
SAMPLED = (200, '{"numRowsRead":0,"numRowsIndexed":0,"data":[]}')
CHANGE = Change("druid", "supervisor", "x", "create", "no such supervisor", wanted=SPEC)


def task(name, state, error=None):
    return {"id": name, "statusCode": state, "errorMsg": error}


def test_a_supervisor_whose_tasks_fail_is_removed_although_druid_calls_it_healthy(server, overlord):
    """200, RUNNING and healthy are what Druid 33 answers while each task of a broken spec dies at once."""
    server.answers = [
        SAMPLED,
        (200, "[]"),  # supervisors
        (404, "{}"),  # history
        (200, "[]"),  # tasks before
        (200, '{"id":"x"}'),  # posted
        (200, '[{"spec":{},"version":"v"}]'),  # history
        (200, json.dumps([task("t1", "FAILED", "function 'nosuchfn' is not defined.")])),
        (200, '{"id":"x"}'),  # terminated
    ]
    problem = failed(overlord.apply, CHANGE, lambda _: None)
    assert problem.code == "DKD705"
    assert "function 'nosuchfn' is not defined." in problem.problem
    assert "it was removed again" in problem.problem
    assert server.asked[-1][:2] == ("POST", "/druid/indexer/v1/supervisor/x/terminate")


def test_a_changed_supervisor_whose_tasks_fail_gets_its_spec_back(server, overlord):
    before = {"spec": {"dataSchema": {"dataSource": "x"}}, "old": True}
    server.answers = [
        SAMPLED,
        (200, json.dumps([{"id": "x", "spec": before}])),
        (200, '[{"spec":{},"version":"v1"}]'),
        (200, json.dumps([task("t0", "RUNNING")])),
        (200, '{"id":"x"}'),
        (200, '[{"spec":{},"version":"v2"},{"spec":{},"version":"v1"}]'),
        (200, json.dumps([task("t1", "FAILED", "no"), task("t0", "SUCCESS")])),
        (200, '{"id":"x"}'),
    ]
    assert "the spec before it was put back" in failed(overlord.apply, CHANGE, lambda _: None).problem
    method, path, body = server.asked[-1]
    assert (method, path, body) == ("POST", "/druid/indexer/v1/supervisor?skipRestartIfUnmodified=true", before)


def test_a_task_that_reports_twice_is_proof(server, overlord):
    report = json.dumps({"ingestionStatsAndErrors": {"payload": {"ingestionState": "BUILD_SEGMENTS"}}})
    running = (200, json.dumps([task("t1", "RUNNING"), task("t0", "SUCCESS")]))
    status = (200, '{"payload":{"partitions":4}}')
    server.answers = [
        SAMPLED,
        (200, "[]"),
        (404, "{}"),
        (200, "[]"),
        (200, '{"id":"x"}'),
        (200, '[{"spec":{},"version":"v"}]'),
        running,
        (404, "not yet"),
        running,
        (200, report),
        running,
        (200, report),
        status,
    ]
    overlord.apply(CHANGE, lambda _: None)
    assert len(server.asked) == 13


def test_tasks_that_a_new_supervisor_has_taken_over_make_room_for_its_own(server):
    """Recorded from Druid 33: after a change of ioConfig alone, a task that had just begun went on by the old spec."""
    server.answers = [
        SAMPLED, (200, "[]"), (404, "{}"), (200, json.dumps([task("t0", "RUNNING")])), (200, '{"id":"x"}'),
        (200, '[{"spec":{},"version":"v2"}]'), (200, "[]"),
    ]  # fmt: skip
    status = json.dumps({"payload": {"detailedState": "RUNNING", "activeTasks": [{"id": "t0"}]}})
    server.later = {"/tasks?": json.dumps([task("t0", "RUNNING")]), "/status": status, "/handoff": ""}
    with Overlord(server.druid, proof_s=6) as overlord:
        failed(overlord.apply, CHANGE, lambda _: None)
    handed = [body for _, path, body in server.asked if path.endswith("/supervisor/x/taskGroups/handoff")]
    assert handed == [{"taskGroupIds": [0]}]


def test_a_spec_with_which_druid_cannot_reach_kafka_is_not_posted(server, overlord):
    """Posted, it would answer 200 and stay CONNECTING_TO_STREAM, healthy and without errors."""
    server.answers = [(400, '{"error":"Timeout expired while fetching topic metadata"}')]
    problem = failed(overlord.apply, CHANGE, lambda _: None)
    assert problem.problem == "supervisor x cannot work: Timeout expired while fetching topic metadata"
    assert [path for _, path, _ in server.asked] == ["/druid/indexer/v1/sampler"]


@pytest.mark.parametrize(
    ("state", "errors", "undone"),
    [
        ("UNABLE_TO_CONNECT_TO_STREAM", [], True),
        ("PENDING", [{"exceptionClass": "ConfigException"}], True),
        ("RUNNING", [], False),
    ],
)
def test_a_supervisor_without_tasks_is_undone_unless_it_only_waits(
    server, overlord, monkeypatch, state, errors, undone
):
    status = json.dumps({"payload": {"detailedState": state, "recentErrors": errors}})
    server.answers = [SAMPLED, (200, "[]"), (404, "{}"), (200, "[]"), (200, '{"id":"x"}'), (200, "[]")]
    server.later = {"/tasks": "[]", "/status": status}
    with Overlord(server.druid, proof_s=0.5) as overlord:
        problem = failed(overlord.apply, CHANGE, lambda _: None)
    assert problem.code == "DKD705"
    assert undone is (state in problem.problem)
    assert ("it was removed again" in problem.problem) is undone


def test_segments_that_druid_does_not_delete_are_told_and_not_passed_over(server, coordinator, monkeypatch):
    monkeypatch.setattr(coordinating, "_DROPPED_S", 0.1)
    server.answers = [(200, "")]
    server.later = {"unusedSegments": '[{"dataSegment": {}}]'}
    problem = failed(coordinator.drop, "shop_events", 0.0)
    assert problem.code == "DKD717"
    assert problem.problem == "there are still segments of shop_events after 0 s"
    assert (
        "DELETE",
        "/druid/coordinator/v1/datasources/shop_events/intervals/1000-01-01_3000-01-01",
        {},
    ) in server.asked


def test_rows_that_stay_in_service_are_told(server, coordinator, monkeypatch):
    monkeypatch.setattr(coordinating, "_DROPPED_S", 0.1)
    server.answers = [(200, '{"name": "shop_events"}')]
    assert "still rows in service" in failed(coordinator.drop, "shop_events", 0.0).problem
