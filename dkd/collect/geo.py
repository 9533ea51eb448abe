"""An address → what a city database knows of it."""

from collections.abc import Callable
from ipaddress import ip_address

import maxminddb

from dkd.errors import DkdError
from dkd.model.geo import GeoField

Cities = Callable[[str], object]
"""The record of an address's text; None where there is none. Never fails."""

_MOST_ADDRESS = 64


def cities(path: str) -> Cities:
    """The database in the file *path*, read once and kept open.

    Raises:
        DkdError: DKD236, when it cannot be read.
    """
    try:
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        problem = f"the city database cannot be read: {error}"
        raise DkdError("DKD236", where=path, problem=problem, remedy="name an .mmdb file of MaxMind's form") from error

    def city(text: str) -> object:
        try:
            return reader.get(ip_address(text)) if len(text) <= _MOST_ADDRESS else None
        except ValueError:
            return None

    return city


def known(record: object, field: GeoField) -> object:
    """What *record* says of *field*; None where it does not."""
    found = _at(record, field.path)
    # An address that is known at all has a list.
    return [] if field.type == "texts" and found is None and record is not None else found


def dotted(text: str) -> str:
    """The IPv4 address that Divolte reads in *text*, empty where it reads none: empty parts do not count."""
    parts = [part for part in text.split(".") if part]
    if len(text) > _MOST_ADDRESS or len(parts) != 4 or not all(part.removeprefix("+").isdecimal() for part in parts):
        return ""
    return ".".join(str(int(part)) for part in parts) if all(int(part) <= 255 for part in parts) else ""


def _at(value: object, path: tuple[str | int, ...]) -> object:
    for index, key in enumerate(path):
        if key == "*":
            return [_at(item, path[index + 1 :]) for item in value] if isinstance(value, list) else None
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and value:
            value = value[key]
        else:
            return None
    return value
