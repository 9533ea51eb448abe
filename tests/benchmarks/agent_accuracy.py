"""How many of ua-parser's own published cases dkd answers alike: family and version of browser and system.

    python tests/benchmarks/agent_accuracy.py [--cases DIR] [--missed]

DIR holds uap-core's ``tests`` and ``test_resources``. Without it they come from a package that ships them, the crate
``uaparser``, by cargo as it is set up here. Cases of devices are left out: dkd tells their kinds by
rules of its own. Ends with 1 below 100 %.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from dkd.enrich.agent import add_agent
from dkd.enrich.resources import agent_finder

CRATE = "uaparser"
BAR = 100.0
LISTS = ("firefox_user_agent_strings", "pgts_browser_list", "opera_mini_user_agent_strings",
         "podcasting_user_agent_strings")  # fmt: skip
BROWSERS = ("tests/test_ua.yaml", *(f"test_resources/{name}.yaml" for name in LISTS))
SYSTEMS = ("tests/test_os.yaml", "test_resources/additional_os_tests.yaml")

LEARNT = {("Chromecast", "1.22.74257"): ("Chromecast Linux", "1.22.74257")}
"""What the crate's cases say, and what today's patterns do, which are newer."""


def main() -> int:
    """Print the share of cases that agree in each file and in all."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--cases", type=Path, help="a directory with uap-core's tests and test_resources")
    options.add_argument("--missed", action="store_true", help="print the cases that differ")
    given = options.parse_args()
    folder, right, count = given.cases or fetched(), 0, 0
    for name, part in [*((name, "browser") for name in BROWSERS), *((name, "os") for name in SYSTEMS)]:
        cases = yaml.load((folder / name).read_text("utf-8"), yaml.CSafeLoader)["test_cases"]
        missed = list(differing(cases, part))
        right, count = right + len(cases) - len(missed), count + len(cases)
        print(f"{name:52} {100 * (1 - len(missed) / len(cases)):6.2f} % of {len(cases):,}")
        for line in missed if given.missed else ():
            print(f"  {line}")
    print(f"{'all':52} {100 * right / count:6.2f} % of {count:,} (at least {BAR:.0f} %)")
    return 100 * right / count < BAR


def differing(cases: list[dict[str, Any]], part: str) -> Iterator[str]:
    """A line for each of *cases* whose *part*, browser or os, dkd answers otherwise."""
    batch = pl.DataFrame(
        {"user_agent": [case["user_agent_string"] for case in cases]}, schema={"user_agent": pl.String}
    )
    found = add_agent(batch, agent_finder())
    for case, ours in zip(cases, found.select(part, f"{part}_version").iter_rows(), strict=True):
        parts = [case[name] for name in ("major", "minor", "patch")]
        known = [str(one) for one in parts[: next((at for at, one in enumerate(parts) if not one), len(parts))]]
        theirs = (case["family"] if case["family"] != "Other" else None, ".".join(known) or None)
        if ours != LEARNT.get(theirs, theirs):
            yield f"{case['user_agent_string'][:120]}: {ours}, expected {theirs}"


def fetched() -> Path:
    """The cases as the crate ships them."""
    with tempfile.TemporaryDirectory(prefix="dkd-agents-") as folder:
        for command in (["init", "-q", "--name", "cases", "."], ["add", "-q", CRATE], ["fetch", "-q"]):
            subprocess.run(["cargo", *command], cwd=folder, check=True)
    kept = sorted(Path.home().glob(f".cargo/registry/src/*/{CRATE}-*/src/core"))
    return kept[-1]


if __name__ == "__main__":
    sys.exit(main())
