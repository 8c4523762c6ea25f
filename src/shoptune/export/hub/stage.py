"""The stage behind `shoptune export hub`: turns an artifact into a folder for `hf upload`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.checkpoints.checkpoint import INDEX, Checkpoint, locate, read_json, refuse_pickles
from shoptune.errors import fail
from shoptune.evaluate.stage import SCORES, read_scores
from shoptune.export.hub.dataset_card import dataset_card, strictest_note
from shoptune.export.hub.generation import FILE as GENERATION
from shoptune.export.hub.generation import write_generation_config
from shoptune.export.hub.kind import ADAPTER_CONFIG, Kind, kind_of, quantization
from shoptune.export.hub.model_card import ModelFacts, model_card
from shoptune.export.hub.training_data import STATS, rows_by_source, training_data
from shoptune.export.lineage import FILE as LINEAGE
from shoptune.export.lineage import Step, lineage_of, write_lineage
from shoptune.runtime.progress import say
from shoptune.stage import Stage

CARD = "README.md"
_VERSION = 1
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+$")
_IN_CACHE = re.compile(r"models--([\w.-]+?)--([\w.-]+)/snapshots")
_OF_AN_ADAPTER = (
    *("adapter_model*.safetensors", "*tokenizer*.json", "added_tokens.json", "special_tokens_map.json", "*.jinja"),
    *("merges.txt", "vocab.*", "LICENSE*", "metrics.jsonl", "loss_curve.svg"),
)


@dataclass(frozen=True)
class Job:
    """The arguments of `shoptune export hub`.

    Attributes:
        folder: the artifact to upload.
        name: its name on the Hub, `owner/name`.
        license: its licence as an identifier of the Hub.
        base: the base's name on the Hub, or None to take it from the lineage.
        scores: an artifact of `shoptune evaluate`, or None.
    """

    folder: Path
    name: str
    license: str = "other"
    base: str | None = None
    scores: Path | None = None


def load(job: Job) -> Job:
    """Check the arguments.

    Raises:
        ShoptuneError: the folder is missing or cannot be uploaded, a name is not one of the Hub, or an adapter's base
            is unknown.
    """
    folder = locate(str(job.folder), Path("export hub"), "DIR") if not job.folder.is_dir() else job.folder
    for option, name in (("--repo", job.name), ("--base", job.base)):
        if name is not None and not _HUB_NAME.match(name):
            raise fail("export hub", option, f"'{name}' is not a name on the Hub", "write it as OWNER/NAME")
    if job.scores and not (job.scores / SCORES).is_file():
        raise fail(job.scores, "--scores", f"has no {SCORES}", "choose an artifact of `shoptune evaluate`")
    if kind_of(folder) is Kind.ADAPTER and base_of(job) is None:
        named = read_json(folder / ADAPTER_CONFIG).get("base_model_name_or_path")
        what = f"names the base '{named}', which is not a name on the Hub"
        raise fail(folder / ADAPTER_CONFIG, "base_model_name_or_path", what, "pass it: --base OWNER/NAME")
    refuse_pickles(folder)
    return job


def request(job: Job) -> Request:
    """List everything that determines the folder."""
    config = {"hub": _VERSION, "name": job.name, "license": job.license, "base": base_of(job)}
    inputs = {"artifact": job.folder} | ({"scores": job.scores} if job.scores else {})
    steps = [(step.name, step.sha256) for step in lineage_of(job.folder)]
    return Request("export", config | {"lineage": steps}, inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Copy the artifact and write its card, its lineage and, for models, generation_config.json.

    Raises:
        ShoptuneError: the artifact is malformed.
    """
    steps = lineage_of(job.folder)
    write_lineage(directory / LINEAGE, steps)
    kind = kind_of(job.folder)
    if kind is Kind.DATASET:
        _write_dataset(job, steps, directory)
        return {}
    if kind is Kind.ADAPTER:
        _copy_adapter(job, directory)
    else:
        _copy_checkpoint(Checkpoint(job.folder), directory)
        write_generation_config(job.folder, directory / GENERATION)
    rows = training_data(steps)
    if note := strictest_note(rows):
        say(f"export hub: {note}")
    (directory / CARD).write_text(model_card(_facts(job, kind, steps)), encoding="utf-8")
    return {}


def next_command(job: Job, out: Path) -> str:
    """Return the command that uploads the folder."""
    kind = " --repo-type dataset" if kind_of(job.folder) is Kind.DATASET else ""
    return f"read {quote(str(out / CARD))}, then hf upload {job.name} {quote(str(out))}{kind}"


HUB: Stage[Job, Job] = Stage("export", load, request, write, next_command)


def base_of(job: Job) -> str | None:
    """Return the base's name on the Hub: as given, or from the Hub's cache, or from an adapter's config."""
    if job.base:
        return job.base
    named = [step.path for step in lineage_of(job.folder) if step.name.startswith("base")]
    if (job.folder / ADAPTER_CONFIG).is_file():
        named.insert(0, str(read_json(job.folder / ADAPTER_CONFIG).get("base_model_name_or_path") or ""))
    for name in named:
        if cached := _IN_CACHE.search(name):
            return "/".join(cached.groups())
        if _HUB_NAME.match(name) and not Path(name).exists():
            return name
    return None


def _facts(job: Job, kind: Kind, steps: Sequence[Step]) -> ModelFacts:
    method = str(quantization(job.folder).get("quant_method", "")) if kind is Kind.QUANTIZED else ""
    scores: Mapping[str, Any] | None = read_scores(job.scores) if job.scores else None
    if scores is None:
        say("export hub: the card has no scores; pass --scores DIR")
    return ModelFacts(job.name, kind, job.license, base_of(job), method, steps, training_data(steps), scores)


def _copy_checkpoint(checkpoint: Checkpoint, directory: Path) -> None:
    checkpoint.copy_side_files(directory, but=[MANIFEST, CARD, GENERATION, LINEAGE])
    for shard in checkpoint.shards:
        shutil.copyfile(shard, directory / shard.name)
    if (checkpoint.path / INDEX).is_file():
        shutil.copyfile(checkpoint.path / INDEX, directory / INDEX)


def _copy_adapter(job: Job, directory: Path) -> None:
    """Copy an adapter without the trainer's state; its config names the base on the Hub."""
    names = {file.name: file for pattern in _OF_AN_ADAPTER for file in job.folder.glob(pattern) if file.is_file()}
    for name, file in sorted(names.items()):
        shutil.copyfile(file, directory / name)
    settings = {**read_json(job.folder / ADAPTER_CONFIG), "base_model_name_or_path": base_of(job)}
    (directory / ADAPTER_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _write_dataset(job: Job, steps: Sequence[Step], directory: Path) -> None:
    """Copy the rows and their statistics, but not the rejected records, which are raw data."""
    for file in (*sorted(job.folder.glob("*.parquet")), job.folder / STATS):
        shutil.copyfile(file, directory / file.name)
    rows = list(rows_by_source(job.folder))
    if note := strictest_note(rows):
        say(f"export hub: {note}")
    card = dataset_card(job.name, job.license, read_json(job.folder / STATS), rows, steps)
    (directory / CARD).write_text(card, encoding="utf-8")
