"""Runs the `UserModel` of a submission as the evaluator does, and records what it opens and connects to.

This file runs by its path, in the interpreter that serves the model, and imports nothing of shoptune: what the folder
lacks must not be found elsewhere. Usage: python -B -I runner.py SUBMISSION JOB.json RESULT.json
"""

import atexit
import json
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

_MOST_FAILURES = 3  # batches; then the rest is not asked
_OPENING = {"open", "os.listdir", "os.scandir", "ctypes.dlopen"}
_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")  # noqa: S104 - addresses that are allowed
_LISTED = 100


class Recorder:
    """An audit hook: files opened outside the allowed folders, and connections to other machines."""

    def __init__(self, allowed: list[str]) -> None:
        self._allowed = tuple(os.path.join(place, "") for place in allowed)  # noqa: PTH118 - no Path in a hook
        self._exact = set(allowed)
        self.opened: dict[str, int] = {}
        self.connected: dict[str, int] = {}

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Record an event; a hook must not raise."""
        if event in _OPENING and arguments and isinstance(arguments[0], str | bytes | os.PathLike):
            self._open(os.fsdecode(arguments[0]))
        elif event == "socket.connect":
            if (
                arguments[0].type != socket.SOCK_DGRAM
            ):  # connecting a UDP socket sends nothing; programs do it to find the machine's address
                self._connect(arguments[1])
        elif event == "socket.getaddrinfo":
            self._connect((arguments[0],))

    def _open(self, path: str) -> None:
        if not path:
            return
        full = os.path.realpath(path)
        if full not in self._exact and not full.startswith(self._allowed):
            self._count(self.opened, full)

    def _connect(self, address: Any) -> None:
        if not isinstance(address, tuple):  # a Unix socket
            return
        host = address[0].decode() if isinstance(address[0], bytes) else str(address[0] or "localhost")
        if not host.startswith(_LOOPBACK) and host != os.uname().nodename:
            self._count(self.connected, host)

    @staticmethod
    def _count(found: dict[str, int], name: str) -> None:
        if name in found or len(found) < _LISTED:
            found[name] = found.get(name, 0) + 1


def main(submission: str, job_file: str, result_file: str) -> None:
    """Ask every group of questions, in batches, and write the result."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    result: dict[str, Any] = {"batches": [], "network": _without_network(job["namespace"])}
    _see_only(submission)
    recorder = Recorder([os.path.realpath(place) for place in [submission, *_readable(job)]])
    sys.addaudithook(recorder)
    os.chdir(submission)
    try:
        started = time.monotonic()
        from models.user_config import UserModel

        model = UserModel()
        result["start"] = time.monotonic() - started
        shoptune = sys.modules.get("shoptune")
        result["package"] = str(shoptune.__file__) if shoptune else None
        for number, group in enumerate(job["groups"]):
            _ask(model, number, group, result)
    except Exception:
        result["error"] = traceback.format_exc(limit=-8)
    result |= {"opened": sorted(recorder.opened), "connected": sorted(recorder.connected)}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _ask(model: Any, number: int, group: dict[str, Any], result: dict[str, Any]) -> None:
    """Ask one group of questions; the evaluator asks for the batch size once per group."""
    own = model.get_batch_size()
    result.setdefault("batch_sizes", []).append(own)
    prompts, place, sizes = group["prompts"], 0, list(group["sizes"])
    while place < len(prompts):
        if sum("error" in batch for batch in result["batches"]) >= _MOST_FAILURES:
            return
        size = min(sizes.pop(0) if sizes else own, own)
        texts = prompts[place : place + size]
        place += len(texts)
        batch: dict[str, Any] = {"group": number, "size": len(texts)}
        started = time.monotonic()
        try:
            batch["answers"] = model.batch_predict({"prompt": list(texts)}, group["is_multiple_choice"])
            json.dumps(batch["answers"])
        except Exception:
            batch.pop("answers", None)
            batch["error"] = traceback.format_exc(limit=-4)
        batch["seconds"] = time.monotonic() - started
        result["batches"].append(batch)


def _see_only(submission: str) -> None:
    """Import from the interpreter's folders and the submission only, not from an editable installation of shoptune."""
    own = tuple(os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix))
    sys.path[:] = [submission, *(place for place in sys.path if os.path.realpath(place).startswith(own))]
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]


def _readable(job: dict[str, Any]) -> list[str]:
    """Return the folders that any program reads: the interpreter, the system, and the folders made for this run."""
    system = ["/bin", "/etc", "/lib", "/lib64", "/usr", "/proc", "/sys", "/dev"]
    return [*system, sys.prefix, sys.base_prefix, sys.exec_prefix, *job["readable"]]


def _without_network(is_namespace: bool) -> str:
    """Bring up the loopback device of a new network namespace, which engines use to talk to themselves."""
    if not is_namespace:
        return "traced"
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        up_and_running = 0x1 | 0x40
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14s", b"lo", up_and_running, b""))  # SIOCSIFFLAGS
    return "namespace"


if __name__ == "__main__":
    main(*sys.argv[1:])
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)  # Python would take the engine's libraries apart, for seconds
