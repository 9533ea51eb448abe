"""What a person types behind ``--param`` becomes a value with a type."""

import json


def typed(text: str) -> object:
    """The value that *text* means: JSON where it is JSON, else the text itself.

    So ``42`` is a number, ``"42"`` in its own quotes is text, ``["a","b"]`` a list, ``null`` no value, and ``NL`` or
    ``2026-11-22`` is text as it stands.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict) else value
