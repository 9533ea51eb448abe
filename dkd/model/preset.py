"""Preset and site name → the text of a first model, of its first views, and of the job that checks them in CI."""

import re
from importlib.resources import files
from typing import Literal

from dkd.errors import UsageError
from dkd.model.published import schema_text

Preset = Literal["web", "shop", "weblog"]

_CI_JOB = """\
# Checks every pull request: mistakes of the model, what the change does, in one comment, and stale rendered files.
name: dkd
on: [pull_request]
permissions: {contents: read, pull-requests: write}
jobs:
  dkd:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}            # dkd diff needs the commits that it compares with
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install dkd
      - run: dkd check --format github
      - run: dkd diff "origin/$GITHUB_BASE_REF" --format markdown > dkd-diff.md
      - name: one comment, replaced by each run
        if: ${{ !cancelled() && hashFiles('dkd-diff.md') != '' }}
        continue-on-error: true           # the token of a fork may not write
        env: {GH_TOKEN: "${{ github.token }}", PULL: "${{ github.event.number }}"}
        run: |
          comments="repos/$GITHUB_REPOSITORY/issues/$PULL/comments"
          mine='.[] | select(.body | startswith("<!-- dkd diff -->")) | .id'
          found=$(gh api --paginate "$comments" --jq "$mine" | head -n 1)
          if [ -n "$found" ]; then
            gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$found" -F body=@dkd-diff.md --silent
          else
            gh api --method POST "$comments" -F body=@dkd-diff.md --silent
          fi
      - run: dkd render --check
      - run: dkd diff "origin/$GITHUB_BASE_REF" --fail-on breaking
"""

EDITORS = "# yaml-language-server: $schema=dkd.schema.json\n"
"""By this line editors find the schema beside the model: https://github.com/redhat-developer/yaml-language-server."""


def preset_files(preset: Preset, site: str) -> dict[str, str]:
    """The files that start a project: path from the project's directory to text.

    Args:
        preset: Which kind of site.
        site: Its name; small letters, digits and ``_``.

    Raises:
        UsageError: DKD112, when *site* is not such a name.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", site):
        remedy = "use small letters, digits and _, beginning with a letter, at most 40"
        raise UsageError("DKD112", where="--site", problem=f"{site!r} is not a site name", remedy=remedy)
    model = files("dkd.model.presets").joinpath(f"{preset}.yaml").read_text(encoding="utf-8")
    aligned = re.sub(r"^site: SITE *", f"site: {site}".ljust(40), model, count=1, flags=re.MULTILINE)
    folder = files("dkd.model.presets").joinpath(preset)
    views = sorted((view.name, view.read_text(encoding="utf-8")) for view in folder.iterdir())
    return {
        f"specs/{site}.yaml": EDITORS + aligned,
        "specs/dkd.schema.json": schema_text(),
        **{f"dashboards/{name}": text for name, text in views},
        ".github/workflows/dkd.yml": _CI_JOB,
    }


def site_name(folder: str) -> str:
    """A site name made from a folder's name; empty when nothing of it can be used."""
    return re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_0123456789")[:40].rstrip("_")
