"""What `dkd status` says of the spool."""

from pathlib import Path

from dkd.collect.message import Message
from dkd.collect.spool import Spool
from dkd.jobs.spooled import spool_section


def test_nothing_is_said_of_an_empty_spool_or_none(tmp_path: Path):
    assert spool_section(tmp_path / "none").lines == ()
    spool = Spool(tmp_path)
    spool.close()
    assert spool_section(tmp_path).lines == ()


def test_what_waits_is_said(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.write([Message("shop.raw", b"p", bytes(300_000), 1)]).result()
    found = spool_section(tmp_path)
    spool.close()
    assert found.lines[0].startswith("spool      0.3 MB wait for Kafka, the first for ")
    assert found.values["bytes"] > 300_000
    assert found.ok
