"""An adapter trained on another base is detected, with and without a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from shoptune.artifacts.manifest import digest
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.merge.config import MergeConfig
from shoptune.merge.plan import Plan
from shoptune.merge.sources import Sources

from .conftest import HIDDEN, LAYER, WriteAdapter

_FACTORS = {LAYER: (torch.ones(2, HIDDEN), torch.ones(HIDDEN, 2))}


def _plan(base: Checkpoint, adapter: Path, **settings: object) -> Plan:
    values = {"base": str(base.path), "adapters": [{"path": str(adapter)}], **settings}
    return Plan(MergeConfig.model_validate(values), Sources(base, [adapter]))


def _other_model(base: Checkpoint, name: str, **changes: object) -> Path:
    folder = base.path.parent / name
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(dict(base.config) | changes))
    return folder


@pytest.mark.parametrize(
    "name", ["", "base", "owner/Base", "/elsewhere/base", "/cache/models--owner--base/snapshots/0a1b", None]
)
def test_the_same_name_is_accepted(
    base: Checkpoint, write_adapter: WriteAdapter, name: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = _plan(base, write_adapter("x", _FACTORS, base_model_name_or_path=name))
    assert plan.targets
    assert capsys.readouterr().err == ""


def test_another_name_is_refused_or_reported(
    base: Checkpoint, write_adapter: WriteAdapter, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = write_adapter("x", _FACTORS, base_model_name_or_path="owner/base-instruct")
    what = f"adapters[0]: was trained on owner/base-instruct, not on {base.path}, according to its adapter_config.json"
    with pytest.raises(ShoptuneError) as caught:
        _plan(base, adapter)
    assert str(caught.value) == f"{adapter}: {what}; merge it into its own base, or set other_base: warn"
    _plan(base, adapter, other_base="warn")
    assert f"merge: {adapter}: {what}\n" in capsys.readouterr().err


def test_another_architecture_is_refused_although_shapes_and_name_fit(
    base: Checkpoint, write_adapter: WriteAdapter
) -> None:
    other = _other_model(base, "deep", model_type="llama")
    twin = other / "base"
    twin.mkdir()
    (twin / "config.json").write_bytes((other / "config.json").read_bytes())
    with pytest.raises(ShoptuneError, match=r"was trained on .*base, whose model_type is llama, not qwen2; merge it"):
        _plan(base, write_adapter("x", _FACTORS, base_model_name_or_path=str(twin)))


def test_a_base_with_more_layers_is_refused(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    (base.path / "config.json").write_text(json.dumps(dict(base.config) | {"num_hidden_layers": 4}))
    deeper = Checkpoint(base.path)
    with pytest.raises(ShoptuneError, match=r"changes layers 0 to 0, but .* has 4 layers; merge it into its own base"):
        _plan(deeper, write_adapter("x", _FACTORS))
    _plan(deeper, write_adapter("chosen", _FACTORS, layers_to_transform=[0]))


def test_a_manifest_decides_whatever_the_name_says(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    adapter = write_adapter("x", _FACTORS, base_model_name_or_path="owner/other")
    inputs = {"base_model": {"path": "runs/base", "sha256": digest(base.path)}}
    (adapter / "manifest.json").write_text(json.dumps({"stage": "train", "inputs": inputs, "outputs": {}}))
    _plan(base, adapter)
    inputs["base_model"]["sha256"] = "0" * 64
    (adapter / "manifest.json").write_text(json.dumps({"stage": "train", "inputs": inputs, "outputs": {}}))
    with pytest.raises(ShoptuneError, match=r"was trained on runs/base, whose weights are not those of"):
        _plan(base, adapter)
