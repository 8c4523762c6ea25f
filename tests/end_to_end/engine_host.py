"""A process in the infer environment that runs `shoptune infer` repeatedly and shares equal engines.

Importing vLLM and starting an engine take longer than answering a few questions. The command that runs is the real one,
from its arguments to its artifact; only `vllm.LLM` remembers the engines that it made, by their arguments. Prefix
caches are emptied in between, so that hit rates are those of one run. Engines keep their memory until the tests end:
this is for models that several tests ask. The pipeline fixture starts engines of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[2]
_BLOCK_TOKENS = 128  # vLLM's default on a CPU


class EngineHost:
    """The client's side: starts the process with the first command."""

    def __init__(self, log: Path) -> None:
        self._log, self._process = log, None

    def infer(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run `shoptune infer` with the given arguments; stdout is discarded."""
        process = self._started()
        command = ["infer", *map(str, arguments)]
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        reply = process.stdout.readline()
        assert reply, f"the engine host ended: {self._log.read_text()[-4000:]}"
        status, said = json.loads(reply)
        return subprocess.CompletedProcess(command, status, "", said)

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.stdin.close()
            self._process.wait(60)

    def _started(self) -> Any:
        if self._process is None:
            from tests.warm.interpreters import WarmInterpreters  # this file also runs where there are no tests

            python = WarmInterpreters.current.python("infer")
            quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "TOKENIZERS_PARALLELISM": "false"}
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    [str(python), "-W", "ignore", __file__, str(self._log.with_suffix(".stderr"))],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
                    env={**os.environ, **quiet},
                )  # fmt: skip
        return self._process


def _serve(commands: TextIO, said: Path) -> None:
    """Run incoming commands, one JSON list per line, and reply with the exit status and the messages."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what libraries print must not reach the client
    _share_engines()
    for line in commands:
        status = _run(json.loads(line), said)
        replies.write(json.dumps([status, said.read_text(encoding="utf-8")]) + "\n")


def _run(arguments: list[str], said: Path) -> int:
    from shoptune.cli import main

    stderr = os.dup(2)
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        try:
            main(arguments)
        except SystemExit as ended:
            return int(ended.code or 0)
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
    return 0


def _share_engines() -> None:
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # as the stage sets it, before vLLM is imported
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    import vllm

    start: Callable[..., Any] = vllm.LLM
    engines: dict[str, Any] = {}

    def shared(*arguments: Any, **settings: Any) -> Any:
        key = json.dumps([arguments, settings], sort_keys=True, default=str)
        if key in engines:
            engines[key].reset_prefix_cache()
        else:
            engines[key] = start(*arguments, **settings, **_small_cache(settings))
        return engines[key]

    vllm.LLM = shared


def _small_cache(settings: dict[str, Any]) -> dict[str, int]:
    """A KV cache on a CPU that holds what one step may need, 0.3 GB instead of the profile's 1 GiB."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return {}
    blocks = settings["max_num_seqs"] * -(-settings["max_model_len"] // _BLOCK_TOKENS)
    return {"num_gpu_blocks_override": blocks + 1}  # vLLM never uses the first


if __name__ == "__main__":
    _serve(sys.stdin, Path(sys.argv[1]))
    os._exit(0)  # engines have nothing to save
