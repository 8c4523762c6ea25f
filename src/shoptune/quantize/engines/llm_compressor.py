"""llm-compressor: GPTQ (Frantar et al. 2022, arXiv 2210.17323), saved in the compressed-tensors format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shoptune.checkpoints.checkpoint import read_json
from shoptune.config import Settings
from shoptune.quantize.engine import QuantizerEngine, Work

_QUANTIZATION = "quantization_config"


class GptqSettings(Settings):
    """Settings of llm-compressor's GPTQModifier, under its names and with its defaults: 4-bit symmetric weights.

    Attributes:
        group_size: the number of consecutive weights that share a scale.
        block_size: the number of columns to quantize before their error is propagated to the remaining columns.
        dampening_frac: the fraction of the mean of the Hessian's diagonal that is added to the diagonal.
        actorder: the order of columns: `static` sorts them by the magnitude of their activations, null keeps their
            positions.
    """

    group_size: Literal[32, 64, 128] = 128
    block_size: Annotated[int, Field(ge=1)] = 128
    dampening_frac: Annotated[float, Field(gt=0, lt=1)] = 0.01
    actorder: Literal["static"] | None = "static"


class LlmCompressor(QuantizerEngine):
    """GPTQ with llm-compressor.

    Attributes:
        gptq: settings of GPTQ.
    """

    environment: ClassVar[str] = "gptq"

    engine: Literal["llm-compressor"] = "llm-compressor"
    gptq: GptqSettings = GptqSettings()

    @property
    def group_size(self) -> int:
        """`group_size`."""
        return self.gptq.group_size

    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Load the weights into host memory; llm-compressor moves one layer at a time to the GPU and back.

        A resumed run repeats the forward passes of finished layers, but not their quantization.
        """
        from llmcompressor import oneshot
        from transformers import AutoTokenizer

        from shoptune.quantize.gptq_layers import CheckedGptq, load_model

        model = load_model(work.source)
        recipe = CheckedGptq(**self._recipe())
        recipe.attach(work)
        oneshot(
            model=model,
            tokenizer=AutoTokenizer.from_pretrained(work.source.checkpoint.path, trust_remote_code=False),
            dataset=_dataset(work),
            recipe=recipe,
            max_seq_length=len(work.blocks[0]),
            num_calibration_samples=len(work.blocks),
            shuffle_calibration_samples=False,
            pipeline="sequential",
        )
        saved = work.kept / "saved"
        model.save_pretrained(saved, save_compressed=True)
        _take_weights(work, saved)
        return {}

    def _recipe(self) -> dict[str, Any]:
        weights = {
            "num_bits": 4,
            "type": "int",
            "symmetric": True,
            "strategy": "group",
            "group_size": self.gptq.group_size,
            "actorder": self.gptq.actorder,
        }
        return {
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
            "ignore": ["lm_head"],
            "block_size": self.gptq.block_size,
            "dampening_frac": self.gptq.dampening_frac,
            "actorder": self.gptq.actorder,
        }


def _dataset(work: Work) -> Any:
    from datasets import Dataset

    blocks = [list(block) for block in work.blocks]
    return Dataset.from_dict({"input_ids": blocks, "attention_mask": [[1] * len(block) for block in blocks]})


def _take_weights(work: Work, saved: Any) -> None:
    """Keep the weights, and the source's config with how the weights are quantized.

    transformers 5 writes configs and tokenizers in a format that older versions in other environments cannot read.
    """
    for file in saved.glob("*.safetensors*"):
        shutil.move(file, work.directory / file.name)
    config = dict(work.source.config) | {_QUANTIZATION: read_json(saved / "config.json")[_QUANTIZATION]}
    (work.directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(saved)
