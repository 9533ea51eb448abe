"""Every golden model on the real Kafka and Druid: once deployed there is nothing more to do, and nothing restarts."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from second_site import SecondSite

from dkd.jobs.deploy import deploy
from dkd.jobs.destroy import destroy, destroying
from dkd.jobs.plan import planned

pytestmark = pytest.mark.stack

CASES = sorted(Path(__file__).parents[1].glob("golden/*/model.yaml"))


def test_after_a_deploy_a_plan_is_empty_and_another_deploy_writes_and_restarts_nothing(stack, tmp_path):
    """Two at a time: that is what Druid's task slots here have room for."""
    assert len(CASES) >= 5
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: deployed_twice(SecondSite(stack, tmp_path / case.parent.name, text(case))), CASES))


def text(case: Path) -> str:
    """The model, with a site's name that nobody else has."""
    return re.sub(r"(?m)^site: \w+", f"site: golden_{case.parent.name}", case.read_text(), count=1)


def deployed_twice(site: SecondSite) -> None:
    deploy(site.model, site.settings, tell=lambda _: None)
    try:
        before = site.state()
        assert planned(site.model, site.settings).is_empty
        assert deploy(site.model, site.settings, tell=lambda _: None).done == ()
        assert site.state() == before
    finally:
        plan = destroying(site.model, site.settings, include_data=False)
        destroy(plan, site.model, site.settings, tell=lambda _: None, patience_s=20)
