"""A Divolte mapping's Groovy text → its statements, each with its line and column, and the blocks inside them."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

_DEEPEST = 50
_NEAR = 200
"""So many letters before and behind a line end tell whether a statement goes on."""
_OPENS_BLOCK = re.compile(
    r"(?:mapping|section|(?:when\b.*\b)?apply|(?:if|for|while)\b.*\)|else|.*\.each|def\s+\w+\s*\(.*\)|"
    r"(?:def\s+)?\w+\s*=)\s*",
    re.S,
)
_GOES_ON = re.compile(r"\s*(?:\.(?!\d)|(?:onto|to|apply|against)\b)")
_HANGS = re.compile(r"(?:\b(?:onto|to|against|map|match|parse|when|not|apply)|[,.=(])\s*$")
_SLASHY = re.compile(r"(?:match|[(,=~]|->)\s*$")


class Statement(NamedTuple):
    """One statement.

    Attributes:
        words: Its text without comments; the text before the brace where it opens a block.
        line: From 1.
        column: From 1.
        block: The statements inside; None where it opens none.
    """

    words: str
    line: int
    column: int
    block: "tuple[Statement, ...] | None" = None


def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a script; a brace that is never closed ends with the text."""
    plain = without_comments(text)
    reader = _Reader(plain)
    found: list[Statement] = []
    while reader.at < len(plain):
        found += reader.block(0)
        # A brace that closes nothing.
        reader.at += 1
    return tuple(found)


def walk(found: tuple[Statement, ...]) -> Iterator[Statement]:
    """Each statement and those inside it, in the order of the text."""
    for one in found:
        yield one
        yield from walk(one.block or ())


def without_comments(text: str) -> str:
    """*text* with blanks for comments, so that every place stays where it is."""
    out = list(text)
    at = 0
    while at < len(text):
        if (end := string_end(text, at)) > at:
            at = end
        elif text.startswith("//", at) or (text.startswith("#!", at) and at == 0):
            at = _blanked(out, at, text.find("\n", at))
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            at = _blanked(out, at, end + 2 if end >= 0 else -1)
        else:
            at += 1
    return "".join(out)


def _blanked(out: list[str], start: int, end: int) -> int:
    stop = len(out) if end < 0 else end
    for index in range(start, stop):
        if out[index] != "\n":
            out[index] = " "
    return stop


def string_end(text: str, at: int) -> int:
    """Where the string that begins at *at* ends; *at* itself when none begins there."""
    if text[at] not in "'\"/":
        return at
    for quote in ("'''", '"""', "'", '"'):
        if text.startswith(quote, at):
            return _quoted_end(text, at + len(quote), quote)
    if text[at] == "/" and text[at + 1 : at + 2] not in ("/", "*", "") and _SLASHY.search(text, max(0, at - 40), at):
        end = text.find("/", at + 1)
        while end > 0 and text[end - 1] == "\\":
            end = text.find("/", end + 1)
        return end + 1 if end > 0 and "\n" not in text[at:end] else at
    return at


def _quoted_end(text: str, at: int, quote: str) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(quote, at):
            return at + len(quote)
        elif len(quote) == 1 and text[at] == "\n":
            break
        else:
            at += 1
    return min(at, len(text))


class _Reader:
    """Walks through one script."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def block(self, depth: int) -> list[Statement]:
        """Statements until the brace that closes the block, or the end."""
        found: list[Statement] = []
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == "}":
                break
            if here.isspace() or here == ";":
                self.at += 1
                continue
            found.append(self.statement(depth))
        return found

    def statement(self, depth: int) -> Statement:
        start, nested = self.at, 0
        while self.at < len(self.text):
            here = self.text[self.at]
            if (end := string_end(self.text, self.at)) > self.at:
                self.at = end
                continue
            if here in "([":
                nested += 1
            elif here in ")]":
                nested = max(0, nested - 1)
            elif here == "{":
                words = self.text[start : self.at]
                if not nested and _OPENS_BLOCK.fullmatch(words.strip()) and depth < _DEEPEST:
                    self.at += 1
                    inner = self.block(depth + 1)
                    self.at += 1
                    return self.made(start, words, tuple(inner))
                nested += 1
            elif here == "}":
                if not nested:
                    break
                nested -= 1
            elif not nested and (here == ";" or (here == "\n" and not self.goes_on(start))):
                break
            self.at += 1
        return self.made(start, self.text[start : self.at], None)

    def goes_on(self, start: int) -> bool:
        """Whether the statement that began at *start* goes on behind this line end."""
        before, behind = self.text[max(start, self.at - _NEAR) : self.at], self.text[self.at : self.at + _NEAR].lstrip()
        return bool(_GOES_ON.match(behind) or _HANGS.search(before))

    def made(self, start: int, words: str, block: tuple[Statement, ...] | None) -> Statement:
        line = bisect_right(self.starts, start)
        return Statement(" ".join(words.split()), line, start - self.starts[line - 1] + 1, block)
