"""Clients of Kafka are let go whatever their closing does."""

import threading

from confluent_kafka import KafkaError, KafkaException

from dkd.stream import clients
from dkd.stream.clients import let_go


def test_a_client_is_closed_before_it_is_let_go():
    closed = []
    let_go(lambda: closed.append(threading.current_thread().daemon))
    assert closed == [True]


def test_a_closing_that_does_not_return_is_left(monkeypatch):
    monkeypatch.setattr(clients, "_CLOSE_S", 0.05)
    may_end = threading.Event()
    let_go(lambda: may_end.wait(60))
    assert not may_end.is_set()
    may_end.set()


def test_a_client_that_cannot_end_its_transaction_says_nothing(capfd):
    """As seen where the broker had ended it already; a thread's error would be printed beside our own lines."""

    def close() -> None:
        raise KafkaException(KafkaError(KafkaError.INVALID_TXN_STATE, "failed to end transaction", fatal=True))

    let_go(close)
    assert capfd.readouterr().err == ""
