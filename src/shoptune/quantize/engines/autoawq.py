"""AutoAWQ: activation-aware weight quantization (Lin et al. 2023, arXiv 2306.00978)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.config import Settings
from shoptune.errors import fail
from shoptune.quantize.engine import QuantizerEngine, Work

# AutoAWQ knows more architectures; the feed-forward layers of these can be padded.
_MODELS = ("Yi", "aquila", "gemma", "gemma2", "llama", "mistral", "phi3", "qwen2", "qwen3")


class AwqSettings(Settings):
    """AutoAWQ's settings, under its names and with its defaults.

    Attributes:
        w_bit: the number of bits per weight.
        q_group_size: the number of consecutive weights that share a scale.
        zero_point: use asymmetric quantization, which stores a zero point per group.
        version: the layout of the packed weights.
        apply_clip: also search for a range to clip each group of weights to.
        duo_scaling: take the magnitudes of weights into account in the search for scales, not only activations.
    """

    w_bit: Literal[4] = 4
    q_group_size: Literal[32, 64, 128] = 128
    zero_point: bool = True
    version: Literal["gemm"] = "gemm"
    apply_clip: bool = True
    duo_scaling: bool = True


class AutoAwq(QuantizerEngine):
    """AWQ with AutoAWQ.

    Attributes:
        awq: settings of AutoAWQ.
    """

    environment: ClassVar[str] = "quantize"

    engine: Literal["autoawq"] = "autoawq"
    awq: AwqSettings = AwqSettings()

    @property
    def group_size(self) -> int:
        """`q_group_size`."""
        return self.awq.q_group_size

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse mixtures of experts and architectures that AutoAWQ does not know.

        Raises:
            ShoptuneError: the model is one of them.
        """
        super().check(checkpoint)
        kind = checkpoint.config.get("model_type")
        if kind is not None and kind not in _MODELS:
            what = f"is '{kind}', which AutoAWQ does not quantize here"
            remedy = f"use engine: llm-compressor; AutoAWQ takes {', '.join(_MODELS)}"
            raise fail(checkpoint.path / "config.json", "model_type", what, remedy)

    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Quantize with weights in host memory; AutoAWQ moves one block at a time to the GPU and back."""
        import torch
        from awq import AutoAWQForCausalLM

        from shoptune.quantize.search import ScaleSearch

        model = AutoAWQForCausalLM.from_pretrained(
            str(work.padded.path),
            device_map=None,  # "cuda" would move the whole model to the GPU
            torch_dtype=torch.float32 if work.device == "cpu" else torch.float16,
            safetensors=True,
            trust_remote_code=False,
        )
        model.quantize(
            None,  # no tokenizer: the calibration data is tokenized already
            quant_config=self.awq.model_dump(include={"w_bit", "q_group_size", "zero_point", "version"}),
            calib_data=[list(block) for block in work.blocks],
            max_calib_samples=len(work.blocks),
            max_calib_seq_len=len(work.blocks[0]),
            apply_clip=self.awq.apply_clip,
            duo_scaling=self.awq.duo_scaling,
            quantizer_cls=ScaleSearch,
        )
        model.save_quantized(str(work.directory), safetensors=True)
        return {}
