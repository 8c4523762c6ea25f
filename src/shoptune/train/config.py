"""A training YAML is axolotl's own, checked strictly and completed with what every run of ours needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.config import apply_overrides, read_yaml
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.train.axolotl_keys import ALIASES, KeyTree, known_keys

_OURS = {
    "output_dir": "remove it: --out names the artifact",
    "dataset_prepared_path": "remove it: prepared data lie beside the artifact while it is made",
    "auto_resume_from_checkpoints": "remove it: an interrupted run always goes on",
    "resume_from_checkpoint": "remove it: an interrupted run always goes on",
}
_PLUGIN = "shoptune.train.plugin.ShoptunePlugin"


@dataclass(frozen=True)
class TrainConfig:
    """A checked training config.

    Attributes:
        file: the YAML it was read from.
        axolotl: axolotl's keys and values.
    """

    file: Path
    axolotl: Mapping[str, Any]

    @property
    def base_model(self) -> str:
        """Folder or hub id of the model to start from."""
        return str(self.axolotl["base_model"])

    @property
    def data_files(self) -> list[Path]:
        """The local files and folders that hold the training and test rows."""
        sets = [*self.axolotl["datasets"], *(self.axolotl.get("test_datasets") or [])]
        return [Path(entry["path"]) for entry in sets if Path(entry["path"]).exists()]

    def for_axolotl(self, base_model: Path, directory: Path) -> dict[str, Any]:
        """What axolotl is given: the config, with its paths inside the artifact that is being made."""
        plugins = [*(self.axolotl.get("plugins") or []), _PLUGIN]
        return {
            **self.axolotl,
            "base_model": str(base_model),
            "output_dir": str(directory / "checkpoints"),
            "dataset_prepared_path": str(directory / "prepared"),
            "auto_resume_from_checkpoints": True,
            "trust_remote_code": False,
            "plugins": plugins,
        }


def load_train_config(path: Path, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read and check a training YAML.

    Raises:
        ShoptuneError: with every problem found: unknown keys, keys that are not the user's to set, missing data files.
    """
    values = apply_overrides(read_yaml(path), overrides)
    if not isinstance(values, dict):
        raise fail(path, "", "is no mapping of axolotl keys", "write `key: value` lines")
    problems = [*unknown_keys(path, values, known_keys()), *_misuse(path, values)]
    if problems:
        raise ShoptuneError(problems)
    return TrainConfig(path, values)


def unknown_keys(path: Path, values: Any, known: KeyTree | None, where: str = "") -> Iterator[Problem]:
    """A problem for every key that axolotl does not know, at any depth.

    Args:
        path: the file, for the problems.
        values: its content, or a part of it.
        known: the keys that may stand there; None when any may.
        where: the key path of the part.
    """
    if isinstance(values, list):
        for number, value in enumerate(values):
            yield from unknown_keys(path, value, known, f"{where}[{number}]")
    if not isinstance(values, dict) or known is None:
        return
    for key, value in values.items():
        place = f"{where}.{key}" if where else str(key)
        if key not in known:
            yield Problem(path, place, "unknown axolotl key", nearest(str(key), known, ALIASES))
        else:
            yield from unknown_keys(path, value, known[key], place)


def _misuse(path: Path, values: Mapping[str, Any]) -> Iterator[Problem]:
    for key, remedy in _OURS.items():
        if key in values:
            yield Problem(path, key, "is set by shoptune", remedy)
    for place in _places(values, "trust_remote_code", ""):
        yield Problem(path, place, "would run code that a model or data set brings along", "remove it")
    if not values.get("base_model"):
        yield Problem(path, "base_model", "missing", "name a folder or a hub id")
    sets = values.get("datasets")
    if not isinstance(sets, list) or not sets:
        yield Problem(path, "datasets", "missing", "name the rows to train on: `- path: DIR`")
        return
    for number, entry in enumerate(sets):
        data = str(entry.get("path", "")) if isinstance(entry, dict) else ""
        if not data or (entry.get("ds_type") and not Path(data).exists()):
            what = f"no such file or folder '{data}'" if data else "missing"
            yield Problem(path, f"datasets[{number}].path", what, "build the rows first: shoptune data build")


def _places(values: Any, key: str, where: str) -> Iterator[str]:
    """Where a key is set to a true value, at any depth."""
    if isinstance(values, list):
        for number, value in enumerate(values):
            yield from _places(value, key, f"{where}[{number}]")
    elif isinstance(values, Mapping):
        for name, value in values.items():
            place = f"{where}.{name}" if where else str(name)
            if name == key and value:
                yield place
            yield from _places(value, key, place)
