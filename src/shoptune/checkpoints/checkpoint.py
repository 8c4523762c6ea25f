"""Model checkpoints as files: local folders or hub ids, safetensors only."""

from __future__ import annotations

import fnmatch
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.manifest import MANIFEST, read_manifest
from shoptune.checkpoints.hub import local_folder
from shoptune.errors import fail

if TYPE_CHECKING:
    from shoptune.checkpoints.tensor_file import TensorSpec

INDEX = "model.safetensors.index.json"
PICKLES = ("pytorch_model*.bin", "model*.bin", "adapter_model.bin", "consolidated*.pth", "*.ckpt", "*.pt", "*.pkl")
# Trainers leave these beside an adapter; they are not weights and are never read.
_TRAINER_STATE = frozenset({"optimizer.pt", "scheduler.pt", "scaler.pt"})
_DOWNLOADED = ("*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt", "README.md", "LICENSE*")

_WITHOUT_MODEL = ("data", "ingest", "sweep", "infer", "evaluate")  # stages that write no checkpoint and no adapter


@dataclass(frozen=True)
class Checkpoint:
    """A folder with config.json and safetensors weights."""

    path: Path

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The model's config.json.

        Raises:
            ShoptuneError: there is none, or it is not a JSON object.
        """
        return read_json(self.path / "config.json")

    @cached_property
    def shards(self) -> list[Path]:
        """The weight files, in order of name.

        Raises:
            ShoptuneError: there are none, or the index is malformed or names a file outside the folder.
        """
        refuse_pickles(self.path)
        index = self.path / INDEX
        if index.is_file():
            return [self.path / name for name in _indexed_files(index)]
        files = sorted(self.path.glob("*.safetensors"))
        if not files:
            raise fail(self.path, "", "holds no safetensors weights", "name the folder of a whole checkpoint")
        return files

    @cached_property
    def tensors(self) -> Mapping[str, TensorSpec]:
        """Every tensor by name, shard by shard in the order of their bytes."""
        from shoptune.checkpoints.tensor_file import (
            read_header,
        )  # loads torch, which is not needed to see whether an artifact is up to date

        return {spec.name: spec for shard in self.shards for spec in read_header(shard)}

    @property
    def ties_embeddings(self) -> bool:
        """Whether the output layer shares the input embedding; a tensor for it in the files is then ignored."""
        return bool(self.config.get("tie_word_embeddings"))

    def refuse_quantized(self) -> None:
        """Refuse quantized weights, which are packed integers and scales.

        Raises:
            ShoptuneError: config.json has a quantization_config.
        """
        if settings := self.config.get("quantization_config"):
            method = settings.get("quant_method", "some method") if isinstance(settings, dict) else "some method"
            what = f"the weights are quantized already, by {method}"
            raise fail(self.path / "config.json", "quantization_config", what, "name the checkpoint it was made from")

    def side_files(self) -> list[Path]:
        """Everything but the weights, their index and the manifest: tokenizer, configs, model card, licence."""
        return [
            file
            for file in sorted(self.path.iterdir())
            if file.is_file() and file.suffix != ".safetensors" and file.name not in {INDEX, MANIFEST}
        ]

    def copy_side_files(self, directory: Path, *, but: Iterable[str] = ()) -> None:
        """Copy the side files into another folder, byte for byte, except those named in `but`."""
        skipped = set(but)
        for file in self.side_files():
            if file.name not in skipped:
                shutil.copyfile(file, directory / file.name)


def locate(reference: str, file: Path, key: str) -> Path:
    """The local folder of a checkpoint or adapter; a hub id is downloaded first.

    Args:
        reference: what the config says.
        file: the config, for the error.
        key: the key path in it, for the error.

    Raises:
        ShoptuneError: there is no such folder, and no such repository on the hub within reach; or the folder is an
            artifact of a stage that does not write models.
    """
    folder = local_folder(reference, _DOWNLOADED, "model", file=file, key=key)
    stage = (read_manifest(folder) or {}).get("stage")
    if stage in _WITHOUT_MODEL:
        what = f"'{reference}' is an artifact of `shoptune {stage}`, not a model"
        raise fail(file, key, what, "name a model, or an artifact of train, merge or quantize")
    return folder


def _indexed_files(index: Path) -> list[str]:
    """The names of the weight files that an index lists, sorted.

    Raises:
        ShoptuneError: the index is malformed, or a name in it is not that of a safetensors file in the same folder.
    """
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise fail(index, "weight_map", "is missing or empty", "restore the index, or delete it if there is one shard")
    for tensor, name in weight_map.items():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            what = f"names {name!r}, which is not a safetensors file in this folder"
            raise fail(index, f"weight_map.{tensor}", what, "use a checkpoint from a source you trust")
    return sorted(set(weight_map.values()))


def refuse_pickles(directory: Path) -> None:
    """Refuse pickled weights: loading a pickle runs whatever code it holds.

    Raises:
        ShoptuneError: the folder holds one.
    """
    for file in sorted(directory.iterdir()):
        if file.name not in _TRAINER_STATE and any(fnmatch.fnmatch(file.name, pattern) for pattern in PICKLES):
            raise fail(
                file,
                "",
                "is a pickle, which can run code when it is loaded",
                f"convert it: shoptune convert {quote(str(directory))} --out DIR",
            )


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file.

    Raises:
        ShoptuneError: the file is missing or holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise fail(path, "", "no such file", "name the folder of a whole checkpoint") from error
    except ValueError as error:
        raise fail(path, "", f"is not JSON ({error})", "restore the file") from error
    if not isinstance(value, dict):
        raise fail(path, "", "is not a JSON object", "restore the file")
    return value
