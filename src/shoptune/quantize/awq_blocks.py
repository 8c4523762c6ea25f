"""AutoAWQ block by block: each block is loaded, quantized, measured and saved before the next one is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from accelerate import init_empty_weights
from accelerate.utils import set_module_tensor_to_device
from awq.models._config import AwqConfig
from awq.models.auto import AWQ_CAUSAL_LM_MODEL_MAP
from awq.quantize.scale import apply_clip, apply_scale
from awq.utils.module import get_named_linears
from awq.utils.packing_utils import dequantize_gemm
from awq.utils.utils import get_best_device
from torch import nn
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from shoptune.checkpoints import transformers4
from shoptune.errors import fail
from shoptune.quantize.activations import Activations
from shoptune.quantize.blocks_done import BlocksDone
from shoptune.quantize.engine import Work
from shoptune.quantize.search import ScaleSearch

# Scales of the inputs of layers: the name of the preceding module, the names of the layers, one scale per channel.
_Scales = tuple[str, Sequence[str], torch.Tensor]


class BlockQuantizer(ScaleSearch):
    """AutoAWQ's quantizer, with only the embedding and one block of the model in memory.

    Args:
        awq_model: AutoAWQ's wrapper of a model without weights.
        work: the checkpoint, the calibration tokens and the device.
        done: the blocks finished by an interrupted run.
        options: the other arguments of `AwqQuantizer`.
    """

    def __init__(self, awq_model: Any, work: Work, done: BlocksDone, options: Mapping[str, Any]) -> None:
        self._work, self._done = work, done
        self._dtype = torch.float32 if work.device == "cpu" else torch.float16
        self._activations = Activations(work.activation_bytes, work.kept)
        self._largest: dict[str, float] = {}
        for name in work.source.outside_blocks():
            if "embed" in name:
                self._load(awq_model.model, name)
        self._load_block(awq_model.model, 0)  # AutoAWQ runs the model up to this block
        super().__init__(awq_model, awq_model.model, None, **options)
        self._unload(0)
        self.n_parallel_calib_samples = self._samples_at_a_time()

    def quantize(self) -> None:
        """Quantize the blocks that are not finished yet."""
        first = self._done.count
        if 0 < first < len(self.modules):
            self.inps = self._done.inputs()
        for number in range(first, len(self.modules)):
            self._load_block(self.model, number)
            weights = self._quantize_block(self.modules[number], f"model.layers.{number}.")
            self._done.finish(weights, self.inps)
            self._unload(number)
            self._activations.release()

    @torch.no_grad()
    def _quantize_block(self, block: nn.Module, prefix: str) -> dict[str, torch.Tensor]:
        """Quantize one block on the device and measure its layers; the block is moved back afterwards."""
        self._move(block, get_best_device())
        linears = get_named_linears(block)
        features = self._get_input_feat(block, linears)  # also computes the inputs of the next block
        layers = self.awq_model.get_layers_for_scaling(block, features, self.module_kwargs)
        scales: list[_Scales] = [self._search_best_scale(block, **layer) for layer in layers]
        apply_scale(block, scales, input_feat_dict=features)
        if self.apply_clip:
            apply_clip(block, self._search_best_clip(block, linears, features))
        self._apply_quant(block, linears)
        for name in linears:
            unscaled = _undo(scales, name, self._dequantized(block.get_submodule(name)))
            self._work.checks.record(f"{prefix}{name}.weight", unscaled, self._largest[name])
        return {f"{prefix}{name}": tensor.cpu() for name, tensor in block.state_dict().items()}

    def _dequantized(self, layer: Any) -> torch.Tensor:
        """Return the weights of a 4-bit layer, shape (rows, columns), in float32."""
        packed = [layer.qweight.cpu(), layer.qzeros.cpu(), layer.scales.cpu().float()]
        return dequantize_gemm(*packed, self.w_bit, self.group_size).T  # type: ignore[no-any-return]

    def _get_input_feat(self, layer: nn.Module, named_linears: Mapping[str, nn.Linear]) -> dict[str, torch.Tensor]:
        """Return the inputs of each linear layer, stored within the memory limit; record the largest activations."""
        samples = len(self.inps)
        features: dict[str, torch.Tensor] = {}
        largest: dict[str, list[torch.Tensor]] = {name: [] for name in named_linears}
        filled = dict.fromkeys(named_linears, 0)

        def observe(name: str, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            inputs = given[0].detach()
            if name not in features:
                features[name] = self._activations.allocate((samples, *inputs.shape[1:]), inputs.dtype)
            features[name][filled[name] : filled[name] + len(inputs)].copy_(inputs)
            filled[name] += len(inputs)
            largest[name] += [inputs.abs().max().float(), output.abs().max().float()]

        hooks = [
            linear.register_forward_hook(lambda _module, given, output, name=name: observe(name, given, output))
            for name, linear in named_linears.items()
        ]
        self.inps = self._module_forward(self.inps, layer, self._sanitize_kwargs(self.module_kwargs, layer))
        for hook in hooks:
            hook.remove()
        self._largest = {name: float(torch.stack(seen).max()) for name, seen in largest.items()}
        return features

    def _move(self, block: nn.Module, device: str) -> None:
        """Move a block and the arguments of its forward pass to a device."""
        block.to(device)
        self.inps = self.inps.to(device)
        self.awq_model.move_embed(self.model, device)
        arguments = self.module_kwargs
        if arguments.get("position_embeddings") is None:
            arguments["position_embeddings"] = self.model.model.rotary_emb(self.inps, arguments["position_ids"])
        arguments.setdefault("attention_mask", None)
        for key, value in arguments.items():
            if isinstance(value, torch.Tensor):
                arguments[key] = value.to(device)
            elif isinstance(value, tuple):
                arguments[key] = tuple(part.to(device) if isinstance(part, torch.Tensor) else part for part in value)

    def _samples_at_a_time(self) -> int | None:
        """Return the number of samples that a block may process at a time within the memory limit; None for all."""
        config = self._work.source.config
        per_token = 4 * config["hidden_size"] + 3 * config["intermediate_size"]  # as in `plan.quantize.search_bytes`
        per_sample = self.inps.shape[1] * per_token * self._dtype.itemsize
        fitting = max(1, self._work.activation_bytes // per_sample)
        return None if fitting >= len(self.inps) else fitting

    def _load_block(self, model: nn.Module, number: int) -> None:
        for name in self._work.source.block(number):
            self._load(model, name)

    def _load(self, model: nn.Module, name: str) -> None:
        tensor = self._work.source.read(name).to(self._dtype)
        set_module_tensor_to_device(model, name, "cpu", value=tensor)

    def _unload(self, number: int) -> None:
        self.modules[number] = self.modules[number].to("meta")


def load_empty(work: Work, quantization: AwqConfig) -> Any:
    """Return AutoAWQ's wrapper of the source's model, without weights.

    Raises:
        ShoptuneError: AutoAWQ does not support the architecture, or transformers 4 would read the config differently.
    """
    values = dict(work.source.config)
    kind = str(values.get("model_type"))
    if kind not in AWQ_CAUSAL_LM_MODEL_MAP:
        file = work.source.checkpoint.path / "config.json"
        raise fail(file, "model_type", f"is {kind!r}, which AutoAWQ does not support", "use engine: llm-compressor")
    file = work.source.checkpoint.path / transformers4.CONFIG
    converted = transformers4.for_transformers_4(values, file)
    config = CONFIG_MAPPING[kind].from_dict(converted | {"use_cache": False})
    transformers4.check_reading(values, config.to_dict(), file)
    dtype = torch.float32 if work.device == "cpu" else torch.float16
    with init_empty_weights(include_buffers=False):
        make: Any = AutoModelForCausalLM.from_config
        model = make(config, torch_dtype=dtype, trust_remote_code=False).eval()
    return AWQ_CAUSAL_LM_MODEL_MAP[kind](model, kind, False, config, quantization, None)


def _undo(scales: Sequence[_Scales], name: str, weight: torch.Tensor) -> torch.Tensor:
    """Undo AWQ's scales in a layer's weights: the scales of its inputs, and those of the layer that follows it.

    AWQ multiplies the columns of a weight by scales `s`, and divides the rows of the preceding weight by `s`.
    """
    for before, layers, scale in scales:
        factors = scale.cpu().float()
        if name in layers:
            weight = weight / factors
        if name == before:
            weight = torch.cat([weight[: -len(factors)], weight[-len(factors) :] * factors[:, None]])
    return weight
