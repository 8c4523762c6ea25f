"""A training YAML is axolotl's own, checked strictly and completed with what every run needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.config import apply_overrides, file_of, read_yaml
from shoptune.config.paths import plain, resolved
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.train.axolotl_keys import KeyTree, known_keys
from shoptune.train.machine import Machine, parse_machine
from shoptune.train.row_files import missing_rows, with_files

# The key that shoptune adds to axolotl's: the machine that the config is written for.
_MACHINE = "machine"
_OURS = {
    "output_dir": "remove it: --out names the artifact",
    "dataset_prepared_path": "remove it: prepared data is stored next to the artifact while it is made",
    "auto_resume_from_checkpoints": "remove it: an interrupted run always resumes",
    "resume_from_checkpoint": "remove it: an interrupted run always resumes",
}
_ROW_SETS = ("datasets", "test_datasets")
_PATHS = ("base_model", "tokenizer_config", "deepspeed", "chat_template_jinja")
_FEW_ROWS_BYTES = 4_000_000
_PLUGIN = "shoptune.train.plugin.ShoptunePlugin"


@dataclass(frozen=True)
class TrainConfig:
    """A checked training config.

    Attributes:
        file: the YAML it was read from.
        axolotl: axolotl's keys and values.
        machine: what it is written for; None if the config does not say.
    """

    file: Path
    axolotl: Mapping[str, Any]
    machine: Machine | None = None

    @property
    def base_model(self) -> str:
        """Folder or Hub id of the model to start from."""
        return str(self.axolotl["base_model"])

    @property
    def row_sets(self) -> list[Mapping[str, Any]]:
        """The entries of training and test rows."""
        return [*self.axolotl["datasets"], *(self.axolotl.get("test_datasets") or [])]

    @property
    def data_files(self) -> list[Path]:
        """The local files and folders that hold the training and test rows."""
        return [Path(entry["path"]) for entry in self.row_sets if Path(entry["path"]).exists()]

    @property
    def input_files(self) -> list[Path]:
        """The other local files that decide the result: DeepSpeed's config and a chat template."""
        named = (self.axolotl.get(key) for key in ("deepspeed", "chat_template_jinja"))
        return [Path(name) for name in named if isinstance(name, str) and "\n" not in name and Path(name).is_file()]

    def missing_rows(self) -> list[Problem]:
        """A problem for each set of local rows that does not exist."""
        return [
            Problem(self.file, f"{key}[{number}].path", *missing)
            for key in _ROW_SETS
            for number, entry in enumerate(self.axolotl.get(key) or [])
            if entry.get("ds_type") and (missing := missing_rows(entry))
        ]

    def has_few_rows(self) -> bool:
        """Whether all rows are local and few, so that starting processes would take longer than preparing them."""
        paths = [
            path for entry in map(with_files, self.row_sets) for path in entry.get("data_files") or [entry["path"]]
        ]
        files = [[file for file in (path, *path.rglob("*")) if file.is_file()] for path in map(Path, paths)]
        return all(files) and sum(file.stat().st_size for each in files for file in each) < _FEW_ROWS_BYTES

    def hub_rows(self) -> dict[str, str]:
        """The sets of rows that are not on this machine, which are then Hub ids: their keys by path."""
        return {
            entry["path"]: f"{key}[{number}].path"
            for key in _ROW_SETS
            for number, entry in enumerate(self.axolotl.get(key) or [])
            if not Path(entry["path"]).exists()
        }

    def with_rows_at(self, folders: Mapping[str, Path]) -> TrainConfig:
        """The config with sets of rows in folders, by the paths that it names them by."""
        sets = {
            key: [{**entry, "path": str(folders.get(entry["path"], entry["path"]))} for entry in self.axolotl[key]]
            for key in _ROW_SETS
            if self.axolotl.get(key)
        }
        return dataclasses.replace(self, axolotl={**self.axolotl, **sets})

    def on(self, machine: Machine) -> TrainConfig:
        """The config completed for a machine: with an `attn_implementation`, unless it names one."""
        if self.axolotl.get("attn_implementation"):
            return dataclasses.replace(self, machine=machine)
        chosen = {**self.axolotl, "attn_implementation": machine.attention()[0]}
        return dataclasses.replace(self, axolotl=chosen, machine=machine)

    def for_axolotl(self, base_model: Path, directory: Path) -> dict[str, Any]:
        """Return the config for axolotl, with its paths inside the artifact that is being made."""
        plugins = [*(self.axolotl.get("plugins") or []), _PLUGIN]
        expanded = {
            key: [with_files(entry) for entry in self.axolotl[key]] for key in _ROW_SETS if self.axolotl.get(key)
        }
        return {
            **self.axolotl,
            **expanded,
            "base_model": str(base_model),
            "output_dir": str(directory / "checkpoints"),
            "dataset_prepared_path": str(directory / "prepared"),
            "auto_resume_from_checkpoints": True,
            "trust_remote_code": False,
            "plugins": plugins,
        }


