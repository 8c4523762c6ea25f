"""Model checkpoints: local folders or Hub ids, with weights in safetensors files only."""

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
ADAPTER = "adapter_config.json"
PICKLES = ("pytorch_model*.bin", "model*.bin", "adapter_model.bin", "consolidated*.pth", "*.ckpt", "*.pt", "*.pkl")
# Files that trainers write next to an adapter. They are not weights and are never read.
_TRAINER_STATE = frozenset({"optimizer.pt", "scheduler.pt", "scaler.pt"})
_DOWNLOADED = ("*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt", "README.md", "LICENSE*")

_WITHOUT_MODEL = ("data", "ingest", "sweep", "infer", "evaluate")  # stages that write no checkpoint and no adapter


@dataclass(frozen=True)
class Checkpoint:
    """A folder with config.json and safetensors weights."""

    path: Path

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The content of the model's config.json.

        Raises:
            ShoptuneError: the file is missing, or is not a JSON object.
        """
        self.refuse_adapter()
        return read_json(self.path / "config.json")

    @cached_property
    def shards(self) -> list[Path]:
        """The weight files, sorted by name.

        Raises:
            ShoptuneError: there are none, or the index is malformed or refers to a file outside of the folder.
        """
        refuse_pickles(self.path)
        index = self.path / INDEX
        if index.is_file():
            return [self.path / name for name in _indexed_files(index)]
        files = sorted(self.path.glob("*.safetensors"))
        if not files:
            raise fail(self.path, "", "contains no safetensors weights", "choose the folder of a complete checkpoint")
        return files

    @cached_property
    def tensors(self) -> Mapping[str, TensorSpec]:
        """All tensors by name, in the order of the shards and of the bytes in each shard."""
        from shoptune.checkpoints.tensor_file import (
            read_header,
        )  # imports torch, which is not needed to find that an artifact is up to date

        return {spec.name: spec for shard in self.shards for spec in read_header(shard)}

    @property
    def ties_embeddings(self) -> bool:
        """Whether the output layer shares the input embedding. If so, a tensor for it in the files is ignored."""
        return bool(self.config.get("tie_word_embeddings"))

    def refuse_adapter(self) -> None:
        """Refuse an adapter where a whole model is needed.

        Raises:
            ShoptuneError: the folder has an adapter's config, and no model's.
        """
        if (self.path / ADAPTER).is_file() and not (self.path / "config.json").is_file():
            remedy = "choose its base model, or merge the two first: shoptune merge"
            raise fail(self.path, "", "is an adapter, not a checkpoint", remedy)

    def refuse_quantized(self) -> None:
        """Raise if the weights are quantized, since they are packed integers and scales.

        Raises:
            ShoptuneError: config.json has a quantization_config.
        """
        if settings := self.config.get("quantization_config"):
            method = settings.get("quant_method", "some method") if isinstance(settings, dict) else "some method"
            what = f"the weights are already quantized with {method}"
            raise fail(self.path / "config.json", "quantization_config", what, "choose the unquantized checkpoint")

    def side_files(self) -> list[Path]:
        """All files except the weights, their index and the manifest: tokenizer, configs, model card, license."""
        return [
            file
            for file in sorted(self.path.iterdir())
            if file.is_file() and file.suffix != ".safetensors" and file.name not in {INDEX, MANIFEST}
        ]

    def copy_side_files(self, directory: Path, *, but: Iterable[str] = ()) -> None:
        """Copy the side files into another folder, byte for byte, except those listed in `but`."""
        skipped = set(but)
        for file in self.side_files():
            if file.name not in skipped:
                shutil.copyfile(file, directory / file.name)


def locate(reference: str, file: Path, key: str) -> Path:
    """Return the local folder of a checkpoint or adapter, after downloading it if necessary.

    Args:
        reference: a folder or a Hub id.
        file: the config, for errors.
        key: the key path in the config, for errors.

    Raises:
        ShoptuneError: neither the folder nor a repository of that name can be found, or the folder is the artifact of
            a stage that does not write models.
    """
    folder = local_folder(reference, _DOWNLOADED, "model", file=file, key=key)
    stage = (read_manifest(folder) or {}).get("stage")
    if stage in _WITHOUT_MODEL:
        what = f"'{reference}' is an artifact of `shoptune {stage}`, not a model"
        raise fail(file, key, what, "choose a model, or an artifact of train, merge or quantize")
    return folder


def _indexed_files(index: Path) -> list[str]:
    """Return the sorted names of the weight files that an index lists.

    Raises:
        ShoptuneError: the index is malformed, or lists something other than safetensors files in the same folder.
    """
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise fail(index, "weight_map", "is missing or empty", "restore the index, or delete it if there is one shard")
    for tensor, name in weight_map.items():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            what = f"refers to {name!r}, which is not a safetensors file in this folder"
            raise fail(index, f"weight_map.{tensor}", what, "use a checkpoint from a source you trust")
    return sorted(set(weight_map.values()))


def refuse_pickles(directory: Path) -> None:
    """Raise if a folder contains pickled weights, since loading a pickle can run arbitrary code.

    Raises:
        ShoptuneError: the folder contains pickled weights.
    """
    for file in sorted(directory.iterdir()):
        if file.name not in _TRAINER_STATE and any(fnmatch.fnmatch(file.name, pattern) for pattern in PICKLES):
            raise fail(
                file,
                "",
                "is a pickle, which can run arbitrary code when it is loaded",
                f"convert it: shoptune convert {quote(str(directory))} --out DIR",
            )


def read_json(path: Path, remedy: str = "choose the folder of a complete checkpoint") -> Mapping[str, Any]:
    """Read a JSON object from a file.

    Args:
        path: the file.
        remedy: the remedy if the file is missing.

    Raises:
        ShoptuneError: the file is missing, or is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise fail(path, "", "no such file", remedy) from error
    except ValueError as error:
        raise fail(path, "", f"is not JSON ({error})", "restore the file") from error
    if not isinstance(value, dict):
        raise fail(path, "", "is not a JSON object", "restore the file")
    return value
