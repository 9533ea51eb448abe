"""The folder of a collector's spool → what ``dkd status`` says of it: nothing while it is empty."""

import time
from pathlib import Path

from dkd.collect.spool import held
from dkd.jobs.status import Section


def spool_section(folder: Path) -> Section:
    """What waits in *folder*, which need not exist."""
    found = held(folder) if folder.is_dir() else None
    if found is None or found.oldest_ms is None:
        return Section("spool", (), {"bytes": found.bytes if found else 0})
    age_s = max(int(time.time() - found.oldest_ms / 1_000), 0)
    line = f"spool      {found.bytes / 1e6:.1f} MB wait for Kafka, the first for {age_s:,} s"
    return Section("spool", (line,), {"bytes": found.bytes, "age_s": age_s})
