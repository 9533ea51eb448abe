"""How many of referer-parser's published cases dkd answers alike: medium, source and term of a referrer.

    python tests/benchmarks/referrer_accuracy.py [--cases FILE] [--missed]

Without ``--cases`` they come from referer-parser's repository (its data derive from Piwik's, GPL-3, so dkd ships none
of it) and are kept in ~/.cache/dkd. A source that dkd spells otherwise counts as the same, by the list below. Ends with
1 below 95 %.
"""

import argparse
import json
import sys
import urllib.request
from pathlib import Path

import polars as pl

from dkd.enrich.referrer import add_referrer
from dkd.enrich.resources import known_sites

CACHE = Path.home() / ".cache/dkd/referer-tests.json"
CASES = "https://raw.githubusercontent.com/snowplow-referer-parser/referer-parser/master/resources/referer-tests.json"
BAR = 95.0
SPELLED = {
    "Brave Search": "Brave", "Google Ads": "Google", "Ixquick": "IXquick", "1und1 Search": "1und1",
    "Mail.ru Search": "Mail.ru", "Orange Mail": "Orange Webmail", "Outlook": "Outlook.com", "Proton Mail": "Proton",
    "T-Online Mail": "T-online", "WEB.DE": "Web.de", "Yahoo": "Yahoo!", "Yahoo Images": "Yahoo! Images",
    "Yahoo Mail": "Yahoo! Mail",
}  # fmt: skip
"""dkd's name of a site, and referer-parser's."""


def main() -> int:
    """Print the share of cases that agree in each part and in all."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--cases", type=Path, help="a file of the form of referer-tests.json")
    options.add_argument("--missed", action="store_true", help="print the cases that differ")
    given = options.parse_args()
    cases = json.loads((given.cases or fetched()).read_text("utf-8"))
    batch = pl.DataFrame({"referrer_url": [case["uri"] for case in cases]}).with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("page_host", "utm_source", "utm_medium", "utm_campaign")
    )
    found = add_referrer(batch, known_sites(), term=True)
    names = ("referrer_medium", "referrer_source", "referrer_term")
    ours = [(medium, SPELLED.get(source, source), term) for medium, source, term in found.select(names).iter_rows()]
    # dkd trims what was searched.
    theirs = [(case["medium"], case["source"], case["term"] and case["term"].strip()) for case in cases]
    for place, name in enumerate(names):
        print(
            f"{name:16} {share([one[place] == other[place] for one, other in zip(ours, theirs, strict=True)]):6.1f} %"
        )
    whole = share([one == other for one, other in zip(ours, theirs, strict=True)])
    print(f"{'all three':16} {whole:6.1f} % of {len(cases)} cases (at least {BAR} %)")
    for one, other, case in zip(ours, theirs, cases, strict=True):
        if given.missed and one != other:
            print(f"  {case['uri'][:80]}: {one}, expected {other}")
    return whole < BAR


def fetched() -> Path:
    """The published cases, fetched once."""
    if not CACHE.exists():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(CASES, timeout=60) as answer:
            CACHE.write_bytes(answer.read())
    return CACHE


def share(right: list[bool]) -> float:
    """Per cent of *right* that are."""
    return 100 * sum(right) / len(right)


if __name__ == "__main__":
    sys.exit(main())
