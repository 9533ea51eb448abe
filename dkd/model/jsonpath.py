"""A path into an event's parameters becomes its keys, in a subset of JSONPath that Divolte and dkd read alike."""

import re

Key = str | int | None
"""Name of a member, place in a list (from its end below 0), or None for each of them."""

_PART = re.compile(
    r"""\.(?P<name>[A-Za-z0-9_-]+)            # .name
    | \['(?P<quoted>(?:[^'\\,]|\\['\\])+)'\]  # ['any name']
    | \[(?P<place>-?[0-9]{1,6})\]             # [2]
    | (?P<each>\[\*\]|\.\*)                   # [*] or .*
    """,
    re.VERBOSE,
)
_REFUSED = (
    ("..", "searches at every depth (..)"),
    ("[?", "filters ([?...])"),
    ("(", "functions"),
    (",", "several names or places at once (,)"),
    (":", "slices ([a:b])"),
    ('"', "double quotes"),
)


def parse_path(text: str) -> tuple[Key, ...]:
    """The keys of the path *text*, outermost first.

    Raises:
        ValueError: When it is no path, or holds what the subset leaves out; the message says which.
    """
    if not text.startswith("$"):
        raise ValueError(f"{text!r} does not begin with $, which is all the parameters")
    keys: list[Key] = []
    at = 1
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(f"{text!r}: {_why(text[at:])}")
        keys.append(_key(found))
        at = found.end()
    return tuple(keys)


def is_many(keys: tuple[Key, ...]) -> bool:
    """Whether the path may find more than one value, and so always finds a list."""
    return None in keys


def path_text(keys: tuple[Key, ...]) -> str:
    """The path of *keys*, in one spelling; a name must not hold a comma.

    Jayway 2.4.0, which Divolte has, ends a quoted name at a comma.
    """
    return "$" + "".join(map(_spelled, keys))


def _spelled(key: Key) -> str:
    if key is None:
        return "[*]"
    if isinstance(key, int):
        return f"[{key}]"
    if key.isascii() and key.replace("_", "a").isalnum():
        return f".{key}"
    return "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"


def _key(found: re.Match[str]) -> Key:
    if found["each"]:
        return None
    if found["place"]:
        return int(found["place"])
    return found["name"] or re.sub(r"\\(.)", r"\1", found["quoted"])


def _why(rest: str) -> str:
    for start, what in _REFUSED:
        if rest.startswith(start) or (len(start) == 1 and start in rest):
            return f"{what} are left out, because dkd and Divolte would not read them alike"
    return f"{rest!r} is neither .name, ['name'], [2] nor [*]"
