"""The quantize stage rejects unsuitable inputs before any work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shoptune.errors import ShoptuneError
from shoptune.quantize.engine import select_device
from shoptune.quantize.stage import load
from shoptune.stage import ConfigFile


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"w": torch.ones(1)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"hidden_size": 256, "num_attention_heads": 4}))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def _load(model: Path, *overrides: str) -> None:
    file = model.parent / "q.yaml"
    (model.parent / "q.json").write_text('{"input_field": "Explain"}\n')
    file.write_text(f"model: {model}\ncalibration: {{questions: q.json}}\ndevice: cpu\ntensor_parallel: 1\n")
    load(ConfigFile(file, overrides))


def test_a_suitable_checkpoint_is_accepted(model: Path) -> None:
    _load(model)
    _load(model, "tensor_parallel=2")


def test_a_quantized_checkpoint_is_refused(model: Path) -> None:
    (model / "config.json").write_text(json.dumps({"quantization_config": {"quant_method": "awq"}}))
    with pytest.raises(ShoptuneError, match=r"quantization_config: the weights are already quantized with awq; choose"):
        _load(model)


def test_a_checkpoint_without_a_tokenizer_is_refused(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    with pytest.raises(ShoptuneError, match=r"has no tokenizer \(tokenizer\.json or vocab\.json or tokenizer\.model\)"):
        _load(model)


def test_groups_that_do_not_divide_the_width_are_refused(model: Path) -> None:
    with pytest.raises(
        ShoptuneError, match=r"num_attention_heads: gives a width of 256, which is not a multiple of 128"
    ):
        _load(model, "tensor_parallel=4")
    (model / "config.json").write_text(json.dumps({"hidden_size": 200}))
    with pytest.raises(ShoptuneError, match=r"hidden_size: gives a width of 200, which is not a multiple of 128"):
        _load(model)


def test_a_missing_gpu_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ShoptuneError, match=r"^device: is cuda, but torch finds no GPU; use a machine with a GPU, or"):
        select_device("cuda")


def test_the_cpu_hides_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    select_device("cpu")
    import os

    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
