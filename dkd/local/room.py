"""Is there room for Kafka and Druid: memory of this machine or container, and disk under the project."""

import re
import shutil
from collections.abc import Collection
from pathlib import Path

import psutil

from dkd.errors import DkdError, UsageError
from dkd.local import druid, kafka

_DISK_MB = 500
_UNITS = {"m": 1, "g": 1024}
_SMALLEST_MB = 384
_SMALLER_MB = (2048, 1024, 768, 512, _SMALLEST_MB)


def heap_mb(size: str) -> int:
    """Druid's heap from a text such as ``1g`` or ``768m``.

    Raises:
        UsageError: DKD116, when it is no size, or too small for Druid to start.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mg])(?:i?b)?", size.strip().lower())
    value = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    if value < _SMALLEST_MB:
        problem = f"{size!r} is too small for Druid" if found else f"{size!r} is no size"
        raise UsageError(
            "DKD116", where="--memory", problem=problem, remedy=f"use 1g or 768m; {_SMALLEST_MB}m at least"
        )
    return value


def require(project: Path, starting: Collection[str], druid_heap_mb: int) -> None:
    """Make sure that the servers to be started find memory and disk.

    Raises:
        DkdError: DKD606 for too little memory, DKD607 for too little disk.
    """
    needed, available = _needed_mb(starting, druid_heap_mb), _available_mb()
    if needed > available:
        fits = next((size for size in _SMALLER_MB if _needed_mb(starting, size) <= available), None)
        raise DkdError(
            "DKD606",
            where="memory",
            problem=f"{available} MB are available, {' and '.join(starting)} may come to need {needed} MB",
            remedy=f"end other programs{f', or give Druid less: --memory {fits}m' if fits else ''}",
        )
    free = shutil.disk_usage(project).free // 1_000_000
    if starting and free < _DISK_MB:
        raise DkdError(
            "DKD607",
            where=str(project),
            problem=f"{free} MB of disk are free, Kafka and Druid need {_DISK_MB} MB to start with",
            remedy="free some space, or drop old data with dkd down --wipe",
        )


def _needed_mb(starting: Collection[str], druid_heap_mb: int) -> int:
    resident = {"kafka": kafka.RESIDENT_MB, "druid": druid.resident_mb(druid_heap_mb)}
    return sum(resident[name] for name in starting)


def _available_mb() -> int:
    return min(int(psutil.virtual_memory().available), container_left()) // (1 << 20)


def container_left(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that the container's limit leaves, caches counted as free; a huge number where there is no limit."""
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        caches = re.search(r"^inactive_file (\d+)$", (folder / "memory.stat").read_text(), re.MULTILINE)
    except OSError:
        return 1 << 62
    return 1 << 62 if limit == "max" else int(limit) - used + (int(caches[1]) if caches else 0)
