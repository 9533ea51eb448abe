"""A git repository with one small model, for tests that compare versions of it."""

import os
import subprocess
from pathlib import Path

MODEL = """
dkd: 1
site: shop
events: {page_view: {}}
fields: {price: double, name: string}
topics: {retention: {raw: 7d, clean: 3d}}
"""
FILE = Path("specs", "shop.yaml")


def git(*words: str, day: str = "2026-01-01T00:00:00Z") -> str:
    env = {**os.environ, "GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day, "HOME": str(Path.cwd())}
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True, capture_output=True, env=env
    )
    return done.stdout.decode()
