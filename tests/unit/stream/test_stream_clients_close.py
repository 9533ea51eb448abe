"""A client that is closed: one that does not come back is left, and one that stops all of Python ends the process."""

import subprocess
import sys

import pytest

CLOSE = """
import ctypes, time
from dkd.stream import clients
clients._CLOSE_S, clients._FROZEN_S = 0.2, 1.0
clients.let_go({close})
print("went on", flush=True)
time.sleep(2)
print("still here", flush=True)
"""


@pytest.mark.parametrize(
    ("close", "status", "said"),
    [
        ("lambda: None", 0, "went on\nstill here\n"),
        ("lambda: time.sleep(60)", 0, "went on\nstill here\n"),
        # Called so, a function of C keeps the lock of Python while it waits.
        ("lambda: ctypes.PyDLL(None).sleep(60)", 1, ""),
    ],
)
def test_a_client_that_does_not_close_holds_up_nothing(close, status, said):
    found = subprocess.run(
        [sys.executable, "-c", CLOSE.format(close=close)], capture_output=True, text=True, timeout=50, check=False
    )
    assert (found.returncode, found.stdout) == (status, said), found.stderr
