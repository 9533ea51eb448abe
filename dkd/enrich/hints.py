"""What browsers say of themselves in headers completes what their frozen user agents still tell.

The forms are those of https://wicg.github.io/ua-client-hints/: texts in quotes, ``?1`` and ``?0``, and lists of brands.
"""

import re
from collections.abc import Mapping

import polars as pl

from dkd.enrich.agent import Agent, FindAgent, add_agent, version_of

_NAME = r"\w[\w .+\-]{0,39}"
"""Of a brand or a system. What else somebody sends is none: it would be for them to say what our columns hold."""

_BRAND = re.compile(rf'"({_NAME})"\s*;\s*v="([0-9.]{{1,40}})"')
_GREASE = re.compile(r"not[\W_]*a[\W_]*brand", re.IGNORECASE)
"""The brand that is none, with any two of some signs between its words:
https://wicg.github.io/ua-client-hints/#create-arbitrary-brands-section"""

_LONGEST = 1_000
_ENGINES = frozenset(("Chromium", "HeadlessChrome"))

_BROWSERS = {"Google Chrome": "Chrome", "Microsoft Edge": "Edge", "YaBrowser": "Yandex Browser",
             "Android WebView": "Chrome Mobile WebView"}  # fmt: skip
"""A brand's name as ua-parser has it; the others have their own."""

_SYSTEMS = {"macOS": "Mac OS X", "Chromium OS": "Chrome OS", "Unknown": ""}

_WINDOWS = {"0.1": "7", "0.2": "8", "0.3": "8.1"}
_WINDOWS_11 = 13
"""Its least version: https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11"""


def hinted(agent: Agent, hints: Mapping[str, str | None]) -> Agent:
    """*agent* with what *hints*, by the names of :class:`dkd.model.enrichers.Hints`, know better."""
    given = {name: text.strip()[:_LONGEST] for name, text in hints.items() if text and text.strip()}
    agent = _with_brand(agent, given.get("brands", ""))
    agent = _with_system(agent, given.get("platform", "").strip('"'), given.get("platform_version", "").strip('"'))
    if given.get("mobile") == "?1" and agent.device_type in ("desktop", "other", "tablet"):
        return agent._replace(device_type="mobile")
    if given.get("mobile") == "?0" and agent.device_type == "mobile" and agent.os == "Android":
        return agent._replace(device_type="tablet")
    return agent


def add_hinted_agent(batch: pl.DataFrame, find: FindAgent, fields: Mapping[str, str]) -> pl.DataFrame:
    """As :func:`dkd.enrich.agent.add_agent`, and what the hints in *fields* know better; no agent has no hints."""
    found = add_agent(batch, find)
    hints = pl.DataFrame({hint: batch[name] for hint, name in fields.items()}).iter_rows(named=True)
    rows = [
        row if row[-1] is None else hinted(Agent(*row), one) for row, one in zip(found.iter_rows(), hints, strict=True)
    ]
    return pl.DataFrame(rows, schema=found.schema, orient="row")


def _with_brand(agent: Agent, brands: str) -> Agent:
    named = [(name, version) for name, version in _BRAND.findall(brands)
             if name not in _ENGINES and not _GREASE.search(name)]  # fmt: skip
    if not named or agent.device_type == "bot":
        return agent
    name, version = _BROWSERS.get(named[0][0], named[0][0]), version_of(named[0][1].split(".")[:3])
    # ua-parser tells Chrome and Chrome Mobile apart, which are one brand.
    if not (agent.browser or "").startswith(name):
        return agent._replace(browser=name, browser_version=version)
    # Without a dot it is the major version alone, which the agent has too.
    return agent._replace(browser_version=version) if version and "." in version else agent


def _with_system(agent: Agent, platform: str, version: str) -> Agent:
    named = platform if re.fullmatch(_NAME, platform) else ""
    system = _SYSTEMS.get(named, named) or agent.os
    known = None if system != agent.os else agent.os_version
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})*", version):
        return agent._replace(os=system, os_version=known)
    if system == "Windows":
        major = int(version.partition(".")[0])
        release = "11" if major >= _WINDOWS_11 else "10" if major else _WINDOWS.get(".".join(version.split(".")[:2]))
        return agent._replace(os=system, os_version=release or known)
    return agent._replace(os=system, os_version=re.sub(r"(\.0)+$", "", version))
