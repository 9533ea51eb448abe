"""What lies in .dkd/, and who may see it."""

import stat

import pytest

from dkd.errors import RefusedError
from dkd.local.layout import Layout


def test_the_folder_keeps_itself_out_of_git(tmp_path):
    Layout(tmp_path).prepare()
    assert (tmp_path / ".dkd" / ".gitignore").read_text() == "*\n"


def test_the_key_of_pseudonyms_is_made_once_and_for_its_owner_alone(tmp_path):
    layout, key = Layout(tmp_path), tmp_path / ".dkd" / "pseudonym.key"
    layout.prepare()
    first = key.read_text()
    layout.prepare()
    assert key.read_text() == first
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(first)) == 32


def test_what_browsers_sent_is_for_the_owner_alone(tmp_path):
    Layout(tmp_path).prepare()
    assert stat.S_IMODE((tmp_path / ".dkd").stat().st_mode) == 0o700


def test_two_projects_have_two_keys(tmp_path):
    keys = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        Layout(tmp_path / name).prepare()
        keys.add((tmp_path / name / ".dkd" / "pseudonym.key").read_text())
    assert len(keys) == 2


@pytest.mark.parametrize(("size", "is_set_aside"), [(20_000_000, False), (20_000_001, True)])
def test_a_long_log_is_set_aside(tmp_path, size, is_set_aside):
    layout = Layout(tmp_path)
    layout.prepare()
    with layout.log("druid").open("wb") as log:
        log.truncate(size)
    layout.rotate("druid")
    assert (layout.logs / "druid.log.1").exists() is is_set_aside
    assert layout.log("druid").exists() is not is_set_aside


def test_wiping_deletes_data_and_nothing_else(tmp_path):
    layout = Layout(tmp_path)
    layout.prepare()
    (layout.data / "kafka").mkdir()
    layout.log("kafka").write_text("kept\n")
    layout.wipe()
    assert not layout.data.exists()
    assert layout.log("kafka").exists()
    assert (layout.root / "pseudonym.key").exists()


def test_one_start_or_stop_at_a_time(tmp_path):
    layout = Layout(tmp_path)
    with layout.alone(), pytest.raises(RefusedError, match="DKD610"), layout.alone():
        pass
    with layout.alone():
        pass
