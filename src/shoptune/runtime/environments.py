"""Run a stage in the environment that has its libraries; axolotl, AutoAWQ and vLLM cannot share one."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from shoptune.errors import fail

# Each environment, and a library that only it has.
LIBRARY: Mapping[str, str] = {"train": "axolotl", "quantize": "awq", "gptq": "llmcompressor", "infer": "vllm"}

# No telemetry, and no network access unless a config names a hub id.
QUIET = {
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_NO_USAGE_STATS": "1",
    "WANDB_DISABLED": "true",
}


def is_here(environment: str) -> bool:
    """Whether this interpreter can run the stages of an environment itself.

    If `SHOPTUNE_<ENVIRONMENT>_PYTHON` is set, it must name this interpreter; otherwise the library must be installed.
    """
    chosen = os.environ.get(_variable(environment))
    if chosen:
        return Path(chosen).absolute() == Path(sys.executable).absolute()
    return importlib.util.find_spec(LIBRARY[environment]) is not None


def become(environment: str, module: str, arguments: Sequence[str], variables: Mapping[str, str] = {}) -> NoReturn:
    """Replace this process with `python -m <module> <arguments>` in an environment.

    Replacing it rather than starting a child means that signals reach the stage and nothing outlives a kill.

    Raises:
        ShoptuneError: the environment is not installed.
    """
    python = str(python_of(environment))
    os.execve(python, [python, "-m", module, *arguments], {**QUIET, **variables, **os.environ})


def python_of(environment: str) -> Path:
    """The interpreter of an environment: the one named by its variable, else the one `make setup` installs.

    Raises:
        ShoptuneError: there is none.
    """
    variable = _variable(environment)
    if chosen := os.environ.get(variable):
        if not Path(chosen).is_file():
            raise fail(variable, "", f"no interpreter at '{chosen}'", "correct or unset it")
        return Path(chosen)
    for root in (Path.cwd(), Path(__file__).parents[3]):
        python = root / ".venvs" / environment / "bin" / "python"
        if python.is_file():
            return python.absolute()
    raise fail(f".venvs/{environment}", "", "the environment is not installed", f"run `make setup`, or set {variable}")


def _variable(environment: str) -> str:
    return f"SHOPTUNE_{environment.upper()}_PYTHON"


def go_offline() -> None:
    """Keep libraries loaded after this from contacting a hub; everything they need has been downloaded by now."""
    os.environ.update({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"})
