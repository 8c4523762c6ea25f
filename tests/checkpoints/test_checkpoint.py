"""Checkpoints on disk: which are read, and which are rejected."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import INDEX, Checkpoint, locate, refuse_pickles
from shoptune.errors import ShoptuneError
from tests.publishing import make


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true}')
    (tmp_path / "tokenizer.json").write_text("{}")
    save_file({"b": torch.ones(1)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"a": torch.ones(2)}, tmp_path / "model-00002-of-00002.safetensors")
    weight_map = {"a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors"}
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": weight_map}))
    return tmp_path


def test_shards_come_from_the_index(sharded: Path) -> None:
    save_file({"stray": torch.ones(1)}, sharded / "adapter_model.safetensors")
    checkpoint = Checkpoint(sharded)
    assert [shard.name for shard in checkpoint.shards] == [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    assert list(checkpoint.tensors) == ["b", "a"]
    assert checkpoint.ties_embeddings


@pytest.mark.parametrize(
    "name",
    ["../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "..", "weights.bin", 3, "a\\..\0.safetensors/"],
)
def test_an_index_may_not_point_outside_its_folder(sharded: Path, name: object) -> None:
    save_file({"a": torch.ones(2)}, sharded.parent / "x.safetensors")
    (sharded / INDEX).write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(
        ShoptuneError, match=r"weight_map\.a: refers to .* which is not a safetensors file in this folder"
    ):
        _ = Checkpoint(sharded).shards


@pytest.mark.parametrize("text", ["{}", '{"weight_map": []}', '{"weight_map": {}}'])
def test_an_index_without_names_is_refused(sharded: Path, text: str) -> None:
    (sharded / INDEX).write_text(text)
    with pytest.raises(ShoptuneError, match="weight_map: is missing or empty; restore the index"):
        _ = Checkpoint(sharded).shards


def test_side_files_are_all_but_weights_index_and_manifest(
    sharded: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (sharded / "manifest.json").write_text("{}")
    target = tmp_path_factory.mktemp("copy")
    Checkpoint(sharded).copy_side_files(target, but=["config.json"])
    assert [file.name for file in target.iterdir()] == ["tokenizer.json"]


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "adapter_model.bin", "x.ckpt"]
)
def test_pickled_weights_are_refused(sharded: Path, name: str) -> None:
    (sharded / name).write_bytes(b"")
    with pytest.raises(
        ShoptuneError, match=rf"{name}: is a pickle, which can run arbitrary code when it is loaded; convert it"
    ):
        _ = Checkpoint(sharded).shards


def test_a_trainers_state_files_are_not_weights(tmp_path: Path) -> None:
    for name in ("optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"):
        (tmp_path / name).write_bytes(b"")
    refuse_pickles(tmp_path)
    with pytest.raises(ShoptuneError, match="contains no safetensors weights"):
        _ = Checkpoint(tmp_path).shards


def test_a_folder_is_found_and_a_wrong_one_named(tmp_path: Path) -> None:
    assert locate(str(tmp_path), Path("m.yaml"), "base") == tmp_path
    with pytest.raises(
        ShoptuneError, match=r"^m\.yaml: base: no folder 'runs/no/such'; create it first, or use a Hub id"
    ):
        locate("runs/no/such", Path("m.yaml"), "base")


def test_a_hub_id_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ShoptuneError, match=r"no folder 'nobody/nothing', and it could not be downloaded"):
        locate("nobody/nothing", Path("m.yaml"), "base")


@pytest.mark.parametrize(
    ("text", "problem"), [("[1]", "is not a JSON object"), ("{", "is not JSON"), (None, "no such file")]
)
def test_a_broken_config_is_named(tmp_path: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ShoptuneError, match=problem):
        _ = Checkpoint(tmp_path).config


@pytest.mark.parametrize("stage", ["data", "infer"])
def test_an_artifact_of_another_stage_is_not_a_model(tmp_path: Path, stage: str) -> None:
    make(Request(stage, {}, {}), tmp_path / "made", lambda folder: (folder / "x").write_text("x"))
    with pytest.raises(
        ShoptuneError, match=rf"m.yaml: base: '.*made' is an artifact of `shoptune {stage}`, not a model"
    ):
        locate(str(tmp_path / "made"), Path("m.yaml"), "base")
