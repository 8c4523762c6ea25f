"""AutoAWQ over a padded checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.tensor_file import read_rows
from shoptune.errors import fail
from shoptune.quantize.calibration import calibration_set
from shoptune.quantize.config import QuantizeConfig
from shoptune.shopbench.chat_tokenizer import ChatTokenizer

REPORT = "calibration.json"
_WEIGHTS_AND_CONFIG = ("config.json", "model.safetensors")


def quantize(padded: Checkpoint, config: QuantizeConfig, directory: Path) -> None:
    """Round a padded checkpoint's linear layers to 4 bits and write the AWQ checkpoint.

    The tokenizer and the other side files are the padded checkpoint's own, byte for byte: AutoAWQ would write them in
    the dialect of its transformers version.

    Raises:
        ShoptuneError: the calibration questions do not serve, or a scale came out as NaN or infinite.
    """
    from awq import AutoAWQForCausalLM
    from transformers import AutoTokenizer

    from shoptune.quantize.search import ScaleSearch

    tokenizer = AutoTokenizer.from_pretrained(padded.path, trust_remote_code=False)
    chats = ChatTokenizer(tokenizer, padded.path, config.calibration.chat_template_arguments)
    prompts = calibration_set(config.calibration, chats)
    dtype = torch.float32 if config.device == "cpu" else torch.float16
    model = AutoAWQForCausalLM.from_pretrained(
        str(padded.path), device_map=config.device, torch_dtype=dtype, safetensors=True, trust_remote_code=False
    )
    model.quantize(
        tokenizer,
        quant_config=config.awq.model_dump(include={"w_bit", "q_group_size", "zero_point", "version"}),
        calib_data=prompts.prompts,
        max_calib_samples=config.calibration.max_samples,
        max_calib_seq_len=config.calibration.max_length,
        apply_clip=config.awq.apply_clip,
        duo_scaling=config.awq.duo_scaling,
        quantizer_cls=ScaleSearch,
    )
    model.save_quantized(str(directory), safetensors=True)
    padded.copy_side_files(directory, but=_WEIGHTS_AND_CONFIG)
    counts = {"used": len(prompts.prompts), **{key: asdict(prompts)[key] for key in ("too_long", "surplus")}}
    (directory / REPORT).write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    _check_scales(Checkpoint(directory))


def _check_scales(checkpoint: Checkpoint) -> None:
    for spec in checkpoint.tensors.values():
        if spec.name.endswith(".scales") and not torch.isfinite(read_rows(spec)).all():
            raise fail(spec.file, spec.name, "AWQ gave a scale that is NaN or infinite", "calibrate on more questions")
