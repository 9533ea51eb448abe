"""What the page saves is a file like every other, and never over another one; dashboards and segments too."""

import re
from pathlib import Path

import pytest
import yaml
from explore_cases import MODEL, names, views
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.explore.dashboard import merged
from dkd.explore.keep import save_segment, save_view, slug
from dkd.explore.keep_gesture import segment, with_segment
from dkd.explore.project import kept
from dkd.explore.saved import ViewFile, read
from dkd.explore.view import View, as_link, fitted, of_link
from dkd.query.question import Filter, Split

LINK = (
    "1~m.visitors.orders~t.7d~s.country.5.orders~s.channel~f.country.NL.DE~x.utm_campaign.-n~g.P1D~c.previous"
    "~P.page_path~M.orders~V.table"
)


def code(call: object, *arguments: object, **named: object) -> str:
    with pytest.raises(UsageError) as error:
        call(*arguments, **named)  # type: ignore[operator]
    return error.value.problems[0].code


def test_a_saved_view_is_the_same_view_again(tmp_path: Path):
    view = of_link(LINK)
    path = save_view(tmp_path, MODEL, "Orders of the Low Countries: “now”", view)
    assert path.name == "orders-of-the-low-countries-now.yaml"
    assert path.read_text().startswith("# View “Orders of the Low Countries: “now””, saved from the explorer.")
    found = kept(tmp_path, MODEL)
    assert found.problems == ()
    assert [(one.title, one.link) for one in found.saved] == [("Orders of the Low Countries: “now”", as_link(view))]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(views())
def test_whatever_fits_the_model_can_be_saved_and_is_the_same_again(tmp_path: Path, view: View):
    fits = fitted(view, MODEL).view
    if fits is None:
        return
    path = save_view(tmp_path, MODEL, "Any", fits, replaces=True)
    found = kept(path.parent, MODEL)
    assert (found.problems, found.views["any"]) == ((), ("Any", fits))


BEHAVIOURS = {
    "funnel": "{steps: [{event: page_view, filters: [{dimension: country, values: [NL]}]}, {event: purchase}], "
    "unit: session, window: 30m, split: device_type}",
    "retention": "{grain: P1W, back: purchase, born: visit}",
    "paths": "{by: page_path, anchor: /, backwards: true, depth: 3, top: 9}",
    "sessions": "{page: 2, behind: {funnel: {steps: [{event: page_view}, {}]}, step: 2, lost: true}}",
}
HEAD = "view: 1\ntitle: Any\nmeasures: [visitors]\ninterval: {last: 1d}\n"


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_saved_behaviour_is_the_same_again(tmp_path: Path, name: str):
    written = read(f"{HEAD}{name}: {BEHAVIOURS[name]}\n", "a.yaml", MODEL)
    assert written.problems == ()
    assert written.view is not None
    save_view(tmp_path, MODEL, "Any", written.view)
    found = kept(tmp_path, MODEL)
    assert (found.problems, found.views["any"]) == ((), ("Any", written.view))
    assert of_link(as_link(written.view)) == written.view


@pytest.mark.parametrize(
    ("text", "place", "code_"),
    [
        ("funnel:\n  steps:\n    - event: page_view\n    - event: purchas\n", "8:14", "DKD335"),
        (
            "funnel:\n  steps:\n    - {}\n    - filters:\n        - {dimension: contry, values: [NL]}\n",
            "9:11",
            "DKD311",
        ),
        ("funnel:\n  steps: [{}, {}]\n  split: contry\n", "7:10", "DKD311"),
        ("funnel:\n  steps: [{}]\n", "6:10", "DKD204"),
        ("retention:\n  back: nothing\n", "6:9", "DKD335"),
        ("paths:\n  by: contry\n", "6:7", "DKD311"),
        ("paths:\n  deep: 3\n", "6:3", "DKD203"),
        ("sessions:\n  behind:\n    step: 1\n    funnel: {steps: [{event: gone}, {}]}\n", "8:30", "DKD335"),
        ("sessions:\n  behind:\n    cohort: 1\n    retention: {back: nothing}\n", "8:23", "DKD335"),
        ("sessions:\n  behind:\n    cohort: -1\n    retention: {}\n", "7:13", "DKD204"),
        ("sessions:\n  behind:\n    step: 9\n    funnel: {steps: [{}, {}]}\n", "7:11", "DKD204"),
        ("paths: {}\nretention: {}\n", "6:12", "DKD204"),
    ],
)
def test_mistakes_of_a_behaviour_stand_at_their_places(text: str, place: str, code_: str):
    (one,) = read(HEAD + text, "a.yaml", MODEL).problems
    assert (one.where, one.code) == (f"a.yaml:{place}", code_)


HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**20), st.floats(), names,
    st.sampled_from(["' OR 1=1 --", "\u202eevil", "", "orders", "visitors", "country", "2026-11-01", "P1D", "table"]),
)  # fmt: skip
KEYS = [*ViewFile.model_fields, *Split.model_fields, *Filter.model_fields, "last", "start", "end", "steps", "event"]
TREES = st.recursive(
    HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from([*ViewFile.model_fields]), TREES, max_size=6))
def test_every_file_ends_as_a_view_or_as_mistakes_with_places(tree: dict[str, object]):
    found = read(yaml.safe_dump({**tree, "view": 1, "title": "Any"}, allow_unicode=True), "a.yaml", MODEL)
    assert (found.view is None) or found.problems or as_link(found.view)
    assert all(re.fullmatch(r"a\.yaml:\d+:\d+", one.where) for one in found.problems)


@pytest.mark.parametrize(
    "text",
    [
        "interval: {last: 1d}\nmeasures: [visitors, 5]\nmeasure: visitors\n",
        "measures: [visitors]\ninterval: {last: 1d}\ncompare: previous\nagainst: []\n",
        "splits: [{dimension: country}, {dimension: country}]\ninterval: 3\nmeasures: {}\n",
        "measures: [visitors]\ninterval: {last: 1d}\nfunnel: {steps: [{}, {}]}\npaths: {}\nsessions: {}\n",
    ],
)
def test_what_is_wrong_as_a_whole_is_said(text: str):
    assert read(f"view: 1\ntitle: Any\n{text}", "a.yaml", MODEL).problems


def test_nothing_is_overwritten_unasked(tmp_path: Path):
    first, second = of_link("1~m.visitors~t.1d"), of_link("1~m.orders~t.1d")
    path = save_view(tmp_path, MODEL, "Mine", first)
    before = path.read_bytes()
    assert code(save_view, tmp_path, MODEL, "Mine", second) == "DKD346"
    assert path.read_bytes() == before
    save_view(tmp_path, MODEL, "Mine", second, replaces=True)
    assert kept(tmp_path, MODEL).views["mine"][1] == second
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_title_that_another_file_has_is_refused(tmp_path: Path):
    (tmp_path / "other.yaml").write_text("view: 1\ntitle: Mine\nmeasures: [visitors]\ninterval: {last: 1d}\n")
    assert code(save_view, tmp_path, MODEL, "Mine", of_link("1~m.visitors~t.1d")) == "DKD346"
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize("title", ["", "  ", "日本", "../../etc/passwd"])
def test_a_title_never_leads_out_of_the_folder(tmp_path: Path, title: str):
    folder = tmp_path / "project" / "dashboards"
    if not slug(title):
        assert code(save_view, folder, MODEL, title, of_link("1~m.visitors~t.1d")) == "DKD347"
        return
    assert save_view(folder, MODEL, title, of_link("1~m.visitors~t.1d")).parent == folder


def test_without_a_project_nothing_is_saved_and_that_is_said():
    assert code(save_view, None, MODEL, "Mine", of_link("1~m.visitors~t.1d")) == "DKD345"