def load_train_config(path: Path, overrides: Sequence[str] = (), *, built: bool = True) -> TrainConfig:
    """Read and check a training YAML.

    Args:
        path: the YAML.
        overrides: `key.path=value` texts from `--set`.
        built: whether the rows must exist.

    Raises:
        ShoptuneError: with every problem found: unknown keys, keys that users may not set, missing data files.
    """
    values = apply_overrides(read_yaml(path), overrides)
    if not isinstance(values, dict):
        raise fail(path, "", "is not a mapping of axolotl keys", "write `key: value` lines")
    problems = [*unknown_keys(path, values, {**known_keys(), _MACHINE: None}), *_misuse(path, values)]
    try:
        machine = parse_machine(str(values[_MACHINE])) if values.get(_MACHINE) else None
    except ValueError as error:
        problems.append(Problem(file_of(path, [_MACHINE]), _MACHINE, str(error), "write for example a100x8 or cpu"))
    if problems:
        raise ShoptuneError(problems)
    config = TrainConfig(path, {key: value for key, value in _with_paths(values).items() if key != _MACHINE}, machine)
    if built and (missing := config.missing_rows()):
        raise ShoptuneError(missing)
    return config


def _with_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the paths that the YAML names, relative to it, made relative to the current folder."""
    paths = {key: resolved(values[key]) for key in _PATHS if key in values}
    sets = {
        key: [{**entry, "path": resolved(entry.get("path"))} if isinstance(entry, dict) else entry for entry in entries]
        for key in _ROW_SETS
        if isinstance(entries := values.get(key), list)
    }
    changed: dict[str, Any] = plain({**values, **paths, **sets})
    return changed


def unknown_keys(
    path: Path, values: Any, known: KeyTree | None, where: tuple[int | str, ...] = ()
) -> Iterator[Problem]:
    """A problem for every key that axolotl does not know, at any depth.

    Args:
        path: the file, for the problems.
        values: its content, or a part of it.
        known: the keys that may stand there; None when any may.
        where: the location of the part.
    """
    if isinstance(values, list):
        for number, value in enumerate(values):
            yield from unknown_keys(path, value, known, (*where, number))
    if not isinstance(values, dict) or known is None:
        return
    for key, value in values.items():
        place = (*where, str(key))
        if key not in known:
            remedy = _ALIASES.get(str(key)) or nearest(str(key), known)
            yield Problem(file_of(path, place), _text(place), "unknown axolotl key", remedy)
        else:
            yield from unknown_keys(path, value, known[key], place)


# Other libraries' names for axolotl keys.
_ALIASES = {
    name: f"did you mean '{axolotl}'?"
    for axolotl, names in {
        "lora_r": ("lora_rank", "rank", "r"),
        "micro_batch_size": ("per_device_train_batch_size", "batch_size_per_gpu"),
        "num_epochs": ("num_train_epochs", "epochs"),
        "lr_scheduler": ("lr_scheduler_type",),
        "optimizer": ("optim",),
        "sequence_len": ("cutoff_len", "max_seq_length", "max_length", "model_max_length"),
        "lora_target_modules": ("lora_target", "target_modules"),
    }.items()
    for name in names
}


def _text(place: Sequence[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _misuse(path: Path, values: Mapping[str, Any]) -> Iterator[Problem]:
    for key, remedy in _OURS.items():
        if key in values:
            yield Problem(file_of(path, [key]), key, "is set by shoptune", remedy)
    for place in _places(values, "trust_remote_code", ""):
        yield Problem(path, place, "would run code that a model or data set brings along", "remove it")
    if not values.get("base_model"):
        yield Problem(path, "base_model", "is missing", "choose a folder or a Hub id")
    sets = values.get("datasets")
    if not isinstance(sets, list) or not sets:
        yield Problem(path, "datasets", "is missing", "choose the rows to train on: `- path: DIR`")
        return
    for number, entry in enumerate(sets):
        data = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(data, str) or not data:
            yield Problem(path, f"datasets[{number}].path", "is missing", "choose the folder of the rows")


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
