"""Every YAML in the tree is found, and every config of ours loads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shoptune.config import load
from shoptune.data.mixture import load_mixture
from shoptune.data.recipe import load_tasks
from shoptune.infer.profile import load_profile
from shoptune.infer.prompting import Prompting
from shoptune.merge.config import MergeConfig
from shoptune.quantize.config import QuantizeConfig
from shoptune.sweep.config import load_sweep
from shoptune.train.config import load_train_config

ROOT = Path(__file__).parents[1]
_SKIPPED = {".venv", ".venvs", ".git", "runs", "src"}  # tests/plan loads the machines that ship in src
YAMLS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.yaml", "*.yml")
    for path in ROOT.rglob(pattern)
    if not _SKIPPED & set(path.relative_to(ROOT).parts)
)


def test_there_are_configs_of_every_stage() -> None:
    folders = {path.parts[0] for path in YAMLS}
    assert {"data_recipes", "training_configs", "merge", "quantize", "infer"} <= folders


@pytest.mark.parametrize("path", YAMLS, ids=str)
def test_every_yaml_is_valid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: C901 - a table
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# "), "the first line is the command that runs it"
    match path.parts[:-1]:
        case ("data_recipes", "mixtures"):
            load_mixture(path)
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
        case ("infer", *inside):
            assert load(path, Prompting) if inside else load_profile(path)
        case ("examples", "shop") | ("src", "shoptune", "data", "lexicons"):
            assert yaml.safe_load(text)  # the code that reads it has tests of its own
        case (".",) | ():
            assert yaml.safe_load(text)["repos"]  # .pre-commit-config.yaml
        case folder:
            pytest.fail(f"nothing checks the YAMLs in {'/'.join(folder)}")


@pytest.mark.parametrize("path", [path for path in YAMLS if len(path.parts) > 1], ids=str)
def test_a_config_is_run_by_its_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n")[0]
    runs_it = path.name in first or path.parts[0] in ("examples", "src") or path.parent.name == "base"
    assert runs_it, first
