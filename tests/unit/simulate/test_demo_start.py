"""Where a demo finds its model, or makes one; and what it says of the history it sent."""

import pytest

from dkd.errors import UsageError
from dkd.local.layout import Layout
from dkd.local.progress import Silent
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.simulate.demo import Demo, Filled, model_file, told


def test_a_folder_without_a_model_gets_one_and_a_second_demo_finds_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, written = model_file(None)
    assert load(path.read_text(), str(path)).site == "shop"
    assert path.parts[0] == "dkd-demo"
    assert len(written) == sum(one.is_file() for one in path.parent.parent.rglob("*")) > 5
    assert model_file(None) == (path, [])
    monkeypatch.chdir("dkd-demo")
    assert model_file(None)[0].resolve() == (tmp_path / path).resolve()


def test_a_model_of_ones_own_is_taken_and_a_choice_is_left_to_the_user(tmp_path):
    (tmp_path / "specs").mkdir()
    own = tmp_path / "specs" / "mine.yaml"
    own.write_text(preset_files("web", "mine")["specs/mine.yaml"])
    assert model_file(tmp_path) == (own, [])
    (tmp_path / "specs" / "other.yml").write_text("dkd: 1")
    with pytest.raises(UsageError, match="several models"):
        model_file(tmp_path)


def test_history_is_told_with_its_books():
    model = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
    assert told(Filled(0, 0, 0, closes=True), model) == "history of shop is up to date"
    text = told(Filled(1_788_480_000_000, 1_788_566_400_000, 26_000, closes=False), model)
    assert text == (
        "history: 26,000 lines, 2026-09-04 00:00:00 UTC to 2026-09-05 00:00:00 UTC; "
        "the books do not close, see dkd logs"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [({"up": 0.8}, "the stack was running before and stays"), ({}, "what was started is stopped again")],
)
def test_ctrl_c_says_whether_a_stack_stays(tmp_path, seconds, said):
    layout = Layout.of(tmp_path)
    demo = Demo(layout, None, None, dict, Silent(), seconds=seconds)
    assert demo.stopped() == said
