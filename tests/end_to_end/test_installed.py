"""shoptune installed from a wheel and run in an empty folder, without access to the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from shoptune.evaluate.stage import read_scores
from tests.installed import Installed

pytestmark = pytest.mark.slow

QUESTION = {"input_field": "Explain", "output_field": "a b", "metric": "rougel"}
MIXTURE = "tasks: {esci_query_generation: 4, mmlu_general: 2}\n"
MERGE = "base: examples/tiny_base\nadapters: [adapter]\nwise_ft_alpha: 0.5\n"


def _adapter(folder: Path, base: Path) -> None:
    shape = json.loads((base / "config.json").read_text())
    hidden = shape["hidden_size"]
    factors = {"lora_A": torch.ones(2, hidden), "lora_B": torch.full((hidden, 2), 0.01)}
    modules = [f"base_model.model.model.layers.{n}.self_attn.q_proj" for n in range(shape["num_hidden_layers"])]
    tensors = {f"{module}.{name}.weight": each.clone() for module in modules for name, each in factors.items()}
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def test_the_commands_of_the_core_environment(installed: Installed, tiny_base: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = installed.run(tmp_path, *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr

    (tmp_path / "mixture.yaml").write_text(MIXTURE)
    run("data", "build", "mixture.yaml", "--raw", "examples/raw", "--out", "rows")
    rows = [row for file in (tmp_path / "rows").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert {row["task_name"] for row in rows} == {"esci_query_generation", "mmlu_general"}

    _adapter(tmp_path / "adapter", tiny_base)
    (tmp_path / "merge.yaml").write_text(MERGE)
    assert "verdict: fits" in run("plan", "merge.yaml")
    run("merge", "merge.yaml", "--out", "merged")
    assert (tmp_path / "merged" / "model.safetensors").is_file()

    (tmp_path / "q.json").write_text(json.dumps(QUESTION) + "\n")
    (tmp_path / "p.jsonl").write_text(json.dumps({"input_field": "Explain", "prediction": "a b"}) + "\n")
    run("evaluate", "p.jsonl", "--questions", "q.json", "--out", "scores/mine")
    assert read_scores(tmp_path / "scores" / "mine")["overall"]["by_task"] == 1
    run("report", ".")
    assert "mine" in (tmp_path / "report.html").read_text()


def test_configs_are_used_by_name_or_copied(installed: Installed, tmp_path: Path) -> None:
    result = installed.run(tmp_path, "plan", "infer/t4x4.yaml", "--machine", "t4x4", environment="bare")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "infer/t4x4.yaml: not in this folder, so the one that ships with shoptune is used\n"
    result = installed.run(tmp_path, "configs", "copy", "infer", "data_recipes/esci.yaml", environment="bare")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "data_recipes" / "esci.yaml").is_file()
    result = installed.run(tmp_path, "plan", "infer/t4x4.yaml", "--machine", "t4x4", environment="bare")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("data tasks", "error: pyarrow: is not installed; run: pip install 'shoptune[data]'\n"),
        ("data build mixture.yaml --raw raw --out rows", "run: pip install 'shoptune[data]'\n"),
        ("evaluate p.jsonl --questions q.json --out scores", "run: pip install 'shoptune[evaluate]'\n"),
        ("merge merge.yaml --out merged", "error: torch: is not installed; run: pip install 'shoptune[merge]'\n"),
        ("report .", "run: pip install 'shoptune[report]'\n"),
    ],
)
def test_a_missing_extra_is_a_one_line_error(command: str, problem: str, installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "mixture.yaml").write_text(MIXTURE)
    (tmp_path / "merge.yaml").write_text(MERGE)
    (tmp_path / "adapter").mkdir()
    result = installed.run(tmp_path, *command.split(), environment="bare")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert result.stderr.endswith(problem)


def test_a_missing_environment_is_a_one_line_error(installed: Installed, tmp_path: Path) -> None:
    command = ("infer", "infer/cpu.yaml", "--model", "examples/tiny_base", "--questions", "q.json", "--out", "out")
    (tmp_path / "q.json").write_text(json.dumps(QUESTION) + "\n")
    variables = {"SHOPTUNE_ENVIRONMENTS": str(tmp_path)}
    result = installed.run(tmp_path, *command, environment="bare", variables=variables)
    assert result.returncode == 2
    assert "infer: the environment is not installed; run: uv venv" in result.stderr.splitlines()[-1]
