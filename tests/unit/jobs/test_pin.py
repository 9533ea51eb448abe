"""A target's first cluster is kept, and no other is taken for it."""

import json

import pytest

from dkd.errors import ExitCode, RefusedError
from dkd.jobs.pin import keep_cluster, require_cluster
from dkd.jobs.render import compared, render
from dkd.model.load import load
from dkd.plan.order import Plan


def plan(cluster, target="prod"):
    return Plan("tiny", target, ("Kafka k:1",), (), cluster=cluster)


def test_the_first_cluster_is_kept_and_another_is_refused(tmp_path):
    said = []
    require_cluster(tmp_path, plan("q1"))
    keep_cluster(tmp_path, plan("q1"), said.append)
    keep_cluster(tmp_path, plan("q1"), said.append)
    require_cluster(tmp_path, plan("q1"))
    assert len(said) == 1
    assert json.loads((tmp_path / "specs/tiny/clusters.json").read_text()) == {"prod": "q1"}
    with pytest.raises(RefusedError) as refused:
        require_cluster(tmp_path, plan("q2"))
    assert refused.value.exit_code == ExitCode.refused
    assert "first deployed to the Kafka cluster q1, and Kafka k:1 is q2" in str(refused.value)
    require_cluster(tmp_path, plan("q2", "staging"))


def test_the_local_stack_is_made_anew_and_never_pinned(tmp_path):
    keep_cluster(tmp_path, plan("q1", "local"), lambda _: None)
    require_cluster(tmp_path, plan("q2", "local"))
    assert not (tmp_path / "specs").exists()


@pytest.mark.parametrize("broken", ["", "[]]", "7"])
def test_a_broken_file_protects_by_refusing(tmp_path, broken):
    file = tmp_path / "specs/tiny/clusters.json"
    file.parent.mkdir(parents=True)
    file.write_text(broken)
    with pytest.raises(RefusedError):
        require_cluster(tmp_path, plan("q1"))


def test_render_leaves_the_file_alone(tmp_path):
    model = load("dkd: 1\nsite: tiny\nevents: {page_view: {}}\n", "m.yaml")
    keep_cluster(tmp_path, plan("q1"), lambda _: None)
    render(tmp_path, model)
    assert compared(tmp_path, model) == []
