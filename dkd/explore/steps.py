"""Links in the order in which a person went through them: what undo leads back to, and redo forward."""

from dataclasses import dataclass

_MOST = 200


@dataclass(frozen=True)
class Steps:
    """Where a person is, and what lies on both sides.

    Attributes:
        here: Link of the view that is shown.
        past: Links before it, the newest last.
        ahead: Links that undo led away from, the nearest last.
    """

    here: str
    past: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()

    def went(self, link: str) -> "Steps":
        """After a gesture that led to *link*."""
        return self if link == self.here else Steps(link, (*self.past, self.here)[-_MOST:])

    def arrived(self, link: str) -> "Steps":
        """With *link* in the address, whoever put it there: the browser's own buttons undo and redo too."""
        if self.past and link == self.past[-1]:
            return self.back()
        if self.ahead and link == self.ahead[-1]:
            return self.forth()
        return self.went(link)

    def back(self) -> "Steps":
        """After undo; the same where there is nothing before."""
        return Steps(self.past[-1], self.past[:-1], (*self.ahead, self.here)) if self.past else self

    def forth(self) -> "Steps":
        """After redo; the same where there is nothing ahead."""
        return Steps(self.ahead[-1], (*self.past, self.here), self.ahead[:-1]) if self.ahead else self
