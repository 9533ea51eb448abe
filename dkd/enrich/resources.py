"""The lists, databases and matchers that enrichers ask, opened once; the only place of this room that reads files."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from dkd.enrich.agent import Agent, FindAgent, kind_of, version_of
from dkd.enrich.bots import Lists
from dkd.enrich.geo import Country, public_address
from dkd.enrich.lists import CRAWLERS, lists_of, texts_of, unreadable
from dkd.enrich.referrer import Site, Sites
from dkd.model.enrichers import Bots
from dkd.model.schema import Model

_REMEMBERED = 16_384
"""Answers kept between batches, for each finder; with agents of 2 KB at most, 32 MB at worst."""

_REMEMBERED_ADDRESSES = 131_072
"""Addresses are short and many."""


@dataclass(frozen=True)
class Resources:
    """What enrichers ask about one text; None where the model has the enricher off.

    The functions give the same answer to the same text always, and never raise.
    """

    agent: FindAgent | None = None
    country: Country | None = None
    bots: Lists | None = None
    sites: Sites | None = None


def open_resources(model: Model) -> Resources:
    """Open what the enrichers of *model* need; a second or less."""
    wanted = model.enrich
    return Resources(
        agent=agent_finder() if wanted.agent else None,
        country=country_finder() if wanted.geo else None,
        bots=_bots(model, wanted.bots) if wanted.bots else None,
        sites=known_sites() if wanted.referrer else None,
    )


def _bots(model: Model, options: Bots) -> Lists:
    return bot_lists(Path(options.lists), model.collector.kind == "dkd" and model.collector.ip == "truncate")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("dkd.enrich") / "data" / name).read_text(encoding="utf-8"))


def known_sites() -> Sites:
    """Search engines, social networks, webmails, shops and video sites by their hosts."""
    by_host: dict[str, Site] = {}
    by_name: dict[str, Site] = {}
    for kind, sites in _table("sites.toml").items():
        for name, hosts in sites.items():
            by_name.setdefault(name.lower(), Site(kind, name))
            by_host.update(dict.fromkeys(hosts, Site(kind, name)))
    return Sites(by_host, by_name)


def country_finder() -> Country:
    """Country of an address, from the database that dkd ships."""
    import maxminddb

    with as_file(files("dkd.enrich") / "data" / "country.mmdb") as path:
        reader = maxminddb.open_database(path)

    @lru_cache(maxsize=_REMEMBERED_ADDRESSES)
    def country(text: str) -> str | None:
        address = public_address(text)
        found = reader.get(address) if address else None
        code = found.get("country_code") if isinstance(found, dict) else None
        return code if isinstance(code, str) else None

    return country


def agent_finder() -> FindAgent:
    """Browser, system and device by ua-parser's patterns."""
    from ua_parser import Parser
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    parser = Parser(Resolver(load_lazy_builtins()))

    @lru_cache(maxsize=_REMEMBERED)
    def find(agent: str) -> Agent:
        found = parser.parse(agent)
        browser, system, device = found.user_agent, found.os, found.device
        return Agent(
            browser.family if browser else None,
            version_of((browser.major, browser.minor, browser.patch)) if browser else None,
            system.family if system else None,
            version_of((system.major, system.minor, system.patch)) if system else None,
            kind_of(agent, device is not None and device.family == "Spider"),
        )

    return find


def bot_lists(directory: Path | None = None, shortened: bool = False) -> Lists:
    """Known automated visitors by several lists: crawler-user-agents as installed, and those that dkd ships.

    Args:
        directory: A user's lists; a file there takes the place of dkd's of the same name. One that is not there holds
            none.
        shortened: Whether the collector truncates addresses.

    Raises:
        DkdError: DKD670, when a file is no list.
    """
    own = _own_lists(directory)
    return lists_of(texts_of({**shipped_lists(), **own}, own), shortened)


def shipped_lists() -> dict[str, str]:
    """Names and texts of the lists that come with dkd."""
    shipped = [one for one in (files("dkd.enrich") / "data" / "bots").iterdir() if one.name.endswith(".toml")]
    return {one.name: one.read_text(encoding="utf-8") for one in (files("crawleruseragents") / CRAWLERS, *shipped)}


def _own_lists(directory: Path | None) -> dict[str, str]:
    own = sorted(directory.iterdir()) if directory and directory.is_dir() else []
    return {one.name: _text(one) for one in own if one.name == CRAWLERS or one.suffix == ".toml"}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(str(path), str(error)) from error
