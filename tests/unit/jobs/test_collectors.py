"""Several collectors on one port: what none of them could start with is one error, before any is started."""

from pathlib import Path

import pytest

from dkd.collect.server import Wanted
from dkd.errors import DkdError
from dkd.jobs.collectors import collect
from dkd.model.load import load
from dkd.settings import KafkaSettings, Settings, settings

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "shop.yaml")


def test_a_connection_that_cannot_be_is_one_error(tmp_path: Path):
    kafka = KafkaSettings("k:9092", security="SSL", ca=str(tmp_path / "ca.pem"))
    given = Settings("prod", kafka, settings(MODEL, "local", {}).druid, "")
    wanted = Wanted(MODEL, given, "127.0.0.1", 0, tmp_path / "spool")
    with pytest.raises(DkdError, match="DKD463"):
        collect(wanted, 2, 0, lambda _: None)
