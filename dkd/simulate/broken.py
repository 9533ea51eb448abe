"""An event and its model → a line as faulty senders send it, which the collector refuses."""

import json

from dkd.model.schema import Model
from dkd.model.types import NUMERIC
from dkd.simulate.dice import Dice

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def broken(given: dict[str, object], model: Model, dice: Dice) -> bytes:
    """A line that holds one mistake; which ones there can be depends on what the event must carry."""
    name = str(given["event"])
    whole = line(given)
    # Half a character, or a blank, at the end of a cut would be another mistake.
    cut = whole[: len(whole) // 2].decode("utf-8", "ignore").rstrip().encode()
    kinds = [cut, b'"' + name.encode() + b'"', b"no JSON at all"]
    kinds += [line(_without(given, key)) for key in ("event", "party_id", "timestamp_ms")]
    kinds += [line({**given, "event": f"{name}_misspelt"}), line({**given, "timestamp_ms": "yesterday"})]
    fields = {**model.fields, **model.events[name].fields}
    for field in model.required_of(name):
        # With from: it could be found elsewhere in the same event.
        if fields[field].source is None:
            kinds.append(line(_without(given, field)))
    for field, value in fields.items():
        if value.type in NUMERIC and value.privacy != "drop":
            kinds.append(line({**given, field: "12,50 EUR"}))
    return dice.pick(kinds)


def line(given: dict[str, object]) -> bytes:
    """An event as it is sent."""
    return _encode(given).encode()


def _without(given: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in given.items() if key != name}
