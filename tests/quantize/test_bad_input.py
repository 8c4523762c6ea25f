"""Bad inputs of quantize and merge are one-line errors with exit status 2, and leave no artifact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shoptune.checkpoints.checkpoint import INDEX, Checkpoint
from shoptune.cli import main


def _change(model: Path, **values: object) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | values))


def _point_outside(model: Path) -> None:
    names = dict.fromkeys(Checkpoint(model).tensors, "../elsewhere.safetensors")
    (model / INDEX).write_text(json.dumps({"weight_map": names}))


def _remove_tokenizer(model: Path) -> None:
    for name in ("tokenizer.json", "vocab.json"):
        (model / name).unlink()


def _quantized(model: Path) -> None:
    _change(model, quantization_config={"quant_method": "awq"})


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "quantized": (_quantized, "quantization_config: the weights are already quantized with awq; "),
    "no tokenizer": (_remove_tokenizer, "has no tokenizer (tokenizer.json or vocab.json or tokenizer.model); "),
    "width": (
        lambda model: _change(model, hidden_size=200),
        "hidden_size: gives a width of 200, which is not a multiple",
    ),
    "heads": (
        lambda model: _change(model, num_attention_heads=3, head_dim=64),
        "num_attention_heads: gives a width of 192, which is not a multiple of 128 weights per group x 1 GPUs; ",
    ),
    "index": (_point_outside, "'../elsewhere.safetensors', which is not a safetensors file in this folder; "),
    "other family": (lambda model: _change(model, intermediate_size=None), "intermediate_size: is missing; "),
}


@pytest.fixture(autouse=True)
def _in_the_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


@pytest.fixture
def model(tmp_path: Path, tiny_base: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(tiny_base, copy, ignore=shutil.ignore_patterns("manifest.json"))
    return copy


def _refused(capsys: pytest.CaptureFixture[str], out: Path, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(out)])
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("error: ")
    assert not out.exists()
    left = out.with_name(out.name + ".partial")
    assert not left.exists() or {path.name for path in left.iterdir()} <= {".request.json", "kept"}
    return line


def _quantize(model: Path) -> list[str]:
    settings = [f"model={model}", "engine=pad", "awq=null", "parity=null"]
    return ["quantize", "quantize/demo.yaml", *(part for setting in settings for part in ("--set", setting))]


@pytest.mark.parametrize("fault", FAULTS)
def test_quantize_refuses(fault: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, expected = FAULTS[fault]
    spoil(model)
    assert expected in _refused(capsys, tmp_path / "out", *_quantize(model))


def test_quantize_needs_space(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPTUNE_SKIP_CHECKS", "1")  # the plan would say it first
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000_000})())
    line = _refused(capsys, tmp_path / "out", *_quantize(model))
    assert "MB of disk space" in line


@pytest.mark.parametrize("fault", ["quantized", "index"])
def test_merge_refuses(fault: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, expected = FAULTS[fault]
    spoil(model)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    stem = "base_model.model.model.layers.0.self_attn.q_proj"
    factors = {f"{stem}.lora_A.weight": torch.ones(1, 256), f"{stem}.lora_B.weight": torch.ones(256, 1)}
    save_file(factors, adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 1, "lora_alpha": 1}))
    file = tmp_path / "merge.yaml"
    file.write_text(f"base: {model}\nadapters: [{adapter}]\n")
    assert expected in _refused(capsys, tmp_path / "out", "merge", str(file))


def test_the_model_without_a_fault_is_padded(model: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*_quantize(model), "--out", str(tmp_path / "out")])
    assert not ended.value.code
    assert Checkpoint(tmp_path / "out").config["intermediate_size"] == 768
