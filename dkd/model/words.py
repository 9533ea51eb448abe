"""Words that messages share: a name that leads nowhere with the nearest valid ones, and a number of things."""

from difflib import get_close_matches


def unknown(kind: str, name: str, names: set[str] | frozenset[str]) -> tuple[str, str]:
    """Problem and remedy of a *name* that is none of *names*."""
    close = get_close_matches(name, sorted(names), n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(names)[:12]) or 'none'}"
    return f"there is no {kind} {name!r}", remedy


def counted(number: int, noun: str) -> str:
    """How many there are of *noun*, given in the singular; its plural must end in a plain s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
