"""Files of lists become one list of automated visitors: patterns of agents, networks, and a version of it all."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from dkd.enrich.bots import BIT, Lists
from dkd.enrich.networks import finder, networks_of
from dkd.enrich.patterns import remover, search_set, sound
from dkd.errors import DkdError

CRAWLERS = "crawler-user-agents.json"
"""The list of that name in its own format; beside it, files of lists are TOML."""

_REMEMBERED = 16_384
_REMEMBERED_ADDRESSES = 131_072
_NAMED = "named"
_AGENTS = ("ua_list", "ua_generic", "headless", _NAMED, "harmless")
_NETWORKS = {"ip_range": BIT["ip_range"], "data_centres": BIT["asn"]}


@dataclass(frozen=True)
class Texts:
    """What the files hold, by key, in their order; the same values always give the same version."""

    found: Mapping[str, tuple[str, ...]]

    @property
    def version(self) -> str:
        """Eight hexadecimal digits."""
        text = json.dumps(self.found, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=4).hexdigest()


def texts_of(files: Mapping[str, str], checked: Collection[str] = ()) -> Texts:
    """The lists of some files, by their names.

    Args:
        files: Texts.
        checked: Names of those that dkd does not ship.

    Raises:
        DkdError: DKD670, when a file is no list of agents or networks.
    """
    found: dict[str, list[str]] = {key: [] for key in (*_AGENTS, *_NETWORKS)}
    for name in sorted(files):
        for key, values in _read(name, files[name], name in checked).items():
            found[key] += values
    return Texts({key: tuple(values) for key, values in found.items()})


def _read(name: str, text: str, is_checked: bool) -> dict[str, list[str]]:
    try:
        if name == CRAWLERS:
            table: dict[str, Any] = {"ua_list": [entry["pattern"] for entry in json.loads(text)]}
        else:
            table = {key: value for key, value in tomllib.loads(text).items() if key != "version"}
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(name, str(error)) from error
    for key, values in table.items():
        if key not in (*_AGENTS, *_NETWORKS):
            raise unreadable(name, f"it has no list '{key}'; there are {', '.join((*_AGENTS, *_NETWORKS))}")
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise unreadable(name, f"'{key}' is no list of texts")
        if is_checked:
            _require_sound(name, key, values)
    return table


def _require_sound(name: str, key: str, values: Iterable[str]) -> None:
    for one in values:
        try:
            if key in _NETWORKS:
                networks_of([one])
            elif not sound(one):
                raise ValueError("RE2 cannot read it; it has no look-around and no back references")
        except ValueError as error:
            raise unreadable(name, f"'{one}' in '{key}': {error}") from error


def unreadable(name: str, problem: str) -> DkdError:
    """The error of a file that is no list."""
    return DkdError("DKD670", where=name, problem=f"the file is no list of bots: {problem}",
                    remedy="put it right, or take it out of the directory of lists")  # fmt: skip


def lists_of(texts: Texts, shortened: bool = False) -> Lists:
    """What the bots enricher asks.

    Args:
        texts: Of the files.
        shortened: Whether the collector truncates addresses.
    """
    found = texts.found
    listed = [(pattern, key) for key in ("ua_list", "ua_generic", "headless", _NAMED) for pattern in found[key]]
    search = search_set([pattern for pattern, _ in listed])
    reasons = [reason for _, reason in listed]
    cleared = remover(found["harmless"]) if found["harmless"] else str

    @lru_cache(maxsize=_REMEMBERED)
    def match(agent: str) -> frozenset[str]:
        matched = frozenset(reasons[index] for index in search(cleared(agent)))
        return matched - {_NAMED, "ua_generic"} if _NAMED in matched else matched

    networks = {bit: networks_of(found[key]) for key, bit in _NETWORKS.items()}
    located = lru_cache(maxsize=_REMEMBERED_ADDRESSES)(finder(networks, shortened))
    return Lists(match, located, texts.version)
