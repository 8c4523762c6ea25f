"""The quantize stage: turns a merged checkpoint into a 4-bit checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import require_space
from shoptune.checkpoints import transformers4
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.config import load as load_config
from shoptune.errors import fail
from shoptune.parity.config import require_environments
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.engine import Work, select_device
from shoptune.quantize.widths import check_widths, intermediate_size, padded_width, refuse_experts
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar, say
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import load_asked
from shoptune.stage import ConfigFile, Stage

if TYPE_CHECKING:
    from shoptune.quantize.calibration import CalibrationSet
    from shoptune.quantize.layers import Layer

REPORT = "quantize_report.json"
_LOG = "engine.log"
_KEPT = "kept"
_BLOCKS = ".layers."
_PACKED_BYTES = 0.6  # per weight, with the scales and zero points of groups of 32
_TOKENIZERS = ("tokenizer.json", "vocab.json", "tokenizer.model")
_WEIGHTS_AND_CONFIG = ("config.json", "model.safetensors")


@dataclass(frozen=True)
class Job:
    """The checkpoint to quantize, and the config."""

    config: QuantizeConfig
    checkpoint: Checkpoint

    @property
    def width(self) -> int:
        """The padded width of the feed-forward layers."""
        config = self.config
        return padded_width(intermediate_size(self.checkpoint), config.engine.group_size, config.tensor_parallel)


def load(arguments: ConfigFile) -> Job:
    """Read the quantize YAML and locate its checkpoint.

    Raises:
        ShoptuneError: the YAML is invalid, or the checkpoint is missing or cannot be quantized.
    """
    config = load_config(arguments.file, QuantizeConfig, arguments.overrides)
    checkpoint = Checkpoint(locate(config.model, arguments.file, "model"))
    checkpoint.refuse_quantized()
    if not any((checkpoint.path / name).is_file() for name in _TOKENIZERS):
        remedy = "copy its base model's tokenizer files into the folder"
        raise fail(checkpoint.path, "", f"has no tokenizer ({' or '.join(_TOKENIZERS)})", remedy)
    _ = checkpoint.shards  # raises for missing weights, pickles and an index that leads out of the folder
    refuse_experts(checkpoint)
    check_widths(checkpoint, config.engine.group_size, config.tensor_parallel)
    if config.calibration.questions:
        load_asked(Path(config.calibration.questions))  # before the engine is imported
    return Job(config, checkpoint)


def request(job: Job) -> Request:
    """List everything that determines the 4-bit checkpoint."""
    inputs = {"model": job.checkpoint.path} | job.config.calibration.inputs
    config = job.config.model_dump(mode="json", exclude={"parity"})  # changes no weight
    return Request("quantize", config, inputs)


def environment(job: Job) -> str | None:
    """The environment of the engine."""
    return job.config.engine.environment


def require(job: Job, directory: Path) -> None:
    """Check that the device is there and the disk large enough, and hide GPUs from an engine that is to use the CPU.

    Raises:
        ShoptuneError: there is no GPU, or too little space.
    """
    if job.config.parity:
        require_environments(job.config.parity)
    if job.config.engine.calibrates:
        select_device(job.config.device)
    require_space(directory, _bytes_to_write(job))


def _bytes_to_write(job: Job) -> int:
    """The padded checkpoint; or the finished blocks in 4 bits with their scales, and the checkpoint made of them."""
    padded = job.width / intermediate_size(job.checkpoint)
    if not job.config.engine.calibrates:
        return int(padded * sum(spec.nbytes for spec in job.checkpoint.tensors.values()))
    entries = [
        (spec.name, spec.rows * spec.row_bytes / spec.dtype.itemsize) for spec in job.checkpoint.tensors.values()
    ]
    blocks = sum(count for name, count in entries if _BLOCKS in name)
    return int(2 * padded * _PACKED_BYTES * blocks + 2 * (sum(count for _, count in entries) - blocks))


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Quantize the checkpoint, padded with zeros while it is read.

    The tokenizer and the other side files are copied byte for byte, since the engine's version of transformers would
    write them in its own dialect. An interrupted run resumes with the layers that are missing.

    Raises:
        ShoptuneError: the checkpoint cannot be padded or quantized, a scale is NaN or infinite, or the parity gate is
            not passed.
    """
    from shoptune.quantize.layers import sentences
    from shoptune.quantize.parity_forms import check_parity
    from shoptune.quantize.source import PaddedSource

    go_offline()
    kept = directory / _KEPT
    kept.mkdir(exist_ok=True)
    with bar("quantize", 1) as progress, redirect_output(kept / _LOG):
        report, layers = _quantize(job, directory, kept)
        progress.advance()
    (directory / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for line in sentences(layers) if layers else ():
        say(f"quantize: {line}")
    if job.config.parity and layers:
        workspace = kept / "parity"
        shutil.rmtree(workspace, ignore_errors=True)
        check_parity(job.config.parity, PaddedSource(job.checkpoint, job.width), directory, workspace)
    shutil.rmtree(kept)
    return {}


def _quantize(job: Job, directory: Path, kept: Path) -> tuple[dict[str, object], Sequence[Layer]]:
    from shoptune.checkpoints.tensor_file import sort_metadata
    from shoptune.quantize.layers import Grid, LayerChecks, base_of, report
    from shoptune.quantize.source import PaddedSource

    config, engine = job.config, job.config.engine
    source = PaddedSource(job.checkpoint, job.width)
    base, missing = base_of(job.checkpoint.path)
    checks = LayerChecks(source, Grid(engine.group_size, engine.symmetric), base, kept / "layers")
    calibration = _calibration(job, kept) if engine.calibrates else None
    blocks = calibration.blocks if calibration else ()
    limit = int(config.activation_memory * 10**9)
    details = engine.quantize(Work(source, blocks, config.device, directory, kept, checks, limit))
    source.copy_side_files(directory, but=_WEIGHTS_AND_CONFIG)
    quantized = Checkpoint(directory)
    for shard in quantized.shards:
        sort_metadata(shard)
    _check_scales(quantized)
    layers = checks.layers()
    figures = {"engine": engine.engine, "calibration": calibration.summary() if calibration else None}
    return {**figures, **(report(layers, missing) if layers else {}), **details}, layers


def _calibration(job: Job, kept: Path) -> CalibrationSet:
    from shoptune.quantize.calibration import calibration_set
    from shoptune.shopbench.chat_tokenizer import ChatTokenizer

    path, settings = job.checkpoint.path, job.config.calibration
    tokenizer = _tokenizer(job.checkpoint, kept / "tokenizer")
    return calibration_set(settings, ChatTokenizer(tokenizer, path, settings.chat_template_arguments))


def _tokenizer(checkpoint: Checkpoint, scratch: Path) -> Any:
    """The checkpoint's tokenizer; transformers 4 gets a copy in its own terms.

    Raises:
        ShoptuneError: transformers cannot load it.
    """
    import transformers

    folder = checkpoint.path
    if transformers.__version__.startswith("4."):
        folder = scratch
        folder.mkdir(exist_ok=True)
        checkpoint.copy_side_files(folder)
        transformers4.convert(folder)
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (AttributeError, ImportError, KeyError, OSError, TypeError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        what = f"transformers {transformers.__version__} cannot load the tokenizer ({first})"
        raise fail(checkpoint.path, "", what, "copy its base model's tokenizer files into the folder") from error


def _check_scales(checkpoint: Checkpoint) -> None:
    import torch

    from shoptune.checkpoints.tensor_file import read_rows

    for spec in checkpoint.tensors.values():
        if spec.name.endswith(("scales", "weight_scale")) and not torch.isfinite(read_rows(spec)).all():
            raise fail(spec.file, spec.name, "contains NaN or infinite values", "calibrate on more samples")


def next_command(_job: Job, out: Path) -> str:
    """Return the command that answers questions with the 4-bit checkpoint."""
    return f"shoptune infer PROFILE.yaml --model {quote(str(out))} --questions FILE --out DIR"


QUANTIZE: Stage[ConfigFile, Job] = Stage(
    "quantize", load, request, write, next_command, environment=environment, require=require, resumes=True
)
