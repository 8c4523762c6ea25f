"""The stage behind `shoptune export gguf`: AutoRound, with llama.cpp's own converter inside, writes a GGUF file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import require_space
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import fail, nearest
from shoptune.runtime.environments import go_offline
from shoptune.runtime.redirection import redirect_output
from shoptune.stage import Stage, environment

# Bits per weight, approximately, by type; the K types mix several widths.
TYPES: Mapping[str, float] = {
    "q8_0": 8.5,
    "q6_k": 6.6,
    "q5_k_m": 5.7,
    "q5_k_s": 5.5,
    "q5_0": 5.5,
    "q4_k_m": 4.9,
    "q4_k_s": 4.6,
    "q4_0": 4.6,
    "q3_k_m": 3.9,
    "q3_k_s": 3.5,
    "q2_k_s": 3.0,
}
DEFAULT = "q4_k_m"
_LOG = "autoround.log"
_SCRATCH = "scratch"


@dataclass(frozen=True)
class Job:
    """The arguments of `shoptune export gguf`.

    Attributes:
        model: folder or Hub id of a checkpoint that is not quantized.
        type: the element type of most weights, in llama.cpp's terms.
    """

    model: Path
    type: str = DEFAULT


def load(job: Job) -> Job:
    """Locate the checkpoint.

    Raises:
        ShoptuneError: the type is unknown, or the checkpoint is missing or quantized.
    """
    if job.type not in TYPES:
        raise fail("export gguf", "--type", f"there is no type '{job.type}'", nearest(job.type, TYPES))
    folder = locate(str(job.model), Path("export gguf"), "DIR")
    Checkpoint(folder).refuse_quantized()
    return Job(folder, job.type)


def request(job: Job) -> Request:
    """List everything that determines the file."""
    return Request("export", {"gguf": job.type}, {"model": job.model})


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Convert the checkpoint, rounding each weight to the nearest value of the type, without calibration.

    Raises:
        ShoptuneError: there is not enough space, or the converter does not know the architecture or the tokenizer.
    """
    checkpoint = Checkpoint(job.model)
    size = sum(shard.stat().st_size for shard in checkpoint.shards)
    require_space(directory, int(size * TYPES[job.type] / 16))
    go_offline()
    os.environ["AUTO_ROUND_GGUF_AUTO_UPDATE"] = "0"  # it would download code
    scratch = directory / _SCRATCH
    with redirect_output(directory / _LOG):
        from auto_round import AutoRound

        format_name = f"gguf:{job.type}"
        try:
            rounding = AutoRound(str(job.model), scheme=format_name, iters=0, disable_opt_rtn=True, device_map="cpu")
            rounding.quantize_and_save(str(scratch), format=format_name)
        except NotImplementedError as error:
            what = f"the converter does not know this model or its tokenizer: {error}"
            raise fail(job.model, "", what, "choose a model that llama.cpp supports") from error
    [file] = scratch.rglob("*.gguf")
    file.replace(directory / f"{job.model.name}-{job.type}.gguf")
    shutil.rmtree(scratch)
    return {}


def next_command(job: Job, out: Path) -> str:
    """Return the command that serves the file."""
    return f"llama-server --model {quote(str(out / f'{job.model.name}-{job.type}.gguf'))}"


GGUF: Stage[Job, Job] = Stage("export", load, request, write, next_command, environment=environment("gguf"))
