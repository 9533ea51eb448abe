"""Numbers as Divolte's tag writes them, in base 36 ↔ whole numbers."""

import re

_NUMBER = re.compile(r"[+-]?[0-9a-zA-Z]{1,64}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def read(text: str, bits: int = 64) -> int | None:
    """The signed number that *text* holds in base 36, either case; None where it is none or needs more than *bits*."""
    if _NUMBER.fullmatch(text) is None:
        return None
    value = int(text, 36)
    return value if -(1 << bits - 1) <= value < 1 << bits - 1 else None


def write(value: int) -> str:
    """*value* in base 36, in lower case, with a minus where it is negative."""
    if value == 0:
        return "0"
    digits = []
    rest = abs(value)
    while rest:
        rest, digit = divmod(rest, 36)
        digits.append(_DIGITS[digit])
    return ("-" if value < 0 else "") + "".join(reversed(digits))
