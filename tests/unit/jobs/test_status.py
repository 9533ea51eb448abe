"""What status says, from what is recorded."""

from dkd.jobs.status import PartState, Section, Status, status
from dkd.local import processes
from dkd.local.layout import Layout
from dkd.local.processes import Record
from dkd.settings import Ports

GREEN = tuple(PartState(name, "running", pid=1, rss_bytes=10**8) for name in ("kafka", "druid"))


def test_a_project_without_a_stack_has_every_part_stopped(tmp_path):
    asked = []
    found = status(Layout(tmp_path), Ports.at(28300), [lambda: asked.append("books")])
    assert asked == []
    assert [part.state for part in found.parts] == ["stopped"] * 5
    assert not found.ok
    assert not (tmp_path / ".dkd").exists()


def test_a_part_whose_process_is_gone_is_dead_with_its_last_error(tmp_path):
    layout = Layout(tmp_path)
    layout.prepare()
    processes.keep(layout, {"druid": Record(2**22 + 1, 1.0)})
    layout.log("druid").write_text(
        "ERROR of an earlier start\n--- dkd started druid at x\nfine\nx ERROR [main] disk full\n"
    )
    (_, druid, *_) = status(layout, Ports.at(28300)).parts
    assert druid.state == "dead"
    assert "disk full" in druid.line()
    assert "earlier" not in druid.line()


def test_all_green_is_ok():
    found = Status(GREEN, ())
    assert found.ok
    assert found.rss_bytes == 2 * 10**8


def test_a_part_that_does_not_answer_is_not_ok():
    silent = PartState("collector", "running", missing="answer to /ping", pid=7)
    assert not Status((*GREEN, silent), ()).ok
    assert "no answer to /ping" in silent.line()


def test_a_section_of_another_room_is_shown_and_counts():
    books = Section("books", ("books close",), {"closes": False}, ok=False)
    found = Status(GREEN, (books,))
    assert not found.ok
    assert "books close" in found.lines()
    assert found.as_dict()["books"] == {"closes": False}
