"""Pickled weights are converted to safetensors, and code in them is never run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from shoptune.checkpoints.checkpoint import INDEX, Checkpoint, refuse_pickles
from shoptune.convert.stage import CONVERT, load
from shoptune.errors import ShoptuneError
from shoptune.stage import run

pytestmark = pytest.mark.slow  # pickles are read in a process of its own, which imports torch


class _Malicious:
    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._file),)


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    shards = {"pytorch_model-00001-of-00002.bin": {"a": torch.arange(6.0).view(2, 3)}}
    shared = torch.randn(4).half()
    shards["pytorch_model-00002-of-00002.bin"] = {"b": shared, "c": shared, "d": torch.ones(3, 2).T}
    for name, tensors in shards.items():
        torch.save(tensors, folder / name)
    weight_map = {tensor: name for name, tensors in shards.items() for tensor in tensors}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text("{}")
    (folder / "training_args.bin").write_bytes(b"")
    return folder


def test_every_tensor_and_side_file_is_there(sharded: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    run(CONVERT, load(sharded), out)
    assert {file.name for file in out.iterdir()} == {
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", INDEX, "config.json", "manifest.json",
    }  # fmt: skip
    first, second = (load_file(shard) for shard in Checkpoint(out).shards)
    assert torch.equal(first["a"], torch.arange(6.0).view(2, 3))
    assert torch.equal(second["b"], second["c"])
    assert (second["b"].dtype, second["d"].shape) == (torch.float16, (2, 3))
    assert set(Checkpoint(out).tensors) == {"a", "b", "c", "d"}


def test_an_adapter(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    torch.save({"x.lora_A.weight": torch.ones(2, 2)}, folder / "adapter_model.bin")
    (folder / "adapter_config.json").write_text("{}")
    run(CONVERT, load(folder), tmp_path / "new")
    assert load_file(tmp_path / "new" / "adapter_model.safetensors")["x.lora_A.weight"].sum() == 4
    assert "merge" in CONVERT.next_command(load(folder), tmp_path / "new")


def test_code_in_a_pickle_is_not_run(sharded: Path, tmp_path: Path) -> None:
    torch.save({"a": _Malicious(tmp_path / "was-run")}, sharded / "pytorch_model-00001-of-00002.bin")
    with pytest.raises(ShoptuneError, match=r"00001-of-00002\.bin: holds more than tensors, which could run code"):
        run(CONVERT, load(sharded), tmp_path / "new")
    assert not (tmp_path / "was-run").exists()
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_not_a_pickle_is_a_one_line_error(sharded: Path, tmp_path: Path) -> None:
    (sharded / "pytorch_model-00001-of-00002.bin").write_bytes(b"not a pickle")
    with pytest.raises(ShoptuneError) as caught:
        run(CONVERT, load(sharded), tmp_path / "new")
    assert "\n" not in str(caught.value)


def test_a_folder_without_pickles_and_a_missing_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="contains no pickled weights"):
        load(tmp_path)
    with pytest.raises(ShoptuneError, match="no such folder"):
        load(tmp_path / "missing")


def test_a_refused_pickle_names_the_command(sharded: Path) -> None:
    with pytest.raises(ShoptuneError, match=rf"convert it: shoptune convert {sharded} --out DIR"):
        refuse_pickles(sharded)
