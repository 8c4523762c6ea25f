"""The kernels that the installed vLLM chooses for Qwen2-72B on a T4 (compute capability 7.5), with a fake platform.

The kernels themselves are not in vLLM's CPU build; which of them would be used is decided in Python.
"""

from __future__ import annotations

import json

import pytest

from shoptune.checkpoints.known_models import known_model_config
from shoptune.infer.profile import load_profile
from shoptune.quantize.widths import padded_width
from tests.conftest import ROOT
from tests.end_to_end.pipeline import python_in

pytestmark = pytest.mark.slow

# Imports everything as on a CPU, then makes each module detect a T4.
_SCRIPT = """
import importlib.machinery, json, sys, types

name = "vllm._C_stable_libtorch"  # registers the CUDA kernels
sys.modules[name] = types.ModuleType(name)
sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)

import torch
import vllm.platforms
import vllm.v1.attention.backends.registry
from vllm.model_executor.kernels.linear import MPLinearLayerConfig, choose_mp_linear_kernel
from vllm.platforms.cuda import NonNvmlCudaPlatform
from vllm.platforms.interface import DeviceCapability
from vllm.scalar_type import scalar_types
from vllm.v1.attention.selector import AttentionSelectorConfig


class T4(NonNvmlCudaPlatform):
    @classmethod
    def get_device_capability(cls, device_id=0):
        return DeviceCapability(7, 5)

    @classmethod
    def get_device_name(cls, device_id=0):
        return "Tesla T4"


for module in list(sys.modules.values()):
    if module.__name__.startswith("vllm.") and "current_platform" in vars(module):
        module.current_platform = T4()
vllm.platforms._current_platform = T4()


def kernel(whole, part, symmetric):
    kind = scalar_types.uint4b8 if symmetric else scalar_types.uint4
    dtype = getattr(torch, asked["dtype"])
    try:
        return choose_mp_linear_kernel(
            MPLinearLayerConfig(tuple(whole), tuple(part), kind, dtype, 128, not symmetric), 75
        ).__name__
    except ValueError:
        return None


asked = json.loads(sys.argv[1])
dtype = getattr(torch, asked["dtype"])
backends, _ = T4.get_valid_backends(DeviceCapability(7, 5), AttentionSelectorConfig(128, dtype, "auto", 16), 16)
print(json.dumps({
    "attention": [entry.backend.name for entry in backends],
    "kernels": {
        name: [kernel(*shapes, symmetric) for symmetric in (False, True)] for name, shapes in asked["layers"].items()
    },
}))
"""
_TORCH_DTYPE = {"half": "float16", "bfloat16": "bfloat16", "float32": "float32"}


def _layers(width: int, cards: int) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """The linear layers as vLLM fuses and splits them: (input, output) whole, and on one card."""
    model = known_model_config("Qwen/Qwen2-72B-Instruct") or {}
    hidden, heads = model["hidden_size"], model["num_attention_heads"]
    projected = hidden + 2 * hidden // heads * model["num_key_value_heads"]
    return {
        "qkv_proj": ((hidden, projected), (hidden, projected // cards)),
        "o_proj": ((hidden, hidden), (hidden // cards, hidden)),
        "gate_up_proj": ((hidden, 2 * width), (hidden, 2 * width // cards)),
        "down_proj": ((width, hidden), (width // cards, hidden)),
    }


def test_vllm_serves_the_padded_model_on_four_t4() -> None:
    engine = load_profile(ROOT / "infer" / "t4x4.yaml").engine
    width = (known_model_config("Qwen/Qwen2-72B-Instruct") or {})["intermediate_size"]
    cards = engine.tensor_parallel_size
    padded = padded_width(width, 128, cards)
    layers = _layers(padded, cards) | {"unpadded down_proj": _layers(width, cards)["down_proj"]}
    asked = json.dumps({"dtype": _TORCH_DTYPE[engine.dtype], "layers": layers})
    chosen = json.loads(python_in("infer", _SCRIPT, asked).splitlines()[-1])
    assert padded == 29696
    assert chosen["attention"][0] == "TRITON_ATTN"
    # AWQ with zero points, and compressed-tensors' symmetric W4A16, which falls back to a slow kernel
    assert chosen["kernels"].pop("unpadded down_proj") == [None, "ExllamaLinearKernel"]
    assert set(map(tuple, chosen["kernels"].values())) == {("MarlinLinearKernel", "MarlinLinearKernel")}