def test_two_files_with_one_title_are_reported(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("view: 1\ntitle: Twin\nmeasures: [visitors]\ninterval: {last: 1d}\n")
    (one,) = kept(tmp_path, MODEL).problems
    assert (one.where, one.code) == (f"{tmp_path}/b.yaml:2:8", "DKD349")


def test_a_segment_is_saved_and_applied_three_ways(tmp_path: Path):
    path = save_segment(tmp_path, MODEL, "Low Countries", of_link("1~m.visitors~t.1d~f.country.NL.BE"))
    assert path == tmp_path / "segments" / "low-countries.yaml"
    found = kept(tmp_path, MODEL)
    assert found.problems == ()
    view = of_link("1~m.visitors~t.1d~c.previous")

    def used(use: str) -> str:
        gesture = {"kind": "segment", "name": "low-countries", "use": use}
        return as_link(segment(view, with_segment(found.segments, gesture)))

    assert used("only") == "1~m.visitors~t.1d~f.country.NL.BE~c.previous"
    assert used("except") == "1~m.visitors~t.1d~x.country.NL.BE~c.previous"
    beside = segment(view, with_segment(found.segments, {"kind": "segment", "name": "low-countries", "use": "against"}))
    assert (beside.question.against, beside.question.compare) == (found.segments[0].filters, None)
    assert code(with_segment, found.segments, {"kind": "segment", "name": "nobody"}) == "DKD330"


def test_mistakes_of_a_segment_stand_at_their_places(tmp_path: Path):
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "bad.yaml").write_text(
        "segment: 1\ntitle: Bad\nfilters:\n  - {dimension: contry, values: [NL]}\n"
    )
    (one,) = kept(tmp_path, MODEL).problems
    assert (one.where, one.code) == (f"{tmp_path}/segments/bad.yaml:4:17", "DKD311")
    assert "country" in one.remedy


BOARD = """\
dashboard: 1
title: Board
interval: {last: 7d}
compare: previous
tiles:
  - {view: one, width: 2}
  - title: By country
    view: {measures: [orders], splits: [{dimension: country}], filters: [{dimension: channel, values: [Email]}]}
"""


def board(tmp_path: Path, text: str = BOARD) -> Path:
    (tmp_path / "one.yaml").write_text(
        "view: 1\ntitle: One\nmeasures: [visitors]\ninterval: {last: 30d}\ngrain: P1D\nzone: Asia/Tokyo\n"
    )
    (tmp_path / "board.yaml").write_text(text)
    return tmp_path


def test_tiles_take_the_time_and_the_filters_of_the_bar(tmp_path: Path):
    found = kept(board(tmp_path), MODEL)
    assert found.problems == ()
    (one,) = found.dashboards
    assert as_link(one.bar) == "1~m.visitors~t.7d~c.previous~D.board"
    bar = of_link("1~m.visitors~t.1d~f.country.NL~z.Asia-2FTokyo~D.board")
    assert as_link(merged(bar, one.tiles[0].view)) == "1~m.visitors~t.1d~f.country.NL~z.Asia-2FTokyo"
    assert [one.dimension for one in merged(bar, one.tiles[1].view).question.filters] == ["channel", "country"]


def test_mistakes_of_a_dashboard_stand_at_their_places(tmp_path: Path):
    text = BOARD.replace("view: one", "view: onne").replace("[orders]", "[ordrs]").replace("width: 2", "width: 7")
    width = kept(board(tmp_path, text), MODEL).problems
    assert [(one.where.rpartition("board.yaml")[2], one.code) for one in width] == [(":6:25", "DKD204")]
    rest = kept(board(tmp_path, text.replace("width: 7", "width: 1")), MODEL).problems
    assert [(one.where.rpartition("board.yaml")[2], one.code) for one in rest] == [
        (":6:12", "DKD353"), (":8:23", "DKD310"),
    ]  # fmt: skip
    assert rest[0].remedy == "did you mean one?"


def test_a_view_of_a_dashboard_that_is_not_there_is_reported(tmp_path: Path):
    save_view(tmp_path, MODEL, "Mine", of_link("1~m.visitors~t.1d~D.gone"))
    (one,) = kept(tmp_path, MODEL).problems
    assert one.code == "DKD353"
