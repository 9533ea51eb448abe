"""What every test can ask for: golden files, and the real stack."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from real_stack import stack
from repositories import FILE, MODEL, git

__all__ = ["stack"]

# A shared machine is slow at times; a law does not depend on it.
settings.register_profile("dkd", deadline=None)
settings.load_profile("dkd")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", choices=["check", "write"], default="check", help="write: rewrite the golden files")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where workers share the tests, one takes all that need the run's stack, or fixed ports: there is one of each.

    Modules that start a stack of their own, on other ports, name a group of their own.
    """
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        if item.get_closest_marker("stack") or "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("the run's stack"))
        elif "contract" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("contract"))


class Golden:
    """Compares whole trees of files byte for byte, or writes them."""

    def __init__(self, writes: bool) -> None:
        self._writes = writes

    def check(self, folder: Path, found: Mapping[str, str]) -> None:
        """Compare *found*, path to text, with the files of *folder*: these, each with these bytes, and no others."""
        if self._writes:
            self._write(folder, found)
        kept = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        assert sorted(kept) == sorted(found)
        for path, text in found.items():
            assert kept[path].read_bytes() == text.encode(), f"{folder / path} differs; --golden=write rewrites it"

    def _write(self, folder: Path, found: Mapping[str, str]) -> None:
        for path in folder.rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in found:
                path.unlink()
        for name, text in found.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.config.getoption("--golden") == "write")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one model, committed to its main branch; the working directory."""
    monkeypatch.chdir(tmp_path)
    FILE.parent.mkdir()
    FILE.write_text(MODEL)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "first")
    return tmp_path
