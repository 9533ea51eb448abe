"""What can go wrong, said once: a stable code, where, what was found, what to do, and the exit code of the command."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended; the numbers are part of the outside contract."""

    ok = 0
    failed = 1
    changes = 2
    findings = 3
    drift = 4
    refused = 5
    partly = 6
    usage = 64
    interrupted = 130


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake.

    Attributes:
        where: ``file:line:column``, an address, or an artefact's name; empty where there is no place to name.
        code: ``DKD`` and three digits; stable, so that people can search for it.
        problem: What was found, in one clause. Never holds a secret.
        remedy: What to do about it, in one clause; empty where nothing helps.
    """

    where: str
    code: str
    problem: str
    remedy: str = ""

    def line(self) -> str:
        """The problem as one line of text, for people."""
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return " ".join(f"{place}{self.problem}{remedy} [{self.code}]".split())

    def as_dict(self) -> dict[str, str]:
        """The problem as plain values, for ``--json``."""
        return {"where": self.where, "code": self.code, "problem": self.problem, "remedy": self.remedy}


class DkdError(Exception):
    """A mistake or a failure that ends a command; only ``dkd.cli`` turns it into text and an exit code."""

    exit_code = ExitCode.failed

    def __init__(self, code: str, *, where: str = "", problem: str, remedy: str = "") -> None:
        """Hold the one problem that this error is about."""
        self.problems: tuple[Problem, ...] = (Problem(where, code, problem, remedy),)
        super().__init__(self.problems[0].line())

    def __str__(self) -> str:
        return "\n".join(problem.line() for problem in self.problems)


class ModelError(DkdError):
    """The model or an artefact holds mistakes (exit 3); carries all of them, in the order of the file."""

    exit_code = ExitCode.findings

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "ModelError":
        """An error that carries *problems*, of which there must be at least one."""
        found = tuple(problems)
        first = found[0]
        error = cls(first.code, where=first.where, problem=first.problem, remedy=first.remedy)
        error.problems = found
        return error


class UsageError(DkdError):
    """The command was called wrongly: unknown site or target, missing file (exit 64)."""

    exit_code = ExitCode.usage


class RefusedError(DkdError):
    """dkd will not do this as asked, and says what to do instead (exit 5)."""

    exit_code = ExitCode.refused


class PartlyError(DkdError):
    """A change stopped half-way and can be resumed (exit 6)."""

    exit_code = ExitCode.partly
