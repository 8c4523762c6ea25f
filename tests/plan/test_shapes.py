"""Weights and bytes, worked out by hand."""

from __future__ import annotations

import pytest

from shoptune.errors import ShoptuneError
from shoptune.plan.shapes import Shape, awq_bytes, nf4_bytes, shape_of
from tests.plan.settings import FILE, shape

# 8192 x 8192 (q), 8192 x 1024 (k, v), 8192 x 8192 (o), 3 x 8192 x 29568 (gate, up, down), 80 times.
LINEAR_72B = 80 * (67_108_864 + 2 * 8_388_608 + 67_108_864 + 3 * 242_221_056)
EMBEDDINGS_72B = 2 * 152_064 * 8192
SMALL_72B = 161 * 8192 + 80 * (8192 + 2 * 1024)  # norms; biases of q, k, v


@pytest.fixture
def qwen2_72b() -> Shape:
    return shape("72B")


def test_parameters_of_72b(qwen2_72b: Shape) -> None:
    assert qwen2_72b.linear_weights == LINEAR_72B == 70_212_648_960
    assert qwen2_72b.embedding_weights == EMBEDDINGS_72B
    assert qwen2_72b.parameters == LINEAR_72B + EMBEDDINGS_72B + SMALL_72B == 72_706_203_648  # as the model card has it


@pytest.mark.parametrize(
    ("size", "parameters"), [("7B", 7_615_616_512), ("1.5B", 1_543_714_304), ("0.5B", 494_032_768)]
)
def test_parameters_of_the_small_ones(size: str, parameters: int) -> None:
    assert shape(size).parameters == parameters  # as transformers counts them


def test_awq_bytes(qwen2_72b: Shape) -> None:
    assert awq_bytes(128) == 0.51953125  # 4 bits + (16 + 4) / 128 bits
    expected = LINEAR_72B * 0.51953125 + (EMBEDDINGS_72B + SMALL_72B) * 2
    assert qwen2_72b.bytes(awq_bytes(128)) == expected == pytest.approx(41.4e9, rel=0.003)


def test_nf4_bytes(qwen2_72b: Shape) -> None:
    assert nf4_bytes() == 0.515869140625  # 4 bits, 8 / 64 bits, 32 / (64 x 256) bits
    assert qwen2_72b.bytes(nf4_bytes()) == pytest.approx(41.2e9, rel=0.002)


def test_padding(qwen2_72b: Shape) -> None:
    assert qwen2_72b.intermediate == 29568 == 231 * 128
    assert qwen2_72b.padded(128, 4).intermediate == 29696 == 58 * 4 * 128
    assert qwen2_72b.padded(128, 1).intermediate == 29568
    assert shape("7B").padded(128, 4).intermediate == 18944  # 37 x 4 x 128 already


def test_a_gpus_share_of_the_padded_weights(qwen2_72b: Shape) -> None:
    padded = qwen2_72b.padded(128, 4)
    linear = LINEAR_72B + 80 * 3 * 8192 * 128
    expected = (linear * 0.51953125 + EMBEDDINGS_72B * 2) / 4 + SMALL_72B * 2
    assert padded.bytes_per_gpu(awq_bytes(128), 4) == expected
    assert expected / (1 << 30) == pytest.approx(9.68, abs=0.01)  # GiB, as vLLM reports it on a T4


def test_keys_and_values_of_a_token(qwen2_72b: Shape) -> None:
    assert qwen2_72b.kv_bytes_per_token(4) == 2 * 80 * 2 * 128 * 2 == 81_920  # two of eight heads, 16 bits
    assert qwen2_72b.kv_bytes_per_token(16) == qwen2_72b.kv_bytes_per_token(8)  # heads are repeated, not split


def test_lora_weights(qwen2_72b: Shape) -> None:
    per_rank = 2 * 16384 + 2 * 9216 + 3 * 37760  # q and o, k and v, gate and up and down: inputs + outputs
    assert qwen2_72b.lora_weights(64) == 80 * 64 * per_rank == 842_137_600
    assert qwen2_72b.lora_weights(8, ["q_proj", "v_proj"]) == 80 * 8 * (16384 + 9216)
    # q on two GPUs: the whole of A (8192), half of B (4096); down: half of A (14784), the whole of B (8192)
    assert qwen2_72b.lora_weights(1, ["q_proj", "down_proj"], parallel=2) == 80 * (12288 + 22976)


def test_a_config_of_another_family_is_refused_with_every_problem() -> None:
    with pytest.raises(ShoptuneError) as raised:
        shape_of({"model_type": "bert", "hidden_size": 8, "vocab_size": "many"}, FILE)
    text = str(raised.value)
    assert "'bert'" in text
    assert "num_hidden_layers" in text
    assert "'many'" in text


QUANTIZED = {
    "awq": {"quant_method": "awq", "bits": 4, "group_size": 128},
    "compressed-tensors": {"config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 64}}}},
}


@pytest.mark.parametrize(("method", "group_size"), [("awq", 128), ("compressed-tensors", 64)])
def test_quantized_checkpoints(method: str, group_size: int) -> None:
    sizes = ("hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "num_key_value_heads")
    config = dict.fromkeys((*sizes, "vocab_size"), 128) | {"model_type": "qwen2"}
    assert shape_of({**config, "quantization_config": QUANTIZED[method]}, FILE).group_size == group_size
    with pytest.raises(ShoptuneError, match="8 bits"):
        shape_of({**config, "quantization_config": {"bits": 8, "group_size": 128}}, FILE)
