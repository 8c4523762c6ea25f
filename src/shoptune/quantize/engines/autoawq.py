"""AutoAWQ: activation-aware weight quantization (Lin et al. 2023, arXiv 2306.00978)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shoptune.config import Settings
from shoptune.quantize.engine import QuantizerEngine, Work


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

    @property
    def symmetric(self) -> bool:
        """Without zero points."""
        return not self.awq.zero_point

    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Quantize block by block; an interrupted run resumes with the next block."""
        from awq.models._config import AwqConfig

        from shoptune.quantize.awq_blocks import BlockQuantizer, load_empty
        from shoptune.quantize.blocks_done import BlocksDone

        settings = self.awq.model_dump(include={"w_bit", "q_group_size", "zero_point", "version"})
        quantization, done = AwqConfig.from_dict(settings), BlocksDone(work.kept)
        options = {
            "w_bit": self.awq.w_bit,
            "group_size": self.awq.q_group_size,
            "zero_point": self.awq.zero_point,
            "version": self.awq.version,
            "calib_data": [list(block) for block in work.blocks],
            "split": None,
            "text_column": None,
            "duo_scaling": self.awq.duo_scaling,
            "apply_clip": self.awq.apply_clip,
            "max_calib_samples": len(work.blocks),
            "max_calib_seq_len": len(work.blocks[0]),
        }
        BlockQuantizer(load_empty(work, quantization), work, done, options).quantize()
        done.assemble(work.source, work.directory)
        config = {key: value for key, value in work.source.config.items() if key != "dtype"}  # transformers 5's name
        config |= {"quantization_config": quantization.to_transformers_dict(), "torch_dtype": "float16"}
        (work.directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return {}
