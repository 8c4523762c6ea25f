"""All YAML files are found, and all configs can be loaded."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoptune.cli.app import app
from shoptune.config import load
from shoptune.data.mixture import load_mixture
from shoptune.data.recipe import find_task, load_tasks
from shoptune.errors import ShoptuneError
from shoptune.infer.profile import load_profile
from shoptune.infer.prompting import Prompting
from shoptune.merge.config import MergeConfig
from shoptune.quantize.config import QuantizeConfig
from shoptune.stage import Stage
from shoptune.sweep.config import load_sweep
from shoptune.sweep.grid_config import load_grid
from shoptune.teach.config import TeacherRecipe
from shoptune.train.config import load_train_config
from tests.cli.parsing import parse

ROOT = Path(__file__).parents[1]
_SKIPPED = {".venv", ".venvs", ".git", "runs", "src"}  # tests/plan loads the machines that ship in src


def _yamls() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = set(below) - _SKIPPED  # the environments alone have 200,000 files
        yield from (Path(folder, name).relative_to(ROOT) for name in names if name.endswith((".yaml", ".yml")))


YAMLS = sorted(_yamls())
# The rest is run by scripts and other programs (examples/, pre-commit), or what configs extend (base/).
CONFIGS = [path for path in YAMLS if len(path.parts) > 1 and path.parts[0] != "examples" and path.parent.name != "base"]
# What keeps a config of a real run from being loaded in a fresh checkout.
_NOT_MADE_YET = (
    r"no folder '[^']+'(; create it first|, and it could not be downloaded)"
    r"|no such file or folder 'runs/|^raw: no folder for|^development\.json: no such file"
)


def _first_line(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")


def test_there_are_configs_of_every_stage() -> None:
    folders = {path.parts[0] for path in YAMLS}
    assert {"data_recipes", "training_configs", "merge", "quantize", "infer"} <= folders


@pytest.mark.parametrize("path", YAMLS, ids=str)
def test_every_yaml_is_valid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: C901, PLR0912 - a table
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# "), "the first line is the command that runs it"
    match path.parts[:-1]:
        case ("data_recipes", "mixtures"):
            load_mixture(path)
        case ("data_recipes", "teacher"):
            load(path, TeacherRecipe)
        case ("data_recipes",):
            assert load_tasks(path.parent)
        case ("training_configs", "base"):
            assert any(path.name in file.read_text(encoding="utf-8") for file in path.parents[1].glob("*.yaml"))
        case ("training_configs", *_) | ("examples", "tiny_base_recipe"):
            assert load_train_config(path, built=False).machine
        case ("merge",):
            load(path, MergeConfig)
        case ("merge", "sweeps"):
            load_sweep(path)
        case ("quantize",):
            load(path, QuantizeConfig)
        case ("quantize", "grids"):
            assert load_grid(path).points
        case ("infer", *inside):
            assert load(path, Prompting) if inside else load_profile(path)
        case ("examples", "shop") | ("src", "shoptune", "data", "lexicons"):
            assert yaml.safe_load(text)  # tested together with the code that reads it
        case (".",) | ():
            assert yaml.safe_load(text)["repos"]  # .pre-commit-config.yaml
        case folder:
            pytest.fail(f"nothing checks the YAMLs in {'/'.join(folder)}")


@pytest.mark.parametrize("path", CONFIGS, ids=str)
def test_the_first_line_is_a_command_that_uses_the_config(path: Path) -> None:
    words, parameters = parse(_first_line(path))
    given = {part for value in parameters.values() for part in _texts(value)}
    assert given & {str(path), f"prompting={path}", f"profile={path}"}
    if words == ("data", "preview"):
        assert find_task(load_tasks(path.parent), parameters["task"], path, "").file.name == path.name


@pytest.mark.parametrize("path", [path for path in CONFIGS if "preview" not in _first_line(path)], ids=str)
def test_the_command_in_the_first_line_loads_the_config(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the real command up to the stage's work; only inputs from earlier stages or the Hub may be missing."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    loaded = []

    def load(stage: Stage[Any, Any], arguments: Any, out: Path, *, force: bool = False) -> None:
        loaded.append(stage.name)
        stage.load(arguments)

    monkeypatch.setattr("shoptune.stage.execute", load)
    try:
        app(args=shlex.split(_first_line(path))[1:], standalone_mode=False)
    except ShoptuneError as error:
        problems = [str(problem) for problem in error.problems]
        assert not [problem for problem in problems if not re.search(_NOT_MADE_YET, problem)]
    assert len(loaded) == 1


def _texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]
