"""The shapes of a model's weights, and the bytes that they take in each format."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from shoptune.errors import Problem, ShoptuneError
from shoptune.quantize.widths import padded_width

BYTES: Final[Mapping[str, int]] = {"float32": 4, "float16": 2, "half": 2, "bfloat16": 2}
# Attention with grouped key-value heads, then gate, up and down projections: the shapes below hold for these only.
_FAMILIES: Final = ("llama", "mistral", "qwen2", "qwen3")
_BITS: Final = 4  # the only width that `shoptune quantize` writes
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
    """One linear layer of a block.

    Attributes:
        name: as in the checkpoint, `q_proj` for instance.
        inputs: its input features.
        outputs: its output features.
        split: what tensor parallelism splits over the GPUs.
    """

    name: str
    inputs: int
    outputs: int
    split: Literal["inputs", "outputs"]

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return self.inputs * self.outputs

    def rank_one(self, parallel: int = 1) -> float:
        """LoRA weights for each unit of rank, on one of `parallel` GPUs; vLLM splits only the factor that must be."""
        if self.split == "outputs":
            return self.inputs + self.outputs / parallel
        return self.inputs / parallel + self.outputs


@dataclass(frozen=True)
class Shape:
    """The sizes in a `config.json`.

    Attributes:
        dtype: element type of the weights, as the checkpoint declares it.
        group_size: weights that share a scale, when the checkpoint is already quantized to 4 bits; else None.
        others: the keys' meanings are those of transformers.
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
        """The linear layers of one block."""
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
        """Weights of all blocks' linear layers: those that quantization and LoRA concern."""
        return self.layers * sum(linear.weights for linear in self.linears)

    @property
    def embedding_weights(self) -> int:
        """Weights of the embedding, and of the output layer where it has its own."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def small_weights(self) -> int:
        """Norms, and the biases of queries, keys and values."""
        norms = (2 * self.layers + 1) * self.hidden
        return norms + self.layers * (self.heads + 2 * self.kv_heads) * self.head_dim

    @property
    def parameters(self) -> int:
        """All weights."""
        return self.linear_weights + self.embedding_weights + self.small_weights

    @property
    def active_weights(self) -> int:
        """Weights that each token is multiplied by: all linear layers and the output layer."""
        return self.linear_weights + self.vocab * self.hidden

    def bytes(self, per_linear_weight: float, per_other_weight: float = 2) -> float:
        """Bytes of the checkpoint, given those of a weight inside and outside the linear layers."""
        return self.linear_weights * per_linear_weight + (self.parameters - self.linear_weights) * per_other_weight

    def bytes_per_gpu(self, per_linear_weight: float, parallel: int, per_other_weight: float = 2) -> float:
        """What one of `parallel` GPUs holds: linear layers and embeddings are split, the rest is on every GPU."""
        split = self.linear_weights * per_linear_weight + self.embedding_weights * per_other_weight
        return split / parallel + self.small_weights * per_other_weight

    def kv_bytes_per_token(self, parallel: int, element: int = 2) -> float:
        """Keys and values of one token on one of `parallel` GPUs; fewer heads than GPUs are repeated."""
        return 2.0 * self.layers * max(self.kv_heads / parallel, 1) * self.head_dim * element

    def lora_weights(self, rank: int, targets: Sequence[str] | None = None, parallel: int = 1) -> float:
        """Weights of LoRA factors on one of `parallel` GPUs; on all linear layers when no targets are named."""
        chosen = [linear for linear in self.linears if targets is None or linear.name in targets]
        return rank * self.layers * sum(linear.rank_one(parallel) for linear in chosen)

    def padded(self, group_size: int, parallel: int) -> Shape:
        """The shape whose feed-forward layers each of `parallel` GPUs holds in whole quantization groups."""
        return dataclasses.replace(self, intermediate=padded_width(self.intermediate, group_size, parallel))


def awq_bytes(group_size: int) -> float:
    """Bytes of a weight in AWQ: 4 bits, and a 16-bit scale and a 4-bit zero point for each group."""
    return 0.5 + 2.5 / group_size


def nf4_bytes() -> float:
    """Bytes of a weight in NF4 with double quantization (QLoRA, section 3).

    4 bits; a scale for 64 weights, itself rounded to 8 bits; a 32-bit scale for 256 of those.
    """
    return 0.5 + 1 / 64 + 4 / (64 * 256)


def shape_of(config: Mapping[str, Any], file: str | Path) -> Shape:
    """The shape that a `config.json` describes.

    Args:
        config: its content.
        file: where it was read, for errors.

    Raises:
        ShoptuneError: sizes are missing, or the model is of another family.
    """
    problems = [
        Problem(file, key, f"is not a size (got {config.get(key)!r})", "name the config.json of a language model")
        for key in _NEEDED
        if not isinstance(config.get(key), int) or config[key] < 1
    ]
    family = config.get("model_type")
    if family not in _FAMILIES:
        what = f"the shapes of '{family}' models are unknown"
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
        raise ShoptuneError([Problem(file, "quantization_config", what, "name a 4-bit or an unquantized checkpoint")])
    return int(settings["group_size"])
