"""The shapes of a model's weights, and the number of bytes that they take in each format."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from shoptune.errors import Problem, ShoptuneError
from shoptune.quantize.widths import padded_width

BYTES: Final[Mapping[str, int]] = {"float32": 4, "float16": 2, "half": 2, "bfloat16": 2}
# Families with grouped key-value heads and gate, up and down projections. The formulas below apply only to these.
_FAMILIES: Final = ("llama", "mistral", "qwen2", "qwen3")
_BITS: Final = 4  # bits per weight; `shoptune quantize` writes no others
_NEEDED: Final = (
    "hidden_size",
    "num_hidden_layers",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)


@dataclass(frozen=True)
class Linear:
    """One linear layer of a transformer block.

    Attributes:
        name: the name in the checkpoint, such as `q_proj`.
        inputs: the number of input features.
        outputs: the number of output features.
        split: the dimension that tensor parallelism splits over GPUs.
    """

    name: str
    inputs: int
    outputs: int
    split: Literal["inputs", "outputs"]

    @property
    def weights(self) -> int:
        """The number of weights."""
        return self.inputs * self.outputs

    def rank_one(self, parallel: int = 1) -> float:
        """Return the LoRA weights per unit of rank on one of `parallel` GPUs; vLLM splits only one of the factors."""
        if self.split == "outputs":
            return self.inputs + self.outputs / parallel
        return self.inputs / parallel + self.outputs


@dataclass(frozen=True)
class Shape:
    """The sizes in a `config.json`. Fields that are not listed have the same meaning as in transformers.

    Attributes:
        dtype: the element type of the weights, as declared by the checkpoint.
        group_size: the number of weights per scale if the checkpoint is quantized to 4 bits, else None.
    """

    hidden: int
    layers: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool
    dtype: str
    group_size: int | None = None

    @property
    def linears(self) -> Sequence[Linear]:
        """The linear layers of one transformer block."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return (
            Linear("q_proj", self.hidden, queries, "outputs"),
            Linear("k_proj", self.hidden, keys, "outputs"),
            Linear("v_proj", self.hidden, keys, "outputs"),
            Linear("o_proj", queries, self.hidden, "inputs"),
            Linear("gate_proj", self.hidden, self.intermediate, "outputs"),
            Linear("up_proj", self.hidden, self.intermediate, "outputs"),
            Linear("down_proj", self.intermediate, self.hidden, "inputs"),
        )

    @property
    def linear_weights(self) -> int:
        """The number of weights in the linear layers of all blocks, which quantization and LoRA apply to."""
        return self.layers * sum(linear.weights for linear in self.linears)

    @property
    def embedding_weights(self) -> int:
        """The number of weights in the embedding, and in the output layer unless it shares them."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def small_weights(self) -> int:
        """The number of weights in norms and in the biases of queries, keys and values."""
        norms = (2 * self.layers + 1) * self.hidden
        return norms + self.layers * (self.heads + 2 * self.kv_heads) * self.head_dim

    @property
    def parameters(self) -> int:
        """The number of all weights."""
        return self.linear_weights + self.embedding_weights + self.small_weights

    @property
    def active_weights(self) -> int:
        """The number of weights that each token is multiplied by: all linear layers and the output layer."""
        return self.linear_weights + self.vocab * self.hidden

    def bytes(self, per_linear_weight: float, per_other_weight: float = 2) -> float:
        """Return the bytes of the checkpoint, given the bytes per weight inside and outside of linear layers."""
        return self.linear_weights * per_linear_weight + (self.parameters - self.linear_weights) * per_other_weight

    def bytes_per_gpu(self, per_linear_weight: float, parallel: int, per_other_weight: float = 2) -> float:
        """Return the bytes on one of `parallel` GPUs: linear layers and embeddings are split, the rest replicated."""
        split = self.linear_weights * per_linear_weight + self.embedding_weights * per_other_weight
        return split / parallel + self.small_weights * per_other_weight

    def kv_bytes_per_token(self, parallel: int, element: int = 2) -> float:
        """Return the bytes of one token's keys and values on one of `parallel` GPUs; each has at least one head."""
        return 2.0 * self.layers * max(self.kv_heads / parallel, 1) * self.head_dim * element

    def lora_weights(self, rank: int, targets: Sequence[str] | None = None, parallel: int = 1) -> float:
        """Return the LoRA weights on one of `parallel` GPUs, for the given or else for all linear layers."""
        chosen = [linear for linear in self.linears if targets is None or linear.name in targets]
        return rank * self.layers * sum(linear.rank_one(parallel) for linear in chosen)

    def padded(self, group_size: int, parallel: int) -> Shape:
        """Return the shape with feed-forward layers padded to whole quantization groups on each of `parallel` GPUs."""
        return dataclasses.replace(self, intermediate=padded_width(self.intermediate, group_size, parallel))


def awq_bytes(group_size: int) -> float:
    """Return the bytes per weight in AWQ: 4 bits, plus a 16-bit scale and a 4-bit zero point per group."""
    return 0.5 + 2.5 / group_size


def nf4_bytes() -> float:
    """Return the bytes per weight in NF4 with double quantization (QLoRA, section 3).

    A weight has 4 bits; 64 weights share a scale, which is rounded to 8 bits; 256 of these share a 32-bit scale.
    """
    return 0.5 + 1 / 64 + 4 / (64 * 256)


def shape_of(config: Mapping[str, Any], file: str | Path) -> Shape:
    """Read the shape from a `config.json`.

    Args:
        config: the content of the file.
        file: the path of the file, for errors.

    Raises:
        ShoptuneError: sizes are missing, or the model's family is not supported.
    """
    problems = [
        Problem(file, key, f"is not a size (got {config.get(key)!r})", "choose the config.json of a language model")
        for key in _NEEDED
        if not isinstance(config.get(key), int) or config[key] < 1
    ]
    family = config.get("model_type")
    if family not in _FAMILIES:
        what = f"'{family}' models are not supported"
        problems.append(Problem(file, "model_type", what, f"choose one of {', '.join(_FAMILIES)}"))
    if problems:
        raise ShoptuneError(problems)
    return Shape(
        hidden=config["hidden_size"],
        layers=config["num_hidden_layers"],
        intermediate=config["intermediate_size"],
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        head_dim=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
        vocab=config["vocab_size"],
        tied=bool(config.get("tie_word_embeddings", False)),
        dtype=str(config.get("dtype") or config.get("torch_dtype") or "float32"),
        group_size=_group_size(config.get("quantization_config"), file),
    )


def _group_size(quantization: Any, file: str | Path) -> int | None:
    if not quantization:
        return None
    groups = quantization.get("config_groups") if isinstance(quantization, Mapping) else None
    settings = next(iter(groups.values()))["weights"] if groups else quantization
    bits = settings.get("bits", settings.get("num_bits")) if isinstance(settings, Mapping) else None
    if bits != _BITS or not isinstance(settings.get("group_size"), int) or settings["group_size"] < 1:
        what = f"is not 4 bits in groups (got {bits} bits)"
        raise ShoptuneError([Problem(file, "quantization_config", what, "choose a 4-bit or unquantized checkpoint")])
    return int(settings["group_size"])
