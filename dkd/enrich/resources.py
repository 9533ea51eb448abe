"""The lists, databases and matchers that enrichers ask, opened once; the only place of this room that reads files."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from dkd.enrich.agent import Agent, FindAgent, kind_of, version_of
from dkd.enrich.bots import Lists
from dkd.enrich.geo import FindPlace, Place, public_address
from dkd.enrich.lists import CRAWLERS, lists_of, texts_of, unreadable
from dkd.enrich.profile import Profiles, latest
from dkd.enrich.referrer import Site, Sites
from dkd.errors import DkdError
from dkd.model.enrichers import Bots, Geo, Profile
from dkd.model.schema import Model

if TYPE_CHECKING:
    from ua_parser import OS, UserAgent

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
    place: FindPlace | None = None
    bots: Lists | None = None
    sites: Sites | None = None
    profiles: pl.DataFrame | Profiles | None = None


def open_resources(model: Model, profiles: pl.DataFrame | Profiles | None = None) -> Resources:
    """Open what the enrichers of *model* need; a second or less.

    Args:
        model: The site.
        profiles: Of the topic that it names, which this room does not read; by default there are none.
    """
    wanted = model.enrich
    return Resources(
        agent=agent_finder() if wanted.agent else None,
        place=place_finder(wanted.geo) if wanted.geo else None,
        bots=_bots(model, wanted.bots) if wanted.bots else None,
        sites=known_sites() if wanted.referrer else None,
        profiles=profile_table(wanted.profile) if wanted.profile and profiles is None else profiles,
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


def place_finder(options: Geo = Geo()) -> FindPlace:  # noqa: B008 - frozen
    """Country, and what else the databases of *options* know; without any, country by the one that dkd ships.

    Raises:
        DkdError: DKD685, when a file cannot be read as a database.
    """
    with as_file(files("dkd.enrich") / "data" / "country.mmdb") as shipped:
        places = _database(options.database or str(shipped))
    networks = _database(options.networks) if options.networks else None

    @lru_cache(maxsize=_REMEMBERED_ADDRESSES)
    def find(text: str) -> Place:
        address = public_address(text)
        if address is None:
            return Place()
        place, network = places(address), networks(address) if networks else {}
        country = place.get("country_code") or _at(place, "country", "iso_code")
        number = network.get("autonomous_system_number")
        return Place(
            _text(country),
            _text(_at(place, "city", "names", "en")),
            str(number) if isinstance(number, int) else None,
            _text(network.get("autonomous_system_organization")),
        )

    return find


def _database(path: str) -> Callable[[str], Mapping[str, object]]:
    """Records of a database by address; empty where it has none."""
    import maxminddb

    try:
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        problem = f"the database of addresses cannot be read: {error}"
        raise DkdError("DKD685", where=path, problem=problem, remedy="name an .mmdb file of MaxMind's form") from error

    def record(address: str) -> Mapping[str, object]:
        try:
            found = reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            # A database of IPv4 alone is asked about IPv6, or this part of the file is damaged.
            return {}
        return found if isinstance(found, dict) else {}

    return record


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def profile_table(options: Profile) -> pl.DataFrame:
    """The latest profiles of a file, read once: so the same raw events and the same file give the same clean events.

    None of a topic.

    Raises:
        DkdError: DKD686, when the file cannot be read or a line is no profile.
    """
    return latest(_profiles(options.file) if options.file else (), tuple(dict.fromkeys(options.fields)))


def _profiles(path: str) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_profile(path, f"the profiles cannot be read: {error}") from error
    for seq, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _no_profile(f"{path}:{seq}", f"the line is not JSON: {error}") from error
        key, value = (found.get("key"), found.get("value", "")) if isinstance(found, dict) else (None, None)
        if not isinstance(key, str) or not (value is None or isinstance(value, dict)):
            raise _no_profile(f"{path}:{seq}", f"{line:.60} is no profile")
        yield key, value


def _no_profile(where: str, problem: str) -> DkdError:
    remedy = 'write a line {"key": "…", "value": {…}} for each, with value null to remove one'
    return DkdError("DKD686", where=where, problem=problem, remedy=remedy)


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
            _named(browser),
            version_of((browser.major, browser.minor, browser.patch)) if browser else None,
            _named(system),
            version_of((system.major, system.minor, system.patch)) if system else None,
            kind_of(agent, device is not None and device.family == "Spider"),
        )

    return find


def _named(found: "UserAgent | OS | None") -> str | None:
    # So ua-parser calls what its patterns know to be nothing that has a name.
    return found.family if found and found.family != "Other" else None


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
    return {one.name: _read(one) for one in own if one.name == CRAWLERS or one.suffix == ".toml"}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(str(path), str(error)) from error
