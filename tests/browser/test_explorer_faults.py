"""The explorer while Druid cuts its answers off, goes, or hangs; tests/faults/explorer_faults.py does more harm."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from broken_line import Line
from campaign import VIEW
from playwright.sync_api import Page, expect
from real_stack import Stack

from dkd.settings import Ports

pytestmark = [pytest.mark.browser, pytest.mark.stack]

SEND = """([gesture]) => {
  const find = (at) => at.querySelector(".root")?.app ? at.querySelector(".root")
    : [...at.querySelectorAll("*")].map((one) => one.shadowRoot && find(one.shadowRoot)).find(Boolean);
  find(document).app.send(gesture);
}"""


class Explorer:
    """``dkd explore`` on the far end of a line to the stack's broker."""

    def __init__(self, project: Path, base_port: int) -> None:
        self.project, self.base_port, self.port = project, base_port, Ports.at(base_port).explorer
        self.url = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self) -> None:
        env = {**os.environ, "DKD_BASE_PORT": str(self.base_port)}
        self.process = subprocess.Popen([sys.executable, "-m", "dkd", "explore"], cwd=self.project, env=env)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                urlopen(f"{self.url}_stcore/health", timeout=5)
                return
            except OSError:
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@pytest.fixture(scope="module")
def line(stack: Stack) -> Iterator[Line]:
    made = Line(Ports.at(stack.base_port + 40).broker, Ports.at(stack.base_port).broker)
    yield made
    made.close()


@pytest.fixture(scope="module")
def explorer(shop: Stack, line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    project = tmp_path_factory.mktemp("faults")
    (project / "specs").mkdir()
    (project / "specs" / "shop.yaml").write_text((shop.project / "specs" / "shop.yaml").read_text())
    made = Explorer(project, shop.base_port + 40)
    yield made
    made.kill()


@pytest.fixture
def page(line: Line, explorer: Explorer, opened: Callable[..., Page]) -> Iterator[Page]:
    line.mode = "whole"
    found = opened(VIEW, url=explorer.url)
    # The first page of a process takes long on a busy machine.
    expect(visitors(found)).to_have_text(re.compile("[0-9]"), timeout=120_000)
    yield found
    line.mode = "whole"
    expect(found.get_by_text("Traceback")).to_have_count(0)


def visitors(page: Page):  # type: ignore[no-untyped-def]
    return page.locator('.card[data-measure="visitors"] .num')


def other(page: Page, seq: int) -> None:
    """A view that nobody asked for before; some minutes more would begin in the same bucket, and be known."""
    page.evaluate(SEND, [{"kind": "open", "link": VIEW.replace("t.2h", f"t.{130 + 20 * seq}m")}])


@pytest.mark.parametrize(
    ("mode", "said"),
    [("cut", "broke off the connection"), ("refused", "Druid does not answer")],
)
def test_an_answer_that_breaks_off_is_no_answer_and_the_page_recovers_by_itself(page, line, mode, said):
    line.mode = mode
    other(page, ["cut", "refused"].index(mode))
    expect(page.locator(".state")).to_contain_text("Druid does not answer", timeout=90_000)
    expect(page.locator(".state")).to_contain_text(said)
    # Not a part of the numbers either.
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator(".panel tbody tr")).to_have_count(0)
    assert mode != "cut" or line.cut_count
    line.mode = "whole"
    expect(visitors(page)).to_have_text(re.compile("[0-9]"))
    expect(page.locator(".state")).not_to_contain_text("Druid does not answer")


def test_a_druid_that_hangs_is_said_to_be_slow(page, line):
    line.mode = "silent"
    other(page, 2)
    expect(page.locator(".root")).to_have_class(re.compile("busy"))
    # What was on its way when the line fell silent has its own time limit, and only then is there room for more.
    expect(page.locator(".state")).to_contain_text("This takes too long", timeout=90_000)
    line.mode = "whole"
    expect(visitors(page)).to_have_text(re.compile("[0-9]"))
