"""A regular expression of the model → a pattern that means in Python and in RE2 what it means in Divolte's Java.

The model writes a subset: what the engines read differently is refused, with the reason. A pattern is always compared
with a whole text. What remains and differs in small things (dots, blanks, ``(?i)``) is spelled out.
"""

import re
import string
from typing import NamedTuple, NoReturn

_MOST_REPEATS = 1000
_MOST_PATTERN = 2000
_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": " \\t\\n\\x0b\\f\\r"}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ANY = "[^\\n\\r\x85\u2028\u2029]"
"""What Java's dot is."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_COUNT = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")
_REFUSED_ESCAPES = {
    **dict.fromkeys("bB", "word borders, which Java and Python place differently"),
    **dict.fromkeys("AZzG", "anchors; a pattern is compared with the whole text anyway"),
    **dict.fromkeys("123456789k", "references to groups"),
    **dict.fromkeys("pP", "classes of Unicode, which Python does not have"),
    **dict.fromkeys("QE", "quoted pieces, which Python does not have"),
    **dict.fromkeys("hHvVRXN0ceaU", "an escape that Java and Python read differently"),
}
_REFUSED_GROUPS = (
    ("?=", "a look ahead"), ("?!", "a look ahead"), ("?<=", "a look behind"), ("?<!", "a look behind"),
    ("?>", "an atomic group"), ("?P", "Python's spelling of a name; write (?<name>...)"), ("?#", "a comment"),
)  # fmt: skip


class Regex(NamedTuple):
    """A pattern that was understood.

    Attributes:
        pattern: For a full match by Python's ``re`` or by RE2.
        groups: How many groups it has.
        names: Names of groups.
    """

    pattern: str
    groups: int
    names: tuple[str, ...]


class _Piece(NamedTuple):
    """A part of a pattern: what it becomes, whether it captures, whether it can go on without end."""

    pattern: str
    captures: bool = False
    endless: bool = False


def understood(text: str) -> Regex:
    """What *text* means.

    Raises:
        ValueError: When it is no pattern, or holds a construct outside the subset; the message says which and where.
    """
    if len(text) > _MOST_PATTERN:
        raise ValueError(f"a pattern of {len(text)} characters: keep it below {_MOST_PATTERN}")
    parser = _Parser(text)
    found = parser.whole()
    return Regex(found.pattern, parser.groups, tuple(parser.names))


class _Parser:
    """Reads one pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.groups = 0
        self.names: list[str] = []
        self.folds = text.startswith("(?i)")

    def whole(self) -> _Piece:
        if self.folds:
            self.at = 4
        # Of a pattern for the whole text these two say nothing.
        self.at += self.text.startswith("^", self.at)
        found = self._choice()
        if self.at < len(self.text):
            self._refuse("a ) that closes nothing", "write \\)")
        return found

    def _choice(self) -> _Piece:
        self.depth += 1
        if self.depth > 20:
            self._refuse("more than 20 groups in each other", "write a simpler one")
        pieces: list[list[_Piece]] = [[]]
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
                pieces.append([])
            elif self.text[self.at] == "$" and self.at == len(self.text) - 1:
                self.at += 1
            else:
                pieces[-1].append(self._repeated())
        self.depth -= 1
        flat = [piece for one in pieces for piece in one]
        pattern = "|".join("".join(piece.pattern for piece in one) for one in pieces)
        return _Piece(pattern, any(one.captures for one in flat), any(one.endless for one in flat))

    def _repeated(self) -> _Piece:
        piece = self._atom()
        start = self.at
        most = self._quantifier()
        if start == self.at:
            return piece
        written = self.text[start : self.at]
        if self.text[self.at : self.at + 1] == "?":
            self.at += 1
            written += "?"
        if self.text[self.at : self.at + 1] in ("+", "*", "?", "{"):
            self._refuse("a repeat of a repeat", "keep one of the two")
        if piece.captures and most > 1:
            self._refuse("a group that is kept and repeated", "engines keep different rounds of it; write (?:...)")
        if piece.endless and most > 1:
            self._refuse("a repeat within a repeat", "it may take for ever; write it without one of the two")
        return _Piece(piece.pattern + written, piece.captures, most > _MOST_REPEATS or piece.endless)

    def _quantifier(self) -> int:
        """How often at most; moves past the quantifier, if there is one."""
        sign = self.text[self.at : self.at + 1]
        if sign in ("*", "+", "?") and sign:
            self.at += 1
            return 1 if sign == "?" else _MOST_REPEATS + 1
        if sign != "{":
            return 1
        found = _COUNT.match(self.text, self.at)
        if found is None:
            self._refuse("a { that is no count", "write \\{, or {2}, {2,} or {2,5}")
        least, most = int(found[1]), int(found[3]) if found[3] else int(found[1])
        if max(least, most) > _MOST_REPEATS or least > most:
            self._refuse(f"the count {found[0]}", f"count upwards, to {_MOST_REPEATS} at most")
        self.at = found.end()
        return _MOST_REPEATS + 1 if found[2] and not found[3] else most

    def _atom(self) -> _Piece:
        char = self.text[self.at]
        if char == "(":
            return self._group()
        if char == "[":
            return _Piece(self._class())
        self.at += 1
        if char == ".":
            return _Piece(_ANY)
        if char == "\\":
            return _Piece(self._escape())
        if char in "^$":
            self.at -= 1
            self._refuse(f"a {char} inside", "a pattern is compared with the whole text; leave it out or escape it")
        if char in "*+?{}":
            self.at -= 1
            self._refuse(f"a {char} that repeats nothing", f"write \\{char}")
        return _Piece(self._literal(char))

    def _group(self) -> _Piece:
        for start, what in _REFUSED_GROUPS:
            if self.text.startswith(start, self.at + 1):
                self._refuse(what, "leave it out")
        self.at += 1
        opening, captures = "(", True
        if self.text.startswith("?:", self.at):
            self.at += 2
            opening, captures = "(?:", False
        elif self.text.startswith("?", self.at):
            opening = self._named()
        self.groups += captures
        inner = self._choice()
        if not self.text.startswith(")", self.at):
            self._refuse("a ( that is not closed", "write \\( or close it")
        self.at += 1
        return _Piece(f"{opening}{inner.pattern})", captures or inner.captures, inner.endless)

    def _named(self) -> str:
        found = _NAME.match(self.text, self.at + 2)
        if not self.text.startswith("?<", self.at) or found is None or not self.text.startswith(">", found.end()):
            self._refuse("a ( with ? and no known sign", "write (?:...) or (?<name>...); names are letters and digits")
        if found[0] in self.names:
            self._refuse(f"a second group {found[0]!r}", "choose another name")
        self.names.append(found[0])
        self.at = found.end() + 1
        return f"(?P<{found[0]}>"

    def _escape(self) -> str:
        """What the escape means whose backslash was read, outside of a class."""
        char = self.text[self.at : self.at + 1]
        if char.lower() in _SETS and char:
            self.at += 1
            return f"[{'^' if char.isupper() else ''}{_SETS[char.lower()]}]"
        return self._literal(self._escaped())

    def _escaped(self) -> str:
        """The one character that an escape stands for."""
        char = self.text[self.at : self.at + 1]
        if not char:
            self._refuse("a \\ at the end", "write \\\\")
        for letter, size in (("x", 2), ("u", 4)):
            digits = self.text[self.at + 1 : self.at + 1 + size]
            if char == letter and len(digits) == size and set(digits) <= set(string.hexdigits):
                if 0xD800 <= int(digits, 16) < 0xE000:
                    self._refuse("half of a character", "write the character itself")
                self.at += 1 + size
                return chr(int(digits, 16))
        if char in _REFUSED_ESCAPES or (char in string.ascii_letters + string.digits and char not in _CONTROLS):
            self._refuse(f"\\{char}", _REFUSED_ESCAPES.get(char, "no escape that Java and Python share"))
        if not char.isascii():
            self._refuse(f"\\{char}", "write it without the backslash")
        self.at += 1
        return _CONTROLS.get(char, char)

    def _class(self) -> str:
        self.at += 1
        opening = "[^" if self.text.startswith("^", self.at) else "["
        self.at += len(opening) - 1
        items = ""
        while not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self._refuse("a [ that is not closed", "write \\[ or close it")
            items += self._item()
        if not items:
            self._refuse("an empty class", "write what it holds; write ] as \\]")
        self.at += 1
        return f"{opening}{items}]"

    def _item(self) -> str:
        """One character, set or range of a class."""
        if self.text.startswith("&&", self.at):
            self._refuse("&&, which Java takes for an intersection", "write \\&")
        if self.text[self.at] == "[":
            self._refuse("a [ in a class, which Java takes for a class of its own", "write \\[")
        if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] in ("d", "w", "s"):
            self.at += 2
            return _SETS[self.text[self.at - 1]]
        first = self._member()
        if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
            self.at += 1
            if self.text[self.at : self.at + 1] == "[" or self.text[self.at : self.at + 2] in ("\\d", "\\w", "\\s"):
                self._refuse("a range up to a class", "write \\- for the character")
            last = self._member()
            if last < first:
                self._refuse(f"the range {first}-{last}", "turn it round")
            return self._range(first, last)
        return "".join(_safe(one) for one in self._cases(first))

    def _member(self) -> str:
        char = self.text[self.at : self.at + 1]
        if not char:
            self._refuse("a [ that is not closed", "write \\[ or close it")
        self.at += 1
        return self._escaped() if char == "\\" else char

    def _range(self, first: str, last: str) -> str:
        found = f"{_safe(first)}-{_safe(last)}"
        if self.folds:
            for letters in (string.ascii_lowercase, string.ascii_uppercase):
                inside = [one for one in letters if first <= one <= last]
                if inside:
                    found += f"{inside[0].swapcase()}-{inside[-1].swapcase()}"
        return found

    def _literal(self, char: str) -> str:
        cases = self._cases(char)
        return _safe(char) if len(cases) == 1 else f"[{cases}]"

    def _cases(self, char: str) -> str:
        return char + char.swapcase() if self.folds and char in string.ascii_letters else char

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        raise ValueError(f"{what}, at character {self.at + 1}: {remedy}")


def _safe(char: str) -> str:
    """*char* where it means nothing but itself, in a class or outside."""
    if char in string.punctuation:
        return "\\" + char
    return f"\\x{ord(char):02x}" if ord(char) < 0x20 or ord(char) == 0x7F else char
