"""A process that keeps its heap small gives large blocks back, whatever lies above them."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from dkd.stream.heap import keep_small
if sys.argv[1] == "small":
    keep_small()
for _ in range(2):  # by now glibc has learned that blocks of this size come and go
    large = bytearray(b"x") * (30 * 2**20)
    del large
blocks = [bytearray(b"x") * (8 * 2**20) for _ in range(20)]
last = bytearray(b"x") * (8 * 2**20)
del blocks
print(int(open("/proc/self/statm").read().split()[1]) * 4096 // 2**20)
"""


def resident_mb(how: str) -> int:
    """After most of 168 MB were freed."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_freed_blocks_go_back_to_the_system():
    assert resident_mb("small") + 140 < resident_mb("as it is")


SETTINGS = """
import gc, os
from dkd.stream.heap import collect_rarely, one_thread
one_thread()
collect_rarely()
import polars
print(polars.thread_pool_size(), gc.get_threshold()[0] > 100_000, gc.get_freeze_count() > 0)
"""


def test_polars_works_in_one_thread_and_cycles_are_looked_for_rarely():
    environment = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    done = subprocess.run([sys.executable, "-c", SETTINGS], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["1", "True", "True"]
