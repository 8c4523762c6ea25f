"""The quantize stage: from a merged checkpoint to an AWQ checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.pad import intermediate_size, pad_checkpoint, padded_width
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output

_LOG = "autoawq.log"


def request(config: QuantizeConfig, model: Path) -> Request:
    """What the AWQ checkpoint is made from."""
    inputs = {"model": model, "questions": Path(config.calibration.questions)}
    return Request("quantize", config.model_dump(mode="json"), inputs)


def run(config: QuantizeConfig, file: Path, out: Path, *, force: bool = False) -> Artifact:
    """Pad a checkpoint with zeros, then quantize it.

    Args:
        config: what to quantize, and how.
        file: where the config was read from, for errors.
        out: the artifact's directory.
        force: quantize even when the artifact is up to date.

    Raises:
        ShoptuneError: the checkpoint cannot be padded or quantized.
    """
    checkpoint = Checkpoint(locate(config.model, file, "model"))
    width = padded_width(intermediate_size(checkpoint), config.awq.q_group_size, config.tensor_parallel)

    def write(build: Build) -> None:
        go_offline()
        padded = build.directory / "padded"
        padded.mkdir()
        with bar("pad", sum(spec.nbytes for spec in checkpoint.tensors.values())) as progress:
            pad_checkpoint(checkpoint, width, padded, progress)
        with bar("quantize", 1) as progress, redirect_output(build.directory / _LOG):
            from shoptune.quantize.awq import quantize

            quantize(Checkpoint(padded), config, build.directory)
            progress.advance()
        shutil.rmtree(padded)

    return make(request(config, checkpoint.path), out, write, force=force)
