"""Interpreters that have already imported the slow libraries, for tests that run the real libraries.

Importing axolotl takes 7 s of processor time, vLLM 8 s, AutoAWQ 4 s, torch with sentence-transformers 4 s. A warm
interpreter of an environment imports them once per test run and forks a process for each command. Everything else is as
it is without it: `shoptune` starts the stage's process through `SHOPTUNE_<ENVIRONMENT>_PYTHON`, which names a client
that hands over arguments, variables, streams, signals and the exit status. All workers of pytest-xdist share one.

Use `run_shoptune` and `python_in` of tests/end_to_end/pipeline.py, which are warm. Pass `cold=True` where starting is
what is tested: each stage has a test that does.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from shoptune.runtime.environments import default_variables

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_GPU = Path("/dev/nvidiactl")
# What commands import in each environment; `main` is the one with shoptune and pytest.
MODULES: Mapping[str, tuple[str, ...]] = {
    "main": ("shoptune.cli", "torch", "sentence_transformers"),
    "train": (
        "shoptune.cli", "shoptune.train.plugin", "shoptune.train.checks.run", "axolotl.cli.train",
        "axolotl.core.builders", "axolotl.common.datasets", "transformers.models.qwen2.modeling_qwen2",
        "deepspeed", "trl", "wandb", "packing",
    ),
    "quantize": ("shoptune.cli", "awq"),
    "gptq": ("shoptune.cli", "llmcompressor"),
    "infer": (  # `import vllm` alone imports next to nothing
        "shoptune.cli", "vllm.entrypoints.llm", "vllm.v1.engine.core", "vllm.v1.executor.multiproc_executor",
        "vllm.v1.core.sched.scheduler", "vllm.v1.worker.cpu_worker", "vllm.model_executor.models.qwen2",
        "vllm.model_executor.layers.quantization.online.base", "sentence_transformers", "vllm_logging",
    ),
}  # fmt: skip


class WarmInterpreters:
    """The interpreters of a test run; each starts when it is first used, and ends with the run.

    Args:
        folder: a folder that the run's processes share.
        modules: what to import in each environment.
        root: holds the environments.
    """

    current: ClassVar[WarmInterpreters]

    def __init__(self, folder: Path, modules: Mapping[str, tuple[str, ...]] = MODULES, root: Path = ROOT) -> None:
        self._folder, self._modules, self._root = folder, modules, root
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "in-use").open("a")
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        with (folder / "preparing").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for environment in self._modules:
                if self._cold(environment).is_file() and not self._warm(environment).exists():
                    self._prepare(environment)

    def python(self, environment: str) -> Path:
        """The interpreter of an environment: the cold one on a machine with a GPU, since CUDA may not be forked."""
        return self._cold(environment) if _GPU.exists() else self._warm(environment)

    def variables(self) -> dict[str, str]:
        """The environment variables that make shoptune use them."""
        found = {name: self.python(name) for name in self._modules if self._cold(name).is_file() and name != "main"}
        return {f"SHOPTUNE_{name.upper()}_PYTHON": str(python) for name, python in found.items()}

    def close(self) -> None:
        """Let the interpreters exit."""
        self._lock.close()

    def _warm(self, environment: str) -> Path:
        return self._folder / environment / "bin" / "python"

    def _prepare(self, environment: str) -> None:
        client, home = self._warm(environment), self._folder / environment
        client.parent.mkdir(parents=True)
        (home / "lib").symlink_to(self._cold(environment).parents[1] / "lib")
        settings = {
            "command": [str(self._cold(environment)), "-W", "ignore", str(_HERE / "server.py")],
            "modules": self._modules[environment],
            "variables": {
                **default_variables(environment),
                **_OFFLINE,
                "VLLM_LOGGING_LEVEL": "ERROR",
                "OMP_NUM_THREADS": "1",
            },
        }
        (home / "settings.json").write_text(json.dumps(settings))
        written = home / "client"
        written.write_text(f"#!{sys.executable} -IS\n{(_HERE / 'client.py').read_text()}")
        written.chmod(0o755)
        shutil.move(written, client)

    def _cold(self, environment: str) -> Path:
        return self._root / (".venv" if environment == "main" else f".venvs/{environment}") / "bin" / "python"
