"""A deploy's step ``collectors`` against the real collector: it waits until that works by the new model."""

import threading
from dataclasses import replace

import pytest
from collector_server import running

from dkd.errors import DkdError
from dkd.jobs.gates import service_changes, wait_for
from dkd.model.digest import running_digest
from dkd.model.load import load
from dkd.settings import settings

TEXT = "dkd: 1\nsite: shop\nevents: {page_view: {}}\n"
OLD, NEW = load(TEXT, "model.yaml"), load(TEXT + "fields: {coupon: string}\n", "model.yaml")


def test_a_deploy_waits_until_the_collector_works_by_the_new_model():
    with running(OLD) as one:
        where = replace(settings(OLD, "local", {}), target="prod", collector=one.url)
        (step,) = service_changes(NEW, where, running_digest(OLD))
        with pytest.raises(DkdError) as failed:
            wait_for(step, where, lambda _: None, patience_s=0)
        port = one.port
    assert (failed.value.problems[0].code, step.address) == ("DKD719", "dkd/collectors/shop")
    assert f"{one.url} ({running_digest(OLD)}) still works by another model" in str(failed.value)

    told, done = [], threading.Event()

    def wait() -> None:
        wait_for(step, where, told.append, patience_s=60)
        done.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert not done.wait(0.2)
    with running(NEW, port=port):
        assert done.wait(30)
    assert told[0].startswith(f"waiting for {one.url} (no answer) to work by the model {running_digest(NEW)}")
    assert service_changes(NEW, where, running_digest(NEW)) == ()
