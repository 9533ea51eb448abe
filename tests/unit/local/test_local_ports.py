"""A taken port is named with its owner; the chosen base port is remembered."""

import os
import socket

import pytest

from dkd.errors import DkdError
from dkd.local import ports
from dkd.local.layout import Layout
from dkd.settings import Ports


@pytest.fixture
def listening():
    """A listening socket and the base port that makes it Druid's broker."""
    # Below the ephemeral range, where connections of other programs come and go.
    bases = (base for base in range(21_000, 27_000, 200) if not ports.taken(Ports.at(base), Ports._fields))
    base = next(bases)
    with socket.socket() as server:
        server.bind(("127.0.0.1", Ports.at(base).broker))
        server.listen()
        yield base


def test_a_taken_port_is_named_with_its_owner_and_the_remedy(listening):
    with pytest.raises(DkdError) as caught:
        ports.require_free(Ports.at(listening), ["broker"])
    said = str(caught.value)
    assert f"{listening + 3} (broker) by pid {os.getpid()}, " in said
    assert "--base-port" in said
    assert "DKD611" in said


def test_free_ports_are_no_mistake(listening):
    ports.require_free(Ports.at(listening + 100), ["kafka", "controller"])


def test_only_the_ports_asked_for_count(listening):
    assert ports.taken(Ports.at(listening), ["zookeeper"]) == []


@pytest.mark.parametrize("base_port", [1024, 28200, 28350, 31990, 32500])
def test_the_proposed_base_port_is_below_the_ephemeral_range(base_port):
    proposed = ports.next_base(Ports.at(base_port))
    assert proposed + len(Ports._fields) < 32768
    assert not set(Ports.at(proposed)) & set(Ports.at(base_port))


def test_the_base_port_is_remembered(tmp_path):
    layout = Layout(tmp_path)
    layout.prepare()
    assert ports.remembered(layout) is None
    ports.remember(layout, 28300)
    assert ports.remembered(layout) == 28300
