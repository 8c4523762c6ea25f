"""Run a command and wait for what it leaves behind: workers of multiprocessing's fork server, for example.

Run: python benchmarks/with_orphans.py COMMAND...   (measure.py does)
Whoever waits for this process then gets the processor time of all of them. Its output ends when the command does.
"""

import ctypes
import os
import subprocess
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_LONGEST_WAIT = 5.0  # seconds; Ray's agents stay for a minute


def main() -> int:
    """The command's exit code."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    code = subprocess.run(sys.argv[1:], check=False).returncode
    for output in (1, 2):
        os.close(output)
    until = time.monotonic() + _LONGEST_WAIT
    while _has_children() and time.monotonic() < until:
        time.sleep(0.01)
    return code


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


if __name__ == "__main__":
    os._exit(main())  # the interpreter would flush an output that is closed
