"""The quantize stage: turns a merged checkpoint into a 4-bit checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints import transformers4
from shoptune.checkpoints.checkpoint import Checkpoint, locate, read_json
from shoptune.config import load as load_config
from shoptune.errors import fail
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.engine import Work, select_device
from shoptune.quantize.widths import check_widths, intermediate_size, padded_width
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.stage import ConfigFile, Stage

REPORT = "quantize_report.json"
_LOG = "engine.log"
_TOKENIZERS = ("tokenizer.json", "vocab.json", "tokenizer.model")
_WEIGHTS_AND_CONFIG = ("config.json", "model.safetensors")


@dataclass(frozen=True)
class Job:
    """The checkpoint to quantize, and the config."""

    config: QuantizeConfig
    checkpoint: Checkpoint


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
    config.engine.check(checkpoint)
    check_widths(checkpoint, config.engine.group_size, config.tensor_parallel)
    return Job(config, checkpoint)


def request(job: Job) -> Request:
    """List everything that determines the 4-bit checkpoint."""
    inputs = {"model": job.checkpoint.path} | job.config.calibration.inputs
    return Request("quantize", job.config.model_dump(mode="json"), inputs)


def environment(job: Job) -> str:
    """Return the name of the environment in which the engine is installed."""
    return job.config.engine.environment


def require(job: Job, _directory: Path) -> None:
    """Check that the device is available, and hide GPUs from an engine that should compute on the CPU."""
    select_device(job.config.device)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Pad the checkpoint with zeros, then quantize it.

    The tokenizer and other side files are copied byte for byte, since the engine's version of transformers would write
    them in its own format.

    Raises:
        ShoptuneError: the checkpoint cannot be padded or quantized, or a scale is NaN or infinite.
    """
    from shoptune.quantize.pad import (
        pad_checkpoint,  # imports torch, which is not needed to find that the artifact is up to date
    )

    go_offline()
    config, checkpoint = job.config, job.checkpoint
    width = padded_width(intermediate_size(checkpoint), config.engine.group_size, config.tensor_parallel)
    padded = directory / "padded"
    padded.mkdir()
    with bar("pad", sum(spec.nbytes for spec in checkpoint.tensors.values())) as progress:
        pad_checkpoint(checkpoint, width, padded, progress)
    with bar("quantize", 1) as progress, redirect_output(directory / _LOG):
        report = _quantize(checkpoint, padded, config, directory)
        progress.advance()
    (directory / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(padded)
    return {}


def _quantize(checkpoint: Checkpoint, padded: Path, config: QuantizeConfig, directory: Path) -> dict[str, object]:
    from transformers import AutoTokenizer

    from shoptune.checkpoints.tensor_file import sort_metadata
    from shoptune.quantize.calibration import calibration_set
    from shoptune.shopbench.chat_tokenizer import ChatTokenizer

    _make_readable(padded)
    tokenizer = AutoTokenizer.from_pretrained(padded, trust_remote_code=False)
    chats = ChatTokenizer(tokenizer, padded, config.calibration.chat_template_arguments)
    calibration = calibration_set(config.calibration, chats)
    details = config.engine.quantize(Work(Checkpoint(padded), calibration.blocks, config.device, directory))
    checkpoint.copy_side_files(directory, but=_WEIGHTS_AND_CONFIG)
    quantized = Checkpoint(directory)
    for shard in quantized.shards:
        sort_metadata(shard)
    _check_scales(quantized)
    return {"engine": config.engine.engine, "calibration": calibration.summary(), **details}


def _make_readable(padded: Path) -> None:
    """Convert what transformers 5 wrote, if this environment has transformers 4, and check that it is read the same.

    Raises:
        ShoptuneError: it would be read as another model.
    """
    import transformers

    if not transformers.__version__.startswith("4."):
        return
    original = read_json(padded / transformers4.CONFIG)
    transformers4.convert(padded)
    loaded = transformers.AutoConfig.from_pretrained(padded, trust_remote_code=False)
    transformers4.check_reading(original, loaded.to_dict(), padded / transformers4.CONFIG)


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
    "quantize", load, request, write, next_command, environment=environment, require=require
)
