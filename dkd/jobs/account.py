"""What a replay sent, and by how much the site's books grew → the books of the replay, and whether they close."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from dkd.enrich.state import Books


@dataclass(frozen=True)
class Account:
    """The books of one replay; every line is in exactly one of their places.

    Attributes:
        files: As they were named.
        read: Lines that are not blank.
        sent: Lines that the collector answered for.
        accepted: Of these, the ones that it put into raw.
        refused: Of these, the others, by reason.
        ignored: Values whose key the model does not know, or that are no address, by key; they are lost.
        refused_stored: Of these, the ones found in the rejects topic, each counted once.
        in_doubt: Lines of requests that were made again; they may be in raw twice.
        raw: Events that were added to raw; ticks are none.
        books: What the enricher counted for them.
        reasons: Records that it rejected, by reason, as found in the rejects topic.
        rows: Rows that were added to the datasource of events.
        session_rows: Rows that were added to the datasource of sessions.
        seconds: How long each stage took: ``read``, ``send``, ``settle``.
    """

    files: tuple[str, ...]
    read: int
    sent: int
    accepted: int
    refused: Mapping[str, int]
    ignored: Mapping[str, int]
    refused_stored: int
    in_doubt: int
    raw: int
    books: Books
    reasons: Mapping[str, int]
    rows: int
    session_rows: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """Records that raw has twice, because an answer was lost."""
        return max(0, min(self.raw - self.accepted, self.in_doubt))

    @property
    def others(self) -> int:
        """Records that other senders added to raw meanwhile."""
        return max(0, self.raw - self.accepted - self.in_doubt)

    @property
    def differences(self) -> dict[str, int]:
        """By how much the left side of each equation exceeds the right; all 0 when the books close."""
        books, refused = self.books, sum(self.refused.values())
        return {
            "sent": self.sent - self.accepted - refused,
            "refused": refused - self.refused_stored,
            "raw": self.raw - self.accepted - self.repeats - self.others,
            "consumed": self.raw - books.consumed,
            "enriched": books.consumed - books.clean - books.dropped_bots - books.duplicates - books.rejects,
            # Those of others may have come after the books were read.
            "rejects": max(0, books.rejects - sum(self.reasons.values())),
            "rows": books.clean - self.rows,
            "sessions": books.sessions - self.session_rows,
        }

    @property
    def closes(self) -> bool:
        """Whether every line that was read is accounted for."""
        return self.read == self.sent and not any(self.differences.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        total_s = sum(self.seconds.values())
        return {
            "files": list(self.files),
            "read": self.read,
            "sent": self.sent,
            "accepted": self.accepted,
            "collector_rejects": sum(self.refused.values()),
            "collector_rejects_by_reason": dict(self.refused),
            "ignored_keys": dict(self.ignored),
            "raw": self.raw,
            "repeats": self.repeats,
            "others": self.others,
            **{one.name: getattr(self.books, one.name) for one in fields(Books)},
            "rejects_by_reason": dict(self.reasons),
            "in_druid": self.rows,
            "sessions_in_druid": self.session_rows,
            "differences": self.differences,
            "closes": self.closes,
            "seconds": {**{name: round(value, 3) for name, value in self.seconds.items()}, "total": round(total_s, 3)},
            "lines_per_s": round(self.read / total_s) if total_s else 0,
        }


def as_text(account: Account, tables: tuple[str, str]) -> str:
    """The books for people: what became of the lines, then each equation with whether it closes.

    Args:
        account: The books.
        tables: Datasources of events and of sessions.
    """
    books, refused = account.books, sum(account.refused.values())
    counts = [
        ("lines read", account.read, ""),
        ("sent", account.sent, ""),
        (
            "  accepted into raw",
            account.accepted,
            f"values left out: {_most(account.ignored)}" if account.ignored else "",
        ),
        ("  rejected by the collector", refused, _most(account.refused)),
        ("repeats (sent again, in raw twice)", account.repeats, ""),
        *([("of other senders meanwhile", account.others, "")] if account.others else []),
        ("consumed by the enricher", books.consumed, ""),
        ("  clean", books.clean, f"{books.late:,} of them late" if books.late else ""),
        ("  dropped bots", books.dropped_bots, ""),
        ("  duplicates", books.duplicates, ""),
        ("  rejected by the enricher", books.rejects, _most(account.reasons)),
        (f"new rows in {tables[0]}", account.rows, ""),
        ("finished sessions", books.sessions, ""),
        (f"new rows in {tables[1]}", account.session_rows, ""),
    ]
    lines = [f"{name:36}{count:>12,}  {more}".rstrip() for name, count, more in counts]
    return "\n".join([*lines, "", *_equations(account, tables), "", _pace(account)])


def _equations(account: Account, tables: tuple[str, str]) -> list[str]:
    books, refused, wrong = account.books, sum(account.refused.values()), account.differences
    others = f" - {account.others:,} of others" if account.others else ""
    return [
        _equation(
            f"sent {account.sent:,} = raw {account.raw:,} - {account.repeats:,} repeats{others}"
            f" + {refused:,} collector rejects",
            wrong["sent"] or wrong["raw"] or wrong["refused"] or account.read - account.sent,
        ),
        _equation(
            f"consumed {books.consumed:,} = clean {books.clean:,} + {books.dropped_bots:,} dropped bots"
            f" + {books.duplicates:,} duplicates + {books.rejects:,} rejects",
            wrong["enriched"] or wrong["consumed"] or wrong["rejects"],
        ),
        _equation(f"clean {books.clean:,} = {account.rows:,} rows in {tables[0]}", wrong["rows"]),
        _equation(f"sessions {books.sessions:,} = {account.session_rows:,} rows in {tables[1]}", wrong["sessions"]),
    ]


def _equation(text: str, difference: int) -> str:
    return f"{text}: {'closes' if not difference else f'does not close, by {difference:+,}'}"


def _most(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:12]
    )


def _pace(account: Account) -> str:
    stages = ", ".join(f"{name} {value:.1f} s" for name, value in account.seconds.items())
    total_s = sum(account.seconds.values())
    rate = f", {account.read / total_s:,.0f} lines/s" if total_s else ""
    return f"{total_s:.1f} s ({stages}){rate}"
