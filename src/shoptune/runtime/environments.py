"""Run a stage in the environment that has its libraries; axolotl, AutoAWQ and vLLM cannot share one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from shoptune import __version__
from shoptune.errors import fail

# Each environment, and a library that only it has.
LIBRARY: Mapping[str, str] = {
    "train": "axolotl",
    "quantize": "awq",
    "gptq": "llmcompressor",
    "gguf": "auto_round",
    "infer": "vllm",
}

FOLDER = "SHOPTUNE_ENVIRONMENTS"  # names the folder of the environments
_NAME = ".venvs"

# No telemetry, and no network access unless a config names a Hub id.
_QUIET = {
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_NO_USAGE_STATS": "1",
    "WANDB_DISABLED": "true",
}
# On a CPU, AWQ's search for clips allocates and frees 256 MB at every step. With huge pages in torch's allocator,
# quantizing takes half as long (docs/log.md).
_FASTER: Mapping[str, Mapping[str, str]] = {"quantize": {"THP_MEM_ALLOC_ENABLE": "1"}}


def is_here(environment: str) -> bool:
    """Whether this interpreter can run the stages of an environment itself.

    If `SHOPTUNE_<ENVIRONMENT>_PYTHON` is set, it must name this interpreter; otherwise the library must be installed.
    """
    chosen = os.environ.get(_variable(environment))
    if chosen:
        return Path(chosen).absolute() == Path(sys.executable).absolute()
    return importlib.util.find_spec(LIBRARY[environment]) is not None


def default_variables(environment: str | None) -> dict[str, str]:
    """The environment variables to set for processes of an environment (None: this one's), unless the user has."""
    return {**_QUIET, **_FASTER.get(environment or "", {})}


def become(environment: str, module: str, arguments: Sequence[str], variables: Mapping[str, str] = {}) -> NoReturn:
    """Replace this process with `python -m <module> <arguments>` in an environment.

    Replacing it rather than starting a child means that signals reach the stage and nothing outlives a kill.

    Raises:
        ShoptuneError: the environment is not installed.
    """
    python = str(python_of(environment))
    os.execve(python, [python, "-m", module, *arguments], {**default_variables(environment), **variables, **os.environ})


def call(
    environment: str | None,
    module: str,
    arguments: Sequence[str],
    variables: Mapping[str, str] = {},
    stdout: int | TextIO = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m <module> <arguments>` in an environment, as a child process, to its end.

    Args:
        environment: the environment, or None for this interpreter's.
        module: the module to run.
        arguments: its arguments.
        variables: environment variables to set in addition to those of this process.
        stdout: where its output goes, as for `subprocess.run`.
        stderr: where its messages go.

    Raises:
        ShoptuneError: the environment is not installed.
    """
    python = sys.executable if environment is None else str(python_of(environment))
    command = [python, "-W", "ignore", "-m", module, *arguments]
    values = {**default_variables(environment), **os.environ, **variables}
    return subprocess.run(command, stdout=stdout, stderr=stderr, text=True, env=values, check=False)


def python_of(environment: str) -> Path:
    """The interpreter of an environment: the one named by its variable, else `.venvs/<environment>`.

    `.venvs` is searched in the current folder, next to the environment that shoptune runs in, and at the root of a
    checkout, where `make setup` puts it; `SHOPTUNE_ENVIRONMENTS` names another folder.

    Raises:
        ShoptuneError: there is none, or it has another version of shoptune.
    """
    variable = _variable(environment)
    if chosen := os.environ.get(variable):
        if not Path(chosen).is_file():
            raise fail(variable, "", f"no interpreter at '{chosen}'", "correct or unset it")
        return Path(chosen)
    folders = _folders()
    for folder in folders:
        python = folder / environment / "bin" / "python"
        if python.is_file():
            _check_version(python.parents[1])
            return python.absolute()
    raise fail(folders[0] / environment, "", "the environment is not installed", _how_to_install(environment))


def _folders() -> list[Path]:
    """Return the folders that may contain environments: the configured one, or else those near this one."""
    if chosen := os.environ.get(FOLDER):
        return [Path(chosen)]
    here = Path(sys.prefix).parent
    return [Path(_NAME), here / _NAME, *([here] if here.name == _NAME else []), Path(__file__).parents[3] / _NAME]


def _how_to_install(environment: str) -> str:
    otherwise = f"or choose another with {FOLDER} or {_variable(environment)}"
    if (Path(__file__).parents[3] / "Makefile").is_file():
        return f"run `make setup`, {otherwise}"
    extra = environment if environment != "infer" else "infer-gpu" if shutil.which("nvidia-smi") else "infer-cpu"
    folder = _folders()[0] / environment
    return f"run: uv venv {folder} && uv pip install --python {folder} 'shoptune[{extra}]'; {otherwise}"


def _check_version(environment: Path) -> None:
    """Refuse an environment without this version of shoptune; what is not a virtual environment is not looked into.

    Raises:
        ShoptuneError: it has another version, or none.
    """
    if not (environment / "pyvenv.cfg").is_file():
        return
    found = [file.stem.split("-")[1] for file in environment.glob("lib/python3*/site-packages/shoptune-*.dist-info")]
    if __version__ not in found:
        what = f"has shoptune {found[0]}, this is {__version__}" if found else "has no shoptune"
        raise fail(environment, "", what, f"install shoptune {__version__} there too")


def _variable(environment: str) -> str:
    return f"SHOPTUNE_{environment.upper()}_PYTHON"


def go_offline() -> None:
    """Keep libraries loaded after this from contacting a hub; everything they need has been downloaded by now."""
    os.environ.update({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"})
