"""Every kind of adapter that PEFT writes is either merged to the same weights as by PEFT, or rejected in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from shoptune.errors import ShoptuneError
from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.merge.stage import MERGE, Job
from shoptune.stage import run
from tests.end_to_end.pipeline import python_in

pytestmark = [pytest.mark.slow, pytest.mark.early]

_PEFT = """
import sys
from pathlib import Path
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig

def base(tied):
    torch.manual_seed(0)
    shape = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2)
    return AutoModelForCausalLM.from_config(LlamaConfig(**shape, tie_word_embeddings=tied), dtype=torch.float32)

@torch.no_grad()
def main(out):
    ids = torch.arange(40).view(1, -1)
    for tied in (False, True):
        base(tied).save_pretrained(out / ("tied" if tied else "untied"))
    layers = ["q_proj", "down_proj"]
    both = [*layers, "embed_tokens"]
    kinds = {
        "untied": {
            "lora": dict(target_modules=both, use_rslora=True),
            "dora": dict(target_modules=both, use_dora=True),
            "whole": dict(target_modules=layers, modules_to_save=["embed_tokens", "lm_head", "norm"]),
            "tokens": dict(target_modules=layers, trainable_token_indices={"embed_tokens": [9, 3], "lm_head": [5]}),
        },
        "tied": {
            "lora": dict(target_modules=both, ensure_weight_tying=True),
            "whole": dict(target_modules=layers, modules_to_save=["embed_tokens"], ensure_weight_tying=True),
            "tokens": dict(target_modules=layers, trainable_token_indices=[9, 3]),
            "one-sided": dict(target_modules=layers, modules_to_save=["embed_tokens"]),
            "different": dict(target_modules=layers, modules_to_save=["embed_tokens", "lm_head"]),
        },
    }
    for name, settings in kinds.items():
        for kind, options in settings.items():
            model = get_peft_model(base(name == "tied"), LoraConfig(r=4, lora_alpha=8, **options))
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.data += 0.05 * torch.randn_like(parameter)
            model.save_pretrained(out / f"{name}-{kind}")
            trained = model(ids).logits
            merged = model.merge_and_unload()
            if (name, kind) == ("tied", "lora"):  # PEFT adds this delta to the shared weight twice, once for each side
                weight = merged.get_input_embeddings().weight
                weight.data = (weight.data + base(tied=True).get_input_embeddings().weight.data) / 2
            if kind not in ("one-sided", "different"):
                assert (merged(ids).logits - trained).abs().max() < 1e-5, (name, kind)
            merged.save_pretrained(out / f"{name}-{kind}-merged")

main(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bases, adapters of every kind, and what PEFT merges them to."""
    folder = tmp_path_factory.mktemp("kinds")
    python_in("train", _PEFT, folder)
    return folder


def _merged(written: Path, name: str, out: Path) -> dict[str, torch.Tensor]:
    base, adapter = written / name.split("-", maxsplit=1)[0], written / name
    values = {"base": str(base), "adapters": [str(adapter)], "dtype": "float32", "other_base": "warn"}
    config = MergeConfig.model_validate(values)
    run(MERGE, Job(config, Sources.of(config, Path("m.yaml"))), out)
    return load_file(out / "model.safetensors")


@pytest.mark.parametrize(
    "name",
    ["untied-lora", "untied-dora", "untied-whole", "untied-tokens", "tied-lora", "tied-whole", "tied-tokens"],
)
def test_the_weights_are_those_of_peft(written: Path, tmp_path: Path, name: str) -> None:
    ours, theirs = _merged(written, name, tmp_path / "out"), load_file(written / f"{name}-merged" / "model.safetensors")
    before = load_file(written / name.split("-", maxsplit=1)[0] / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for weight, tensor in theirs.items():
        assert torch.allclose(ours[weight], tensor, rtol=1e-6, atol=1e-6), weight
    changed = {weight for weight, tensor in theirs.items() if not torch.equal(tensor, before[weight])}
    assert {"model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"} <= changed


@pytest.mark.parametrize("name", ["tied-one-sided", "tied-different"])
def test_a_tied_weight_that_was_trained_apart_is_refused(written: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ShoptuneError, match="train with peft_ensure_weight_tying: true, or untie the base"):
        _merged(written, name, tmp_path / "out")
