"""Run a command that ends when the process that started it does: `python -m shoptune.studio.tether COMMAND...`.

The studio holds the other end of this process's standard input. The kernel closes it when the studio ends, even if the
studio is killed. The command runs in a session of its own, all of whose processes are ended then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

_SECONDS_TO_STOP = 15


def main() -> None:
    """Run the command, and exit with its status."""
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True) as process:
        signal.signal(signal.SIGTERM, lambda *_: _stop(process))
        threading.Thread(target=_stop_with_input, args=(process,), daemon=True).start()
        status = process.wait()
        with suppress(ProcessLookupError, PermissionError):  # the command may have left processes
            os.killpg(process.pid, signal.SIGKILL)
    sys.exit(status if status >= 0 else 128 - status)


def _stop_with_input(process: subprocess.Popen[bytes]) -> None:
    """Stop the command when standard input is closed."""
    while os.read(0, 1024):
        pass
    _stop(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_STOP)
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.terminate()


if __name__ == "__main__":
    main()
