"""Many patterns are looked for in one text at once, in any case and in linear time."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def _re2() -> Any:
    """RE2, or None on platforms without a wheel of it; Python's own engine then does the same, many times slower."""
    try:
        import re2
    except ImportError:
        return None
    return re2


def search_set(patterns: Sequence[str]) -> Callable[[str], Iterable[int]]:
    """A function that tells the indexes of the *patterns* that it finds in a text.

    Args:
        patterns: In the syntax that RE2 and Python have alike.
    """
    engine = _re2()
    if engine is None:
        compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
        return lambda text: [index for index, pattern in enumerate(compiled) if pattern.search(text)]
    options = engine.Options()
    options.case_sensitive = False
    options.max_mem = 1 << 28  # the default of 8 MB makes RE2 forget and rebuild its automaton all the time
    found = engine.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return lambda text: found.Match(text) or ()


def remover(patterns: Sequence[str]) -> Callable[[str], str]:
    """A function that takes everything out of a text that one of *patterns* matches."""
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    engine = _re2()
    if engine is None:
        compiled = re.compile(whole, re.IGNORECASE)
        return lambda text: compiled.sub("", text)
    options = engine.Options()
    options.case_sensitive = False
    fast = engine.compile(whole, options)
    return lambda text: str(fast.sub("", text))


def full_matcher(pattern: str) -> Callable[[str], Any]:
    """A function that matches a whole text with *pattern*: the match, whose items are its groups, or None.

    With RE2 no text takes longer than its length, whatever the pattern.
    """
    engine = _re2()
    compiled = re.compile(pattern) if engine is None else engine.compile(pattern)
    return compiled.fullmatch


def sound(pattern: str) -> bool:
    """Whether the engine can read *pattern*."""
    engine = _re2()
    if engine is None:
        try:
            re.compile(pattern)
        except re.error:
            return False
        return True
    options = engine.Options()
    options.log_errors = False
    try:
        engine.compile(pattern, options)
    except engine.error:
        return False
    return True
