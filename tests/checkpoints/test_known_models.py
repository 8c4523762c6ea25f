"""The shapes of models that ship with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.checkpoints import known_models
from shoptune.checkpoints.known_models import known_model_config

# hidden size, layers, intermediate size, attention heads, key-value heads, from the model cards
SHAPES = {
    "Qwen/Qwen2-72B-Instruct": (8192, 80, 29568, 64, 8),
    "Qwen/Qwen2-7B-Instruct": (3584, 28, 18944, 28, 4),
    "Qwen/Qwen2-1.5B-Instruct": (1536, 28, 8960, 12, 2),
    "Qwen/Qwen2-0.5B-Instruct": (896, 24, 4864, 14, 2),
}
KEYS = ("hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "num_key_value_heads")


@pytest.mark.parametrize("reference", SHAPES)
def test_the_shapes_of_a_known_model(reference: str) -> None:
    config = known_model_config(reference)
    assert config is not None
    assert tuple(config[key] for key in KEYS) == SHAPES[reference]


def test_a_revision_and_the_case_do_not_matter() -> None:
    assert known_model_config("qwen/qwen2-7b-instruct@main") == known_model_config("Qwen/Qwen2-7B-Instruct") is not None


@pytest.mark.parametrize(
    "reference", ["Qwen/Qwen2-72B", "Qwen2-72B-Instruct", "someone/Qwen2-7B-Instruct", "runs/x", ""]
)
def test_other_models_are_unknown(reference: str) -> None:
    assert known_model_config(reference) is None


def test_every_shipped_file_is_the_published_config(real_qwen2_configs: Path) -> None:
    shipped = Path(known_models.__file__).parent / "model_configs"
    published = sorted(real_qwen2_configs.glob("*.json"))
    assert [file.name for file in published] == sorted(file.name for file in shipped.glob("*.json"))
    for file in published:
        assert json.loads((shipped / file.name).read_text()) == json.loads(file.read_text())
