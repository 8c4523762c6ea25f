"""Ask a submission questions in a separate process, without network, home folder or installed shoptune."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_RUNNER = Path(__file__).with_name("runner.py")
_UNSHARE = ("unshare", "--map-root-user", "--net")
_NOT_PASSED = re.compile(r"(?:TOKEN|SECRET|PASSWORD|KEY|PROXY|^PYTHONPATH)$", re.IGNORECASE)
_START_SECONDS = 1800
_SECONDS_PER_QUESTION = 20
_SHOWN = 2000  # characters of stderr


@dataclass(frozen=True)
class Group:
    """Questions that the evaluator passes with the same flag.

    Attributes:
        is_multiple_choice: the flag.
        prompts: the questions.
        sizes: sizes of the first batches; the submission's own batch size for the others.
    """

    is_multiple_choice: bool
    prompts: Sequence[str]
    sizes: Sequence[int] = ()


@dataclass(frozen=True)
class Batch:
    """The answers to one batch.

    Attributes:
        group: the number of its group.
        size: the number of questions.
        seconds: how long it took.
        answers: what came back, or None after an exception.
        error: the end of the traceback, or empty.
    """

    group: int
    size: int
    seconds: float
    answers: Any = None
    error: str = ""


@dataclass(frozen=True)
class Run:
    """The behavior of a submission when it was asked questions.

    Attributes:
        batches: in the order in which they were asked.
        network: `namespace` if there was none, `traced` if connections were only recorded.
        start: seconds from the import to the first question.
        batch_sizes: what `get_batch_size` returned, per group.
        opened: files opened outside the submission, the interpreter and the system's folders.
        connected: other machines that it tried to reach.
        package: the file of the `shoptune` that was imported, if any.
        error: why it ended early, or empty.
    """

    batches: Sequence[Batch]
    network: str = "traced"
    start: float = 0.0
    batch_sizes: Sequence[Any] = ()
    opened: Sequence[str] = ()
    connected: Sequence[str] = ()
    package: str | None = None
    error: str = ""
    log: str = field(default="", repr=False)


def ask(folder: Path, python: Path, groups: Sequence[Group]) -> Run:
    """Run a submission's `UserModel` and ask it groups of questions.

    Args:
        folder: the submission.
        python: the interpreter that serves it.
        groups: the questions.
    """
    is_namespace = may_unshare()
    with TemporaryDirectory(prefix="shoptune-check-") as scratch:
        private = Path(scratch)
        job = {
            "groups": [vars(group) for group in groups],
            "namespace": is_namespace,
            "readable": [scratch],
        }
        (private / "job.json").write_text(json.dumps(job, default=list), encoding="utf-8")
        runner = shutil.copy(
            _RUNNER, private
        )  # tracebacks read it, which must not count as access to a file outside of the submission
        command = [*(_UNSHARE if is_namespace else ()), str(python), "-B", "-I", "-W", "ignore", str(runner)]
        command += [str(folder.absolute()), str(private / "job.json"), str(private / "result.json")]
        seconds = _START_SECONDS + _SECONDS_PER_QUESTION * sum(len(group.prompts) for group in groups)
        return _result(command, _environment(private), private / "result.json", seconds)


def may_unshare() -> bool:
    """Return whether this machine permits a network namespace."""
    try:
        return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _result(command: Sequence[str], variables: Mapping[str, str], file: Path, seconds: float) -> Run:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=variables, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return Run([], error=f"did not end within {seconds:.0f} s")
    if not file.is_file():
        return Run([], error=f"ended with status {done.returncode}: {done.stderr[-_SHOWN:]}")
    fields = json.loads(file.read_text(encoding="utf-8"))
    batches = [Batch(**batch) for batch in fields.pop("batches")]
    return Run(batches, log=done.stderr, **fields)


def _environment(private: Path) -> dict[str, str]:
    """Return the environment variables of the process: no credentials, no proxies, and an empty home folder."""
    kept = {name: value for name, value in os.environ.items() if not _NOT_PASSED.search(name)}
    caches = ("HF_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "VLLM_CACHE_ROOT", "TRITON_CACHE_DIR")
    kept |= {name: str(private / name.lower()) for name in caches}
    return kept | {"HOME": str(private), "TMPDIR": str(private), "TORCHINDUCTOR_CACHE_DIR": str(private / "inductor")}
