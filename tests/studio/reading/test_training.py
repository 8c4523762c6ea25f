"""Curves of finished and running trainings, and the modules of adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import MEASURED
from shoptune.studio.reading.training import by_kind, is_adapter, modules_of, smoothed, trainings
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make

LOG = [
    {"step": 2, "epoch": 0.5, "loss": 3.0, "learning_rate": 1e-4, "tokens": 1_000},
    {"step": 2, "epoch": 0.5, "eval_loss": 2.5},
    {"step": 4, "epoch": 1.0, "loss": 1.0, "learning_rate": 5e-5, "tokens": 2_000},
]


def _adapter(folder: Path) -> None:
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in LOG))
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))
    module = "base_model.model.model.layers.0.self_attn.{}_proj.lora_{}.weight"
    tensors = {
        module.format("q", "A"): torch.ones(2, 8),
        module.format("q", "B"): torch.ones(8, 2),
        module.format("k", "A"): torch.ones(2, 8),
        module.format("k", "B"): torch.ones(4, 2),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / MEASURED).write_text(json.dumps({"tokens_per_second": [[4, 250.0]]}))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    make(Request("train", {"lora_r": 2}, {}), tmp_path / "run" / "adapter", _adapter)
    return RunFolder.open(tmp_path / "run")


def test_the_curves_of_a_finished_training(run: RunFolder) -> None:
    (training,) = trainings(run)
    assert training.name == "adapter"
    assert training.curve("loss") == [(2, 3.0), (4, 1.0)]
    assert training.curve("eval_loss", "epoch") == [(0.5, 2.5)]
    assert training.curve("loss", "tokens") == [(1_000, 3.0), (2_000, 1.0)]
    assert training.curve("tokens_per_second") == [(4, 250.0)]
    assert training.curve("grad_norm") == []
    assert training.seconds is not None
    assert training.tokens_per_second == pytest.approx(2_000 / training.seconds) if training.seconds else True
    assert is_adapter(training)


def test_modules_have_ranks_and_parameters(run: RunFolder) -> None:
    modules = modules_of(run.root / "adapter")
    assert {(module.kind, module.rank, module.rows, module.columns) for module in modules} == {
        ("q_proj", 2, 8, 8),
        ("k_proj", 2, 4, 8),
    }
    kinds = {kind.kind: kind for kind in by_kind(modules)}
    assert kinds["q_proj"].parameters == 2 * (8 + 8)
    assert kinds["k_proj"].parameters == 2 * (4 + 8)
    assert kinds["k_proj"].shapes == ((4, 8),)


def test_a_running_training_shows_what_is_there(run: RunFolder) -> None:
    partial = run.root / "next.partial"
    partial.mkdir()
    assert len(trainings(run)) == 1  # a folder of another stage
    (partial / "job.json").write_text(json.dumps({"axolotl": {"lora_r": 8}}))
    assert trainings(run)[1].entries == []
    (partial / "metrics.jsonl").write_text(json.dumps(LOG[0]) + '\n{"step": 3, "lo')
    (partial / "speed.jsonl").write_text("[2, 500.0]\n")
    (partial / "progress.json").write_text(json.dumps({"step": 3, "steps": 10}))
    training = trainings(run)[1]
    assert (training.name, training.seconds, training.progress) == ("next", None, {"step": 3, "steps": 10})
    assert training.config == {"lora_r": 8}
    assert training.curve("loss") == [(2, 3.0)]
    assert training.curve("tokens_per_second") == [(2, 500.0)]
    assert training.tokens_per_second is None


def test_smoothing_by_hand() -> None:
    # averages 0.5 * 2 = 1 and 0.5 * 1 + 0.5 * 4 = 2.5, divided by 1 - 0.5 and 1 - 0.25
    assert smoothed([(1, 2.0), (2, 4.0)], 0.5) == [(1, 2.0), (2, pytest.approx(2.5 / 0.75))]
    assert smoothed([(1, 2.0), (2, 4.0)], 0.0) == [(1, 2.0), (2, 4.0)]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(0, 0.99))
def test_a_smoothed_curve_stays_within_its_values(values: list[float], weight: float) -> None:
    result = [y for _, y in smoothed(list(enumerate(values)), weight)]
    assert len(result) == len(values)
    assert min(values) - 1e-6 <= min(result) <= max(result) <= max(values) + 1e-6
