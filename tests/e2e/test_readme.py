"""The README's first page, as a newcomer types it: a clean clone, an empty home, its own words."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from readme import commands

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("stacks of their own"), pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]


def sh(command: str, where: Path, home: Path) -> str:
    """Run one command in *where* with *home* as home; what it printed on stdout.

    Without its own pip settings and certificates no machine reaches a registry, so the rest of the environment stays.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("DKD_BASE_PORT", "PYTHONPATH")}
    environment["HOME"] = str(home)
    done = subprocess.run(["bash", "-c", command], cwd=where, env=environment, capture_output=True, text=True)
    print(f"$ {command}\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_first_page_does_what_it_says(tmp_path: Path):
    main_job, look, own_event, stop, own_site, _ = commands()
    clone, home = tmp_path / "dkd", tmp_path / "home"
    home.mkdir()
    sh(f"git clone -q '{ROOT}' '{clone}'", tmp_path, home)
    began = time.monotonic()
    try:
        answer = sh(main_job, clone, home)
        print(f"command one: {time.monotonic() - began:.0f} s")
        assert time.monotonic() - began <= 360
        assert re.search(r"^country +visitors +events$", answer, re.MULTILINE)
        assert len(re.findall(r"^[A-Z]{2} +\d+ +\d+$", answer, re.MULTILINE)) == 5
        assert "the books close" in answer
        assert "explorer   http://127.0.0.1:28209" in answer
        looked = sh(look, clone, home)
        assert "total      ok" in looked
        assert re.search(r"^\(total\) +[\d,]+ ", looked, re.MULTILINE)
        assert "ua_list" in looked
        row = sh(own_event, clone, home)
        assert re.search(r"page_view +/hello +readme", row)
        sh(main_job, clone, home)
        sh(stop, clone, home)
        sh(f". .venv/bin/activate && {own_site} && dkd down", clone, home)
    finally:
        for folder in (clone, clone / "my-site"):
            if folder.is_dir():
                subprocess.run([str(clone / ".venv/bin/dkd"), "down"], cwd=folder, capture_output=True)
