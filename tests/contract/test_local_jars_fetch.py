"""Jars come from a real Maven server on this machine, which misbehaves as real ones do."""

import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dkd.errors import DkdError
from dkd.local.jars import Jar, fetch
from dkd.local.progress import Silent

# jgo leaves the closing of some connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

CONTENTS = {f"jar{number}": bytes([number]) * (1000 + number) for number in range(12)}
JARS = [
    Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest(), len(content))
    for name, content in CONTENTS.items()
]


@pytest.fixture
def maven(monkeypatch):
    """A server; ``answers[name]`` is a list of what to do first: a status, or wrong bytes."""

    class Handler(BaseHTTPRequestHandler):
        answers: dict[str, list[int | bytes]] = {}  # noqa: RUF012
        asked: Counter[str] = Counter()  # noqa: RUF012

        def do_GET(self) -> None:
            name = self.path.split("/")[-3]
            if not self.path.endswith(".jar"):
                self.send_error(404)
                return
            self.asked[name] += 1
            first = self.answers.get(name) or [CONTENTS[name]]
            answer = first.pop(0) if name in self.answers and first else CONTENTS[name]
            if isinstance(answer, int):
                self.send_error(answer)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    Handler.asked.clear()
    Handler.answers.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("DKD_MAVEN_MIRROR", f"http://127.0.0.1:{server.server_port}/maven/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield Handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_jar_is_fetched_once_whole_and_then_never_again(tmp_path, maven):
    assert fetch(tmp_path, Silent(), wanted=JARS) == 12
    assert {one.artifact: (tmp_path / one.path).read_bytes() for one in JARS} == CONTENTS
    assert fetch(tmp_path, Silent(), wanted=JARS) == 0
    assert maven.asked == dict.fromkeys(CONTENTS, 1)


def test_only_what_is_missing_is_fetched(tmp_path, maven):
    fetch(tmp_path, Silent(), wanted=JARS[:5])
    assert fetch(tmp_path, Silent(), wanted=JARS) == 7


def test_a_server_that_stumbles_is_asked_again(tmp_path, maven):
    maven.answers["jar3"] = [503, 500]
    assert fetch(tmp_path, Silent(), wanted=JARS) == 12
    assert maven.asked["jar3"] == 3


def test_damaged_bytes_are_fetched_again(tmp_path, maven):
    maven.answers["jar3"] = [b"\x03" * 1002 + b"!"]
    fetch(tmp_path, Silent(), wanted=JARS)
    assert (tmp_path / JARS[3].path).read_bytes() == CONTENTS["jar3"]


def test_bytes_that_stay_wrong_are_an_error_and_never_reach_the_store(tmp_path, maven):
    maven.answers["jar3"] = [b"<html>login</html>"] * 9
    with pytest.raises(DkdError, match=r"org\.example:jar3:1\.0.*DKD603"):
        fetch(tmp_path, Silent(), wanted=JARS)
    assert not (tmp_path / JARS[3].path).exists()
    assert not list(tmp_path.glob("*.ok"))


def test_a_jar_that_the_mirror_lacks_is_one_clear_error(tmp_path, maven):
    maven.answers["jar3"] = [404] * 9
    with pytest.raises(DkdError, match=r"org\.example:jar3:1\.0.*DKD_MAVEN_MIRROR.*DKD601"):
        fetch(tmp_path, Silent(), wanted=JARS)


def test_two_at_a_time_share_one_store(tmp_path, maven):
    errors: list[BaseException] = []

    def run() -> None:
        try:
            fetch(tmp_path, Silent(), wanted=JARS)
        except BaseException as error:  # noqa: BLE001  # shown below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert maven.asked == dict.fromkeys(CONTENTS, 1)
