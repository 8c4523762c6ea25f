"""Configs written by transformers 5 are converted so that transformers 4 reads them correctly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptune.checkpoints.transformers4 import (
    check_reading,
    convert,
    for_transformers_4,
    is_from_transformers_5,
    tokenizer_for_transformers_4,
)
from shoptune.errors import ShoptuneError

_FILE = Path("config.json")
_LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def _config(**changes: Any) -> dict[str, Any]:
    return {"model_type": "llama", "hidden_size": 64, "dtype": "float32", "transformers_version": "5.16.1", **changes}


def test_rotary_embeddings_and_the_element_type_get_their_old_names() -> None:
    converted = for_transformers_4(_config(rope_parameters={"rope_theta": 500000.0, **_LLAMA3}), _FILE)
    assert (converted["rope_theta"], converted["rope_scaling"]) == (500000.0, _LLAMA3)
    assert converted["torch_dtype"] == "float32"
    assert converted.keys().isdisjoint({"rope_parameters", "dtype"})
    plain = {"rope_type": "default", "rope_theta": 1e6, "partial_rotary_factor": 0.5}
    converted = for_transformers_4(_config(rope_parameters=plain), _FILE)
    assert (converted["rope_theta"], converted["partial_rotary_factor"], converted["rope_scaling"]) == (1e6, 0.5, None)


def test_equal_rotary_embeddings_of_all_types_of_layers_are_one() -> None:
    each = {"rope_type": "default", "rope_theta": 20000.0}
    rope = {"full_attention": each, "sliding_attention": dict(each)}
    assert for_transformers_4(_config(rope_parameters=rope), _FILE)["rope_theta"] == 20000.0


def test_phi3_takes_three_fields_only() -> None:
    rope = {
        "rope_type": "longrope",
        "rope_theta": 10000.0,
        "short_factor": [1.0],
        "long_factor": [2.0],
        "partial_rotary_factor": 1.0,
        "original_max_position_embeddings": 64,
    }
    config = _config(model_type="phi3", rope_parameters=rope, original_max_position_embeddings=64)
    scaling = for_transformers_4(config, _FILE)["rope_scaling"]
    assert scaling == {"rope_type": "longrope", "type": "longrope", "short_factor": [1.0], "long_factor": [2.0]}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"rope_parameters": {"full_attention": {"rope_theta": 1.0}, "sliding_attention": {"rope_theta": 2.0}}},
            "rope_parameters: differ by type of layer",
        ),
        (
            {"rope_parameters": {"rope_type": "proportional", "rope_theta": 1.0}},
            "is 'proportional', which transformers 4",
        ),
        ({"layer_types": ["full_attention", "sliding_attention"]}, r"layer_types\[1\]: is sliding_attention, which"),
        ({"model_type": "gemma2", "layer_types": ["full_attention"]}, r"layer_types\[0\]: is full_attention, which"),
    ],
)
def test_configs_that_transformers_4_cannot_express_are_rejected(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ShoptuneError, match=problem) as caught:
        for_transformers_4(_config(**changes), _FILE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sliding"),
    [
        ({"model_type": "gemma2"}, [True, False, True, False]),
        (
            {"model_type": "qwen2", "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 3},
            [0, 0, 0, 1],
        ),
        ({"model_type": "qwen3", "use_sliding_window": False, "sliding_window": None}, [0, 0, 0, 0]),
    ],
)
def test_layers_that_transformers_4_computes_alike_pass(changes: dict[str, Any], sliding: list[int]) -> None:
    layers = ["sliding_attention" if each else "full_attention" for each in sliding]
    assert "layer_types" not in for_transformers_4(_config(**changes, layer_types=layers), _FILE)


def test_a_field_that_is_read_differently_is_refused() -> None:
    original = _config(rope_parameters={"rope_theta": 500000.0, "rope_type": "default"}, tie_word_embeddings=False)
    read = {
        "model_type": "llama",
        "hidden_size": 64,
        "rope_theta": 500000.0,
        "rope_scaling": None,
        "torch_dtype": "float32",
    }
    check_reading(original, read | {"tie_word_embeddings": False}, _FILE)
    with pytest.raises(ShoptuneError) as caught:
        check_reading(original, read | {"tie_word_embeddings": True, "rope_theta": 10000.0}, _FILE)
    assert {problem.where for problem in caught.value.problems} == {"tie_word_embeddings", "rope_theta"}


def test_configs_written_by_transformers_4_are_unchanged(tmp_path: Path) -> None:
    config = {"model_type": "llama", "rope_theta": 5.0, "torch_dtype": "float16", "transformers_version": "4.51.3"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    convert(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == config
    assert not is_from_transformers_5(config)


def test_a_tokenizer_without_a_class_of_its_own() -> None:
    settings = {
        "backend": "tokenizers",
        "tokenizer_class": "TokenizersBackend",
        "extra_special_tokens": ["<|a|>"],
        "eos_token": "<|e|>",
    }
    assert tokenizer_for_transformers_4(settings) == {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "additional_special_tokens": ["<|a|>"],
        "eos_token": "<|e|>",
    }
    kept = {"tokenizer_class": "Qwen2Tokenizer", "extra_special_tokens": {"image_token": "<i>"}}
    assert tokenizer_for_transformers_4(kept) == kept
