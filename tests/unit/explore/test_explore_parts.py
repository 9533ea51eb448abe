"""The page's files, which many hands write, are one script that a browser can read and one page of matched ids."""

import re
import subprocess
from collections import Counter

from dkd.explore.app import part


def test_the_scripts_are_one_module(tmp_path):
    file = tmp_path / "page.mjs"
    file.write_text(part("js"), "utf-8")
    done = subprocess.run(["node", "--check", file], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""


def test_ids_are_unique_and_what_names_one_finds_it():
    text = part("html")
    ids = Counter(re.findall(r'\bid="([^"]+)"', text))
    named = re.findall(r'\b(?:aria-labelledby|aria-controls|for)="([^"]+)"', text)
    assert set(ids.values()) == {1}
    assert set(named) <= ids.keys()
