"""``dkd ask`` without a stack: every mistake is a line or more, an exit code, and no traceback."""

import pytest

from dkd.cli import run
from dkd.model.preset import preset_files


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ask")
    for name, text in preset_files("shop", "shop").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["visitors", "--by", "country", "--last", "24h"], 1, "cannot be reached; run dkd up [DKD301]"),
        (["visitor", "--by", "country"], 64, "did you mean visitors"),
        (["visitors", "--by", "pages"], 64, "[DKD312]"),
        (["visitors", "--last", "7d", "--from", "2026-01-01"], 64, "exclude each other"),
        (["visitors", "--to", "2026-01-01"], 64, "say from when on"),
        (["visitors", "--from", "soon", "--to", "2026-01-01"], 64, "[DKD318]"),
        (["visitors", "--from", "2026-01-02", "--to", "2026-01-01"], 64, "not after its start"),
        (["visitors", "--grain", "hours"], 64, "did you mean hour"),
        (["visitors", "--zone", "Mars"], 64, "no time zone"),
        (["visitors", "--compare", "next"], 64, "'previous'"),
        (["visitors", "--where", "country"], 64, "write country=NL"),
        (["visitors", "--where", "country!=NL"], 64, "write --not 'country=NL'"),
        (["visitors", "--where", "is_late=maybe"], 64, "true or false"),
        (["visitors", "--top", "0", "--by", "country"], 64, "this should be 1 or more"),
        (["visitors", "--grain", "minute", "--from", "2026-01-01", "--to", "2026-06-01"], 5, "coarser grain"),
        (["visitors", "--target", "prod"], 64, "[DKD121]"),
        ([","], 64, "measures"),
        (["visitors", "--where", "page_path>5"], 64, "only numbers and times have ranges"),
        (["visitors", "--where", "revenue~5"], 64, "only a text contains"),
        (["visitors", "--where", "is_late~t"], 64, "give its values"),
        (["visitors", "--where", "page_path=~^/(a+)+$"], 64, "for ever"),
        (["visitors", "--where", "page_path=~(?i)x"], 64, "[DKD319]"),
        (["visitors", "--where", "revenue>=much"], 64, "is no number"),
        (["visitors", "--where", "revenue=20..10"], 64, "not above 20"),
        (["visitors", "--where", "revenue=.."], 64, "at_least, or below"),
        (["visitors", "--where", "time=yesterday.."], 64, "is no time"),
        (["visitors", "--where", "time=2026-11-01"], 64, "time has ranges"),
        (["visitors", "--not", "country!=NL"], 64, "write --not"),
        (["visitors", "--by", "time"], 64, "choose a grain"),
        (["visitors", "--by", "country/10"], 64, "is no number"),
        (["visitors", "--by", "revenue/0"], 64, "this should be more than 0"),
        (["visitors", "--by", "revenue/x"], 64, "no width"),
        (["visitors", "--having", "visitors>=1"], 64, "there is no split"),
        (["visitors", "--by", "country", "--having", "visitors"], 64, "'visitors>=100'"),
        (["visitors", "--by", "country", "--having", "visitor>=1"], 64, "did you mean visitors"),
        (["visitors", "--by", "country", "--having", "sessions>=1"], 64, "ranked by visitors"),
        (["visitors", "--by", "country", "--rank", "delta"], 64, "nothing is compared"),
        (["visitors", "--against", "contry=DE"], 64, "did you mean country"),
        (["visitors", "--against", "all", "--compare", "year"], 64, "not both"),
        (["visitors", "--by", "country,city,channel", "--nested", "--top", "20"], 5, "[DKD320]"),
    ],
)
def test_a_mistake_is_a_line_and_a_code(project, monkeypatch, capsys, arguments, code, said):
    monkeypatch.chdir(project)
    # Nothing listens there.
    monkeypatch.setenv("DKD_BASE_PORT", "1090")
    assert run(["ask", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
