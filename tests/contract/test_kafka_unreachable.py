"""What listens is not Kafka, or nothing does: one clear line within five seconds, and no word of the library."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dkd.errors import DkdError
from dkd.settings import KafkaSettings
from dkd.systems.kafka.client import connected


@contextmanager
def listening(answer: bytes | None) -> Iterator[str]:
    """A server that answers every connection with *answer*, or never with None."""
    server = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for connection in held:
        connection.close()


def refusal(kafka):
    began = time.monotonic()
    with pytest.raises(DkdError) as error, connected(kafka):
        pytest.fail("connected")
    assert time.monotonic() - began < 6
    assert "canary" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    return error.value.problems[0]


def test_nobody_listening_is_said_at_once(capfd):
    with listening(None) as servers:
        pass
    began = time.monotonic()
    problem = refusal(KafkaSettings(servers))
    assert time.monotonic() - began < 1
    assert problem.line() == f"Kafka at {servers}: no broker can be reached: Connection refused; run dkd up [DKD701]"
    assert capfd.readouterr().err == ""


def test_a_name_that_nobody_knows_is_said(capfd):
    problem = refusal(KafkaSettings("no-such-host.invalid:9092"))
    assert "no broker can be reached" in problem.problem
    assert "check the address" in problem.remedy


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["silent", "http"])
def test_another_server_is_not_taken_for_kafka(answer, capfd):
    with listening(answer) as servers:
        problem = refusal(KafkaSettings(servers))
    assert "did not answer as Kafka with PLAINTEXT" in problem.problem
    assert capfd.readouterr().err == ""


def test_a_secured_cluster_names_what_to_check_and_never_the_password(capfd):
    with listening(None) as servers:
        problem = refusal(KafkaSettings(servers, "SASL_PLAINTEXT", "SCRAM-SHA-512", "me", "canary"))
    assert "user and password" in problem.remedy
    assert capfd.readouterr().err == ""
