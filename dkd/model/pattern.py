r"""Regular expressions of the model: those that Java, in which Divolte and Druid are written, and Python read alike.

Plain characters, ``.``, classes, ``\d \w \s`` and their opposites (of ASCII), groups with and without a number, ``|``,
``^``, ``$`` and greedy and lazy repetition. What else either of the two has, the other has not, or means otherwise.
"""

import re

_ESCAPE = r"\\(?:[dDwWsStnrf]|[!-/:-@\[-^`{-~])"
_TOKEN = re.compile(
    rf"{_ESCAPE}"
    rf"|\[\^?(?:{_ESCAPE}|[^\\\[\]&]|&(?!&))+\]"
    r"|\((?:\?:|(?!\?))"
    r"|(?:[*+?]|\{\d{1,3}(?:,(?:\d{1,3})?\}|\}))\??(?!\+)"
    r"|[^\\\[\](){}*+?]|\)",
    re.DOTALL,
)


def compiled(text: str) -> re.Pattern[str]:
    """What Python calls *text*; ``search`` finds what Java's ``find`` does, in text of one line.

    Raises:
        ValueError: When Java or Python would not take it, or not both in the same sense; its text says why.
    """
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"what stands at character {at + 1}, {text[at : at + 4]!r}, is not the same everywhere")
        at = found.end()
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"{error.msg}{'' if error.pos is None else f' at character {error.pos + 1}'}") from error
