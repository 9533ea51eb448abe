"""How many random addresses dkd splits like can_ada, a parser by the URL standard; escapes are compared decoded.

    pip install can_ada && python tests/benchmarks/url_oracle.py

Ends with 1 when one differs. Hosts written as numbers in other bases are not among them: dkd leaves those as they came.
"""

import random
import sys
from urllib.parse import unquote

import can_ada
import polars as pl

from dkd.enrich.url import parts

COUNT = 20_000
HOSTS = (
    "shop.example",
    "SHOP.Example",
    "bücher.example",
    "straße.de",
    "例え.jp",
    "b%C3%BCcher.example",
    "[2001:db8::1]",
    "xn--bcher-kva.example",
    "192.0.2.7",
    "a_b.example",
    "not a host",
    "<x>",
    "a..b",
    "shop.example.",
)
FOLDERS = ("a", "..", ".", "%2e", "%2E%2e", "p-1", "x.y", "..x", "ü", "%FF", "a b", "", "@me", ";k=v")


def address(draw: random.Random) -> str:
    """One address, with whatever people and programs write."""
    text = (
        draw.choice(("http", "https", "HTTPS")) + "://" + draw.choice(("", "", "", "u@", "u:p@")) + draw.choice(HOSTS)
    )
    text += draw.choice(("", "", ":8080", ":"))
    text += "".join(draw.choice("////\\") + draw.choice(FOLDERS) for _ in range(draw.randrange(5)))
    text += draw.choice(("", "?", "?q=1", "?a=b&c=%FF", "?x\\y")) + draw.choice(("", "#f"))
    at = draw.randrange(8, len(text))
    return text[:at] + draw.choice("\t\n") + text[at:] if draw.random() < 0.05 else text


def expected(text: str) -> tuple[str | None, str | None, str | None]:
    """Host, path and query by can_ada; nothing for what it refuses."""
    try:
        found = can_ada.parse(text)
    except ValueError:
        return (None, None, None)
    return (found.hostname, unquote(found.pathname), found.search[1:] or None)


def main() -> int:
    """Print the share that agrees, and the first that do not."""
    draw = random.Random(5)
    texts = [address(draw) for _ in range(COUNT)]
    ours = [(host, path and unquote(path), query) for host, path, query in parts(pl.Series(texts)).iter_rows()]
    theirs = list(map(expected, texts))
    wrong = [case for case in zip(texts, ours, theirs, strict=True) if case[1] != case[2]]
    refused = sum(one[0] is None for one in theirs)
    print(f"{COUNT - len(wrong)} of {COUNT} alike; can_ada refuses {refused}")
    for case in wrong[:10]:
        print(*case)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
