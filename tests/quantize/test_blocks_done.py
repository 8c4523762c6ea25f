"""Finished blocks on disk are consistent, whenever a run is killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.checkpoint import INDEX, Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.quantize import blocks_done
from shoptune.quantize.activations import Activations
from shoptune.quantize.blocks_done import BlocksDone
from shoptune.quantize.source import PaddedSource


def _block(number: int) -> dict[str, torch.Tensor]:
    return {f"model.layers.{number}.qweight": torch.full((2, 3), number, dtype=torch.int32)}


def test_a_block_counts_once_its_weights_and_the_next_inputs_are_there(tmp_path: Path) -> None:
    done = BlocksDone(tmp_path)
    assert done.count == 0
    done.finish(_block(0), torch.full((1, 2), 0.5))
    done.finish(_block(1), torch.full((1, 2), 1.5))
    again = BlocksDone(tmp_path)
    assert again.count == 2
    assert again.inputs().tolist() == [[1.5, 1.5]]
    assert sorted(path.name for path in tmp_path.glob("inputs-*")) == ["inputs-00002.safetensors"]


@pytest.mark.parametrize("call", range(3))
def test_a_kill_while_a_block_is_kept_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """The write of the weights, of the inputs, and of the mark are interrupted in turn."""
    done = BlocksDone(tmp_path)
    done.finish(_block(0), torch.zeros(1, 2))
    writes = {"_save": blocks_done._save, "write_atomically": blocks_done.write_atomically}
    calls = []

    def counted(name: str):
        def write(*arguments: object) -> None:
            calls.append(name)
            if len(calls) > call:
                raise KeyboardInterrupt
            writes[name](*arguments)

        return write

    for name in writes:
        monkeypatch.setattr(blocks_done, name, counted(name))
    with pytest.raises(KeyboardInterrupt):
        done.finish(_block(1), torch.ones(1, 2))
    monkeypatch.undo()
    again = BlocksDone(tmp_path)
    assert again.count == 1
    assert again.inputs().tolist() == [[0.0, 0.0]]
    again.finish(_block(1), torch.ones(1, 2))
    assert again.inputs().tolist() == [[1.0, 1.0]]


def _source(folder: Path) -> PaddedSource:
    folder.mkdir()
    save_file(
        {"model.embed_tokens.weight": torch.ones(4, 2), "lm_head.weight": torch.ones(4, 2)}, folder / "m.safetensors"
    )
    (folder / "config.json").write_text(json.dumps({"intermediate_size": 2, "tie_word_embeddings": True}))
    return PaddedSource(Checkpoint(folder), 2)


def test_the_checkpoint_has_the_blocks_and_all_other_tensors(tmp_path: Path) -> None:
    done = BlocksDone(tmp_path / "kept")
    for number in (0, 1):
        done.finish(_block(number), torch.zeros(1))
    (tmp_path / "out").mkdir()
    done.assemble(_source(tmp_path / "model"), tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "model.safetensors")
    assert tensors.keys() == {"model.embed_tokens.weight", "model.layers.0.qweight", "model.layers.1.qweight"}
    assert tensors["model.layers.1.qweight"].unique().tolist() == [1]


def test_large_checkpoints_are_written_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_done, "_SHARD_BYTES", 40)  # an embedding of 32 bytes, blocks of 24
    done = BlocksDone(tmp_path / "kept")
    for number in (0, 1):
        done.finish(_block(number), torch.zeros(1))
    out = tmp_path / "out"
    out.mkdir()
    done.assemble(_source(tmp_path / "model"), out)
    assert json.loads((out / INDEX).read_text())["metadata"]["total_size"] == 80
    assert [file.name for file in Checkpoint(out).shards] == [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]


def test_a_full_disk_is_a_one_line_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(ShoptuneError, match=r"needs 0\.0 MB of disk space, but only 0\.0 MB are free; free some space"):
        BlocksDone(tmp_path).finish(_block(0), torch.zeros(1))
    assert [path.name for path in tmp_path.iterdir()] == []


def test_activations_beyond_the_limit_are_on_disk(tmp_path: Path) -> None:
    store = Activations(100, tmp_path)
    tensors = [store.allocate((2, 10), torch.float32) for _ in range(3)]  # 80 bytes each
    assert (store.in_memory, store.on_disk) == (80, 160)
    for number, tensor in enumerate(tensors):
        tensor.fill_(number)
        tensor[:1].div_(2)
    assert [tensor.sum().item() for tensor in tensors] == [0.0, 15.0, 30.0]
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in line]
    assert len(mapped) == 2
    assert list(tmp_path.iterdir()) == []
    store.release()
    assert store.in_memory == 0
