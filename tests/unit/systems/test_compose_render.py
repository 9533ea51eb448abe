"""Models become a compose file that publishes little, limits memory, pins versions, and agrees with target local."""

import re

import pytest
import yaml

from dkd.model.load import load
from dkd.settings import DEFAULT_BASE_PORT, settings
from dkd.settings import Ports as LocalPorts
from dkd.systems.compose.render import BASE_PORT, Ports, compose

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "model")


@pytest.fixture
def file():
    return yaml.safe_load(compose(MODEL))


def test_ports_are_those_of_the_local_stack():
    local, here = LocalPorts.at(DEFAULT_BASE_PORT), Ports.at(BASE_PORT)
    assert here._asdict() == {name: getattr(local, name) for name in Ports._fields}


def test_target_local_reaches_every_service(file):
    found = settings(MODEL, "local", {})
    published = {port.split(":")[1] for port in file["services"]["network"]["ports"]}
    for address in (found.kafka.servers, found.druid.coordinator, found.druid.broker, found.collector):
        assert address.rpartition(":")[2] in published


def test_only_loopback_ports_are_published(file):
    ports = [port for service in file["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in ports)


def test_every_service_has_a_memory_limit_and_a_version(file):
    for service in file["services"].values():
        assert re.fullmatch(r"\d+m", service["mem_limit"])
        image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"])
        name, _, version = image.partition(":")
        assert re.search(r"\d", version), image
        assert "." not in name.split("/")[0], "an image by its name, without a registry"


def test_every_server_has_a_health_check_and_waits_for_what_it_needs(file):
    services = file["services"]
    assert [name for name, one in services.items() if "healthcheck" not in one] == ["network"]
    for service in services.values():
        for name, condition in service.get("depends_on", {}).items():
            assert condition["condition"] == ("service_started" if name == "network" else "service_healthy")
            assert condition["condition"] == "service_started" or "healthcheck" in services[name]


def test_all_share_one_network(file):
    assert {one.get("network_mode") for name, one in file["services"].items() if name != "network"} == {
        "service:network"
    }


def test_dkd_and_divolte_start_only_when_asked(file):
    assert {name: one["profiles"] for name, one in file["services"].items() if "profiles" in one} == {
        "collector": ["dkd"], "enricher": ["dkd"], "divolte": ["divolte"],
    }  # fmt: skip


def test_named_volumes_are_declared(file):
    used = {v.split(":")[0] for one in file["services"].values() for v in one.get("volumes", []) if v[0].isalpha()}
    assert used == set(file["volumes"])


def test_another_base_port_moves_them_all():
    assert "28202" not in compose(MODEL, 30000)


@pytest.mark.parametrize(
    ("path", "source"), [("geo.mmdb", "../geo.mmdb"), ("/data/a:b.mmdb", "/data/a:b.mmdb"), ("$x.mmdb", "../$$x.mmdb")]
)
def test_divolte_finds_the_city_database_that_the_model_names(path, source):
    text = f"dkd: 1\nsite: shop\ncollector: {{geo_database: {path!r}}}\nevents: {{page_view: {{}}}}\n"
    divolte = yaml.safe_load(compose(load(text, "model")))["services"]["divolte"]
    (bound,) = (volume for volume in divolte["volumes"] if isinstance(volume, dict))
    assert bound == {"type": "bind", "source": source, "target": "/var/lib/city.mmdb", "read_only": True}
    assert divolte["environment"]["DKD_GEO_DATABASE"] == bound["target"]
