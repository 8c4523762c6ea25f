"""Find the model to plan for: from a config.json, a folder, or the shapes that ship with the package."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shoptune.checkpoints.checkpoint import read_json
from shoptune.checkpoints.known_models import known_model_config
from shoptune.errors import fail
from shoptune.plan.shapes import Shape, shape_of

ASSUMED: Final = "Qwen/Qwen2-72B-Instruct"


@dataclass(frozen=True)
class Model:
    """A model, described by its shapes.

    Attributes:
        name: the model's name, as given by the user or the config.
        shape: the model's shapes.
        local: whether the weights are on this machine.
        assumed: the reason why this model was assumed, or empty if the user or the config names it.
    """

    name: str
    shape: Shape
    local: bool
    assumed: str = ""


def named_model(reference: str, file: str | Path, where: str) -> Model:
    """Find the model that `--model` or a config names.

    Args:
        reference: a config.json, a folder with one, or the Hub id of a model whose shapes ship with the package.
        file: the config, for errors.
        where: the key in the config, for errors.

    Raises:
        ShoptuneError: the model's shapes are not available.
    """
    path = Path(reference)
    if path.is_file():
        return Model(reference, shape_of(read_json(path), path), local=False)
    if (path / "config.json").is_file():
        return Model(reference, shape_of(read_json(path / "config.json"), path / "config.json"), local=True)
    if known := known_model_config(reference):
        return Model(reference, shape_of(known, reference), local=_is_cached(reference))
    what = f"'{reference}' is neither a config.json, nor a folder with one, nor a known model of the Qwen2 family"
    raise fail(file, where, what, f"pass its config.json as --model, or a Hub id such as {ASSUMED}")


def config_model(reference: str | None, file: Path, where: str) -> Model:
    """Find the model of a config. If it names none, or a folder that does not exist yet, assume Qwen2-72B-Instruct.

    Raises:
        ShoptuneError: the config names a model whose shapes are not available.
    """
    if reference is None:
        why = "the config names no model"
    elif _is_yet_to_come(reference):
        why = f"'{reference}' does not exist yet"
    else:
        return named_model(reference, file, where)
    return Model(ASSUMED, _known_shape(), local=True, assumed=why)


def _known_shape() -> Shape:
    config: Mapping[str, Any] = known_model_config(ASSUMED) or {}
    return shape_of(config, ASSUMED)


def _is_yet_to_come(reference: str) -> bool:
    """Whether a reference is the path of an artifact that an earlier command writes, rather than a Hub id."""
    looks_like_path = reference.count("/") != 1 or reference.startswith(("runs/", "./", "../", "/", "~"))
    return looks_like_path and not Path(reference).exists()


def _is_cached(reference: str) -> bool:
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    return (cache / f"models--{reference.partition('@')[0].replace('/', '--')}" / "snapshots").is_dir()
