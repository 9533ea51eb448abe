"""A number and a noun become words: one change, two changes."""


def counted(number: int, noun: str) -> str:
    """How many there are of *noun*, given in the singular; its plural must end in a plain s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
