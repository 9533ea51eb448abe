"""Git's answers become files as of a commit, the point where a branch began, and when schemas were replaced."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping

from dkd.errors import UsageError

MAIN = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main",
        "refs/heads/master")  # fmt: skip
"""Names of the main branch; the first that there is counts."""

_REPLACED = re.compile(r"-\s*confluent_id = (\d+)")


def merge_base() -> str:
    """The commit at which the work since the main branch began.

    Raises:
        UsageError: DKD260, when there is no repository, no commit, no main branch, or nothing in common with it.
    """
    known = _git("for-each-ref", "--format=%(refname)", *MAIN).decode().split()
    main = next((name for name in MAIN if name in known), None)
    if main is None:
        raise _failed("", "git knows no main branch here", "name what to compare with: dkd diff REF")
    try:
        return _git("merge-base", "HEAD", main).decode().strip()
    except UsageError as error:
        problem = f"HEAD has no commit in common with {main.removeprefix('refs/').partition('/')[2]}"
        remedy = "fetch all of the history (in GitHub's checkout: fetch-depth: 0), or name what to compare with"
        raise _failed("", problem, remedy) from error


def files_at(ref: str, folder: str, is_wanted: Callable[[str], bool] = lambda _path: True) -> dict[str, bytes]:
    """Files below the working directory's *folder*, or the one file *folder*, as of *ref*; links are none.

    Args:
        ref: A commit.
        folder: Relative to the working directory.
        is_wanted: Which paths are read; a folder may hold large files of other kinds.

    Returns:
        Contents by path, sorted.

    Raises:
        UsageError: DKD260, when there is no repository or no such ref.
    """
    if ref.startswith("-"):
        raise _failed(ref, "no ref begins with a dash")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{tree}}", where=ref).decode().strip()
    listed = _git("ls-tree", "-r", "-z", commit, folder, where=ref).decode("utf-8", "surrogateescape")
    found = {path: name for path, name in sorted(_blobs(listed)) if is_wanted(path)}
    if not found:
        return {}
    asked = "".join(f"{name}\n" for name in found.values()).encode()
    return dict(zip(found, _contents(_git("cat-file", "--batch", stdin=asked, where=ref)), strict=True))


def replaced_s(conf: str) -> dict[int, int]:
    """When each schema was last replaced in Divolte's configuration *conf*, seconds since 1970, by schema id.

    Only the main line counts: a branch's commits are older than what they replace once they are merged. Empty where
    git does not know.
    """
    try:
        said = _git("log", "--first-parent", "-m", "-p", "-U0", "--format=%x00%ct", "--", conf)
    except UsageError:
        return {}
    found: dict[int, int] = {}
    for commit in said.decode("utf-8", "replace").split("\0")[1:]:
        time_s, _, patch = commit.partition("\n")
        for match in _REPLACED.finditer(patch):
            found[int(match[1])] = max(found.get(int(match[1]), 0), int(time_s))
    return found


def _blobs(listed: str) -> Iterator[tuple[str, str]]:
    """Path and object of each plain file."""
    for line in filter(None, listed.split("\0")):
        said, _, path = line.partition("\t")
        mode, kind, name = said.split()
        if kind == "blob" and mode != "120000":
            yield path, name


def _contents(answer: bytes) -> Iterator[bytes]:
    """The contents in the answer of ``git cat-file --batch``."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        size = int(answer[at:end].rpartition(b" ")[2])
        yield answer[end + 1 : end + 1 + size]
        at = end + size + 2


def _git(*words: str, stdin: bytes | None = None, where: str = "") -> bytes:
    plain: Mapping[str, str] = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(["git", *words], input=stdin, capture_output=True, check=False, env=plain)
    except FileNotFoundError as error:
        raise _failed(where, "git is not installed") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = lines[0].removeprefix("fatal: ") if lines else "no such ref"
        raise _failed(where, f"git says: {said}")
    return done.stdout


def _failed(ref: str, why: str, remedy: str = "name a file, a directory or a git ref") -> UsageError:
    problem = f"there is no such file or directory, and {why}" if ref else why
    return UsageError("DKD260", where=ref or "dkd diff", problem=problem, remedy=remedy)
