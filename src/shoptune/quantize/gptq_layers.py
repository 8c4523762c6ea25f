"""llm-compressor's GPTQ layer by layer: each layer is measured, and saved so that an interrupted run can resume."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from llmcompressor.modifiers.gptq import GPTQModifier
from pydantic import PrivateAttr
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from shoptune.errors import fail
from shoptune.quantize.engine import Work
from shoptune.quantize.source import PaddedSource

_KEPT = ("weight", "weight_scale", "weight_zero_point")


class CheckedGptq(GPTQModifier):  # type: ignore[misc]  # llm-compressor ships no types
    """GPTQ that measures finished layers, and restores the layers finished by an interrupted run from its folder."""

    _work: Work = PrivateAttr()
    _largest: dict[str, float] = PrivateAttr(default_factory=dict)

    def attach(self, work: Work) -> None:
        """Set the work to do. Call it before calibration."""
        self._work = work

    def calibrate_module(self, module: nn.Module, args: tuple[torch.Tensor, ...], _output: torch.Tensor) -> None:
        """Add a sample to a module's Hessian, and record its largest activation."""
        super().calibrate_module(module, args, _output)
        name = self._module_names[module]
        seen = max(float(args[0].abs().max()), float(_output.abs().max()))
        self._largest[name] = max(seen, self._largest.get(name, 0.0))

    def compress_module_list(self, module_list: Sequence[nn.Module]) -> None:
        """Quantize the modules of one layer, unless an interrupted run has already done so."""
        names = [self._module_names[module] for module in module_list]
        if all(self._file(name).is_file() for name in names):
            for module, name in zip(module_list, names, strict=True):
                self._restore(module, name)
            return
        super().compress_module_list(module_list)
        for module, name in zip(module_list, names, strict=True):
            self._work.checks.record(f"{name}.weight", module.get_parameter("weight").data, self._largest[name])
        for module, name in zip(module_list, names, strict=True):
            staging = self._file(name).with_suffix(".partial")
            save_file({key: getattr(module, key).data.cpu().contiguous() for key in _KEPT}, staging)
            staging.replace(self._file(name))

    def _restore(self, module: nn.Module, name: str) -> None:
        for key, value in load_file(self._file(name)).items():
            getattr(module, key).data.copy_(value)
        del self._hessians[module], self._num_samples[module]

    def _file(self, name: str) -> Path:
        return self._work.kept / f"{name}.safetensors"


def load_model(source: PaddedSource) -> Any:
    """Load the source's model. Weights that need no padding are mapped from their file, others are kept in memory.

    Raises:
        ShoptuneError: transformers does not support the architecture.
    """
    kind = str(source.config.get("model_type"))
    if kind not in CONFIG_MAPPING:
        config = source.checkpoint.path / "config.json"
        raise fail(
            config, "model_type", f"is {kind!r}, which transformers does not support", "use a Qwen2 or Llama model"
        )
    with init_empty_weights(include_buffers=False):
        make: Any = AutoModelForCausalLM.from_config
        model = make(CONFIG_MAPPING[kind].from_dict(dict(source.config)))
    weights = {name: _mapped(source, name) for name in source.names}
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    model.name_or_path = model.config._name_or_path = str(
        source.checkpoint.path
    )  # where llm-compressor looks for a tokenizer
    return model.eval()


def _mapped(source: PaddedSource, name: str) -> torch.Tensor:
    spec = source.checkpoint.tensors[name]
    if source.shape(name) != spec.shape:
        return source.read(name)
    with safe_open(spec.file, framework="pt") as file:
        tensor: torch.Tensor = file.get_tensor(name)
    return tensor
