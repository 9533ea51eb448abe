"""Nested mappings become one mapping from address to value, so that two of them can be compared value by value."""

from collections.abc import Mapping


def flat(value: object, address: str, separator: str = "/") -> dict[str, object]:
    """The values in *value* by address; lists stay whole, an empty mapping is a value.

    Args:
        value: Mappings of mappings; anything else is one value, at *address* itself.
        address: What every address begins with.
        separator: Stands between the parts of an address.
    """
    if not isinstance(value, Mapping) or not value:
        return {address: value}
    return {
        place: inner_value
        for name, inner in value.items()
        for place, inner_value in flat(inner, f"{address}{separator}{name}", separator).items()
    }
