"""The compose file as others read it: a peer's strict parser, and ``docker compose`` itself."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from dkd.model.load import read_model
from dkd.systems.compose.render import compose

GOLDEN = Path(__file__).parents[2] / "golden"
MODELS = {path.parent.name: read_model(path) for path in sorted(GOLDEN.glob("*/model.yaml"))}
DOCKER_COMPOSE = os.environ.get("DKD_TEST_COMPOSE", "")
"""``.ci/run`` fetches one and names it here; it needs no engine to read a file."""

BROKEN = [
    ('mem_limit: "768m"', 'mem_limits: "768m"'),
    ('mem_limit: "768m"', 'mem_limit: "768q"'),
    ("condition:", "conditions:"),
    ('condition: "service_healthy"', 'condition: "service_ok"'),
    ('interval: "5s"', 'interval: "5 secs"'),
    ('"127.0.0.1:28202:28202"', '"127.0.0.1:28202:x"'),
    # The last one is a name that leads nowhere, for which the peer does not look.
    ("\n  kafka: {}", "\n  kafkas: {}"),
]


def interpolated(text: str) -> str:
    """*text* as compose reads it where no variable is set: one without a default would be empty, with a warning."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        assert found["default"] is not None, f"{found[0]} has no default"
        return found["default"]

    return re.sub(r"\$\$|\$\{\w+(?::-(?P<default>[^}]*))?\}|\$\w+", value, text)


@pytest.mark.parametrize("name", MODELS)
def test_a_peer_reads_it(name):
    found = PyCompose.from_yaml(interpolated(compose(MODELS[name])))
    found.validate()
    assert sorted(found.service_names()) == sorted(yaml.safe_load(compose(MODELS[name]))["services"])


@pytest.mark.parametrize(("old", "new"), BROKEN[:-1])
def test_a_mistake_is_one_to_the_peer(old, new):
    text = interpolated(compose(MODELS["shop"]))
    assert old in text
    with pytest.raises(ValueError, match=r"line \d+"):
        PyCompose.from_yaml(text.replace(old, new, 1))


@pytest.fixture
def read(tmp_path):
    """What ``docker compose config`` makes of a text, and what it complains of."""
    if not DOCKER_COMPOSE:
        pytest.skip("DKD_TEST_COMPOSE names no docker compose; .ci/run fetches one")

    def run(text: str) -> tuple[str, str]:
        (tmp_path / "site.yml").write_text(text)
        command = [DOCKER_COMPOSE, "-f", str(tmp_path / "site.yml"), "--profile", "*", "config", "--format", "json"]
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, env=bare, timeout=60)
        assert (done.returncode == 0) == bool(done.stdout)
        return done.stdout, done.stderr

    return run


@pytest.mark.parametrize("name", MODELS)
def test_docker_compose_reads_it_without_a_word(name, read):
    model = MODELS[name]
    text, complaints = read(compose(model))
    assert complaints == ""
    found, written = json.loads(text), yaml.safe_load(compose(model))
    assert found["name"] == f"dkd-{model.site}"
    assert found["services"].keys() == written["services"].keys()
    assert {port["host_ip"] for port in found["services"]["network"]["ports"]} == {"127.0.0.1"}
    for service, one in found["services"].items():
        assert int(one["mem_limit"]) == int(written["services"][service]["mem_limit"].removesuffix("m")) << 20
        assert one["restart"] == "unless-stopped"
        assert "healthcheck" in one or service == "network"
    build = found["services"]["collector"]["build"]
    assert '"$PACKAGE"' in build["dockerfile_inline"].replace("$$", "$")
    assert build["args"]["PACKAGE"].startswith("dkd[stream,collect]==")
    mounted = {volume["target"]: volume for volume in found["services"]["divolte"]["volumes"]}["/etc/divolte"]
    assert mounted["source"].endswith(f"specs/{model.site}/divolte")
    assert mounted["read_only"] is True


@pytest.mark.parametrize(("old", "new"), BROKEN)
def test_a_mistake_is_one_to_docker_compose(old, new, read):
    text, complaints = read(compose(MODELS["shop"]).replace(old, new, 1))
    assert text == ""
    assert complaints
